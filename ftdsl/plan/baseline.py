"""``NAME.baseline.toml``: rows that were known to break rules when a spec was adopted on old data.

It lies beside the spec. Rows are named by a short digest of their content, so that they may move.
It is read by every plan and written by ``ftdsl lock --baseline`` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.engine.store import replace_text
from ftdsl.plan import committed

SCHEMA: Final = "ftdsl.baseline/1"
MOST_ROWS = 200_000
"""Rows over all rules of one spec: a file of some 3.6 MB."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)


class KnownRows(_Model):
    """One rule when the baseline was made: rows asked and failing then, and the digests of the
    failing ones. A rule that held, or whose verdict lines let its failing rows pass, has none."""

    checked: int = Field(ge=0)
    failing: int = Field(ge=0)
    rows: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Failing over asked rows."""
        return self.failing / self.checked if self.checked else 0.0


class Baseline(_Model):
    """``datasets`` maps datasets to rules to what was known of them."""

    datasets: dict[str, dict[str, KnownRows]] = {}

    @property
    def size(self) -> int:
        """Known rows over all rules."""
        return sum(len(known.rows) for rules in self.datasets.values() for known in rules.values())


class _File(_Model):
    schema_: Literal["ftdsl.baseline/1"] = Field(alias="schema")
    check: dict[str, dict[str, KnownRows]] = {}


def baseline_path(spec: str) -> str:
    """Root-relative path of the baseline that belongs to the spec ``spec``."""
    return PurePosixPath(spec).with_suffix(".baseline.toml").as_posix()


def read(root: Path, path: str) -> Baseline:
    """The baseline at the root-relative ``path``; an empty one where there is none. Raises
    ``Refused`` (FT377) for a file that cannot be read, is none of this version, or holds a merge
    conflict."""
    data = committed.read(root, path, partial(_damaged, path))
    return Baseline() if data is None else parse(data, path)


def parse(data: bytes, path: str) -> Baseline:
    """The baseline that ``data`` spells; raises ``Refused`` (FT377), naming ``path``."""
    return Baseline(datasets=committed.parse(data, _File, partial(_damaged, path)).check)


def write(root: Path, path: str, baseline: Baseline) -> bool:
    """Put ``baseline`` at ``path``, atomically; False where it already says exactly that. Raises
    ``Refused`` (FT379) for more than ``MOST_ROWS``."""
    if baseline.size > MOST_ROWS:
        raise Refused(
            Diagnostic(
                "FT379",
                f"{baseline.size:,} known rows are more than a baseline holds ({MOST_ROWS:,})",
                Span(path, 0, 0),
                help="fix some with `ftdsl validate --fix`, or give the rules a `fail when` line",
            )
        )
    text = render(baseline)
    place = root / path
    if place.is_file() and place.read_bytes() == text.encode():
        return False
    replace_text(place, text)
    return True


def render(baseline: Baseline) -> str:
    """The whole file: sorted, one row a line, so that a change reads as the rows that went."""
    return "\n".join(_lines(baseline)) + "\n"


def _lines(baseline: Baseline) -> Iterator[str]:
    yield "# Rows that `ftdsl lock --baseline` found to break rules. Commit it; do not edit it."
    yield f'schema = "{SCHEMA}"'
    for dataset, rules in sorted(baseline.datasets.items()):
        for rule, known in sorted(rules.items()):
            yield ""
            yield f"[check.{dataset}.{rule}]"
            yield f"checked = {known.checked}"
            yield f"failing = {known.failing}"
            if known.rows:
                yield "rows = ["
                yield from (f'  "{row}",' for row in sorted(known.rows))
                yield "]"


def _damaged(path: str, why: str) -> Refused:
    return Refused(
        Diagnostic(
            "FT377",
            f"{path} cannot be used: {why}",
            Span(path, 0, 0),
            help=f"restore it with `git checkout -- {path}`, or delete it and run "
            "`ftdsl lock --baseline`",
        )
    )
