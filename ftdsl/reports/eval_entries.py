"""The parts of ``--output json`` that are about scores and selections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ScoreEntry:
    """A score over the scored cases with its confidence interval."""

    mean: float
    low: float
    high: float
    n: int
    unscored: int
    method: str
    confidence: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class BehindEntry:
    """How far a candidate is behind the leader on the same cases; ``tied`` where that is not shown
    to be more than chance."""

    leader: str
    difference: float
    low: float
    high: float
    tied: bool
    n: int
    method: str
    why: str
    note: str
    confidence: float


@dataclass(frozen=True, slots=True)
class ContenderEntry:
    """One candidate of a selection. ``rank`` is null for one that is out, ``out`` says why. Times
    in seconds, money in dollars, sizes in bytes."""

    model: str
    trained: bool
    rank: int | None
    out: str
    value: float | None
    low: float | None
    high: float | None
    behind: BehindEntry | None
    scores: dict[str, ScoreEntry]
    latency: dict[str, float]
    cost_per_1k: float | None
    size: float | None
    facts: dict[str, str]
    efficient: bool


@dataclass(frozen=True, slots=True)
class SelectionEntry:
    """One selection: its candidates, best first. ``chosen`` are the leader and those tied with it.
    ``cost_axis`` is what ``efficient`` ones are not beaten in, beside quality."""

    verdict: Literal["pass", "fail", "inconclusive"]
    eval: str
    objective: str
    chosen: tuple[str, ...]
    contenders: tuple[ContenderEntry, ...]
    cost_axis: str
    hints: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeakEntry:
    """A slice that nobody declared on which a score is lower than on the rest; ``q`` is adjusted
    for all looks (Benjamini-Hochberg). ``examples`` are ids of its worst cases."""

    score: str
    source: str
    value: str
    n: int
    mean: float
    rest: float
    difference: float
    p: float
    q: float
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgreementEntry:
    """How far two scores of the same cases agree."""

    one: str
    other: str
    n: int
    same: float
    kappa: float | None
    correlation: float | None


@dataclass(frozen=True, slots=True)
class LabelEntry:
    """One label: how many cases expect it, and how well it is found."""

    label: str
    cases: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ConfusionEntry:
    """``counts[i][j]`` cases expect ``labels[i]`` and were given ``given[j]``, the last of which is
    any other answer."""

    score: str
    labels: tuple[LabelEntry, ...]
    given: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    macro_f1: float
    micro_f1: float


@dataclass(frozen=True, slots=True)
class LookEntry:
    """What was found over all cases of one model and eval."""

    weak: tuple[WeakEntry, ...]
    agreement: tuple[AgreementEntry, ...]
    confusion: ConfusionEntry | None


@dataclass(frozen=True, slots=True)
class FlakinessEntry:
    """Of ``n`` cases that were answered more than once ``flaky`` are scored in two ways."""

    n: int
    flaky: int
    rate: float
    low: float
    high: float
    within: float
    between: float
