"""What is known of a training before it begins: what its rows come to, and what is in its way."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ftdsl.results.models import Finding, Result, Verdict


class SplitTokens(Result):
    """The rows of one split (``data`` or ``validate``) as the trainer sees them, in tokens of one
    pass. ``rows`` take part, ``left_out`` do not: they have no answer, or nothing left to learn.
    ``tokens`` are read, ``learned`` of them trained, the rest masked. ``over`` rows are longer
    than the limit and are cut, ``cut_tokens`` in all; ``endless`` of them lose their stop token.
    ``longest`` is before the cut, ``most_learned`` of one row after it. ``exact`` is False where
    every byte was taken for a token."""

    split: str
    rows: int
    left_out: int
    tokens: int
    learned: int
    over: int = 0
    cut_tokens: int = 0
    endless: int = 0
    median: int = 0
    longest: int = 0
    longest_kept: int = 0
    most_learned: int = 0
    exact: bool = True

    @property
    def masked(self) -> int:
        """Tokens that are read and not learned."""
        return self.tokens - self.learned


class PreflightCheck(Result):
    """One question asked of all rows, or of the model. ``rows`` are those that it fails for;
    ``told`` says what was found, or why it was not asked."""

    name: str
    verdict: Literal["pass", "warn", "fail", "skipped"]
    rows: int = 0
    told: str = ""


class PreflightOutput(Result):
    """Step ``preflight``. ``limit`` is the longest row in tokens, None where nobody states one.
    ``resolved`` are the settings that were ``auto`` with what they came to, ``rules`` how.
    ``digests`` are of tokenizer and templates. ``kept`` conversations were known from an earlier
    run. At most the first findings of each kind are here; ``counted`` says how many there are."""

    kind: Literal["preflight"] = "preflight"
    name: str
    target: str
    base: str
    licence: str = ""
    available_until: str = ""
    limit: int | None = None
    splits: tuple[SplitTokens, ...] = ()
    checks: tuple[PreflightCheck, ...] = ()
    resolved: dict[str, str] = Field(default_factory=dict)
    rules: dict[str, str] = Field(default_factory=dict)
    digests: dict[str, str] = Field(default_factory=dict)
    stops: tuple[str, ...] = ()
    kept: int = 0
    findings: tuple[Finding, ...] = ()
    verdict: Verdict

    def split(self, name: str) -> SplitTokens | None:
        """The figures of ``data`` or ``validate``."""
        return next((one for one in self.splits if one.split == name), None)
