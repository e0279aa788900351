"""What of the cases is kept until an eval ends: no texts, so that memory grows slowly."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ftdsl.models.answer import Answer
from ftdsl.plan.prices import Price
from ftdsl.results.models import Case
from ftdsl.statistics.quantiles import percentile

_SHOWN = 200
_QUANTILES = {"p50": 0.5, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class Kept:
    """A case without its texts: what estimates are made of."""

    scores: Mapping[str, float]
    slices: Mapping[str, str]
    cluster: str | None
    epochs: Mapping[str, tuple[float, ...]]


@dataclass(slots=True)
class Times:
    """Seconds of answers: see ``Answer``."""

    latency: array[float] = field(default_factory=lambda: array("d"))
    first_token: array[float] = field(default_factory=lambda: array("d"))
    queued: array[float] = field(default_factory=lambda: array("d"))
    own: array[float] = field(default_factory=lambda: array("d"))

    def add(self, answer: Answer) -> None:
        if answer.latency is None:
            return
        self.latency.append(answer.latency)
        self.queued.append(answer.queued)
        self.own.append(answer.latency - answer.lag)
        if answer.first_token is not None:
            self.first_token.append(answer.first_token)

    def client_share(self) -> float | None:
        """How much of the median latency may be this machine's own: 1 is all of it."""
        if not self.latency:
            return None
        whole = percentile(self.latency, 0.5)
        return 1 - percentile(self.own, 0.5) / whole if whole > 0 else 0.0


@dataclass(slots=True)
class Tally:
    """An eval on its way. ``kept`` has every case, ``shown`` the first with all that is known."""

    kept: list[Kept] = field(default_factory=list)
    shown: list[Case] = field(default_factory=list)
    times: Times = field(default_factory=Times)
    answers: int = 0
    requests: int = 0
    cached: int = 0
    errors: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def add(self, cases: Sequence[Case], answers: Iterable[Sequence[Answer]]) -> None:
        """Add a block of cases with their answers."""
        self.shown += cases[: max(0, _SHOWN - len(self.shown))]
        for case in cases:
            slices = {name: sys.intern(value) for name, value in case.slices.items()}
            self.kept.append(Kept(case.scores, slices, case.cluster, case.epochs))
        for group in answers:
            for answer in group:
                self._count(answer)

    def add_earlier(self, dialogues: Iterable[Sequence[Answer]]) -> None:
        """Answers before the last of a dialogue: they cost, and are no answers of their own."""
        for turns in dialogues:
            for answer in turns:
                self._count_use(answer)

    def cost_per_1k(self, price: Price | None) -> float | None:
        """US dollars for a thousand answers such as these, those from the cache too."""
        answered = self.answers - self.errors
        if price is None or (not answered and not price.is_free):
            return None
        paid = price.of(self.prompt_tokens, self.completion_tokens, self.cached_tokens)
        return 1000 * paid / max(answered, 1)

    def _count(self, answer: Answer) -> None:
        self.answers += 1
        self.errors += bool(answer.error)
        self._count_use(answer)

    def _count_use(self, answer: Answer) -> None:
        self.requests += answer.attempts
        self.cached += answer.cached
        self.prompt_tokens += answer.prompt_tokens or 0
        self.completion_tokens += answer.completion_tokens or 0
        self.cached_tokens += answer.cached_tokens
        self.times.add(answer)


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """``p50`` and ``p95``; nothing of nothing."""
    if not seconds:
        return {}
    return {name: percentile(seconds, share) for name, share in _QUANTILES.items()}
