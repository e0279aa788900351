"""The parts of ``--output json`` that are about ratings by people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ftdsl.reports.eval_entries import ScoreEntry


@dataclass(frozen=True, slots=True)
class OpinionEntry:
    """What people think of ``model`` beside ``against``, or by itself where that is "". Of pairs
    ``estimate`` is the share that it wins, a tie being half a win; the counts are of verdicts."""

    model: str
    against: str
    estimate: ScoreEntry
    wins: int
    losses: int
    ties: int
    both_bad: int
    identical: int


@dataclass(frozen=True, slots=True)
class RankedEntry:
    """A model by all comparisons together (Bradley and Terry): the share it is expected to win, and
    the natural logarithm of its strength, with 95% intervals."""

    model: str
    expected: float
    low: float
    high: float
    strength: float
    strength_low: float
    strength_high: float


@dataclass(frozen=True, slots=True)
class ReliabilityEntry:
    """Krippendorff's alpha over the ``items`` that several people rated."""

    alpha: float | None
    low: float | None
    high: float | None
    level: Literal["nominal", "ordinal"]
    items: int
    raters: int
    confidence: float


@dataclass(frozen=True, slots=True)
class SideBiasEntry:
    """How often the left of two answers was called better; ``p`` is of "sides do not matter"."""

    left: int
    n: int
    share: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class RaterEntry:
    """One pseudonymous rater, and how they did against gold and against themselves."""

    rater: str
    rated: int
    skipped: int
    corrected: int
    gold: int
    gold_right: int
    repeats: int
    repeats_same: int
    early: float | None
    late: float | None
    drift_p: float | None
    left: float | None
    seconds: float
    hasty: int


@dataclass(frozen=True, slots=True)
class JudgeAgainstPeopleEntry:
    """A judged score against people on the same answers. ``unusable`` says why the judge could
    decide no gate by these ratings, or is ""."""

    score: str
    n: int
    agreed: int
    method: Literal["rates", "shift"]
    sensitivity: float | None
    specificity: float | None
    kappa: float | None
    shift: float
    spread: float
    unusable: str


@dataclass(frozen=True, slots=True)
class RatingEntry:
    """What people say in one ``rate`` block. ``batch`` names exactly what they were shown."""

    verdict: Literal["pass", "fail", "inconclusive"]
    eval: str
    batch: str
    ask: Literal["sides", "correct", "scale"]
    points: int
    models: tuple[str, ...]
    items: int
    rated: int
    enough: int
    min_raters: int
    ratings: int
    set_aside: int
    gold: int
    opinions: tuple[OpinionEntry, ...]
    ranking: tuple[RankedEntry, ...]
    reliability: ReliabilityEntry
    side_bias: SideBiasEntry | None
    raters: tuple[RaterEntry, ...]
    judges: tuple[JudgeAgainstPeopleEntry, ...]
    reasons: dict[str, dict[str, int]]
    notes: tuple[str, ...]
