"""What people say of what models answer: results of the step ``rate``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ftdsl.results.judging import Calibration
from ftdsl.results.models import Estimate, Requirement, Result, Verdict


class Opinion(Result):
    """What people think of each item, in [0, 1]: the mean over raters of what ``model`` got, of a
    pair with ``against`` or, where that is "", by itself. ``clusters`` names the group of each item
    where items are not independent, and is empty where they are. ``identical`` items hold the same
    answer twice: nobody was asked, and each is a tie."""

    model: str
    against: str = ""
    values: tuple[float, ...] = ()
    clusters: tuple[str, ...] = ()
    estimate: Estimate
    wins: int = 0
    losses: int = 0
    ties: int = 0
    both_bad: int = 0
    identical: int = 0


class Ranked(Result):
    """A model's place by all comparisons together (Bradley and Terry): ``expected`` is the share of
    comparisons it would win against the others, ``strength`` the logarithm of its strength."""

    model: str
    expected: float
    low: float
    high: float
    strength: float
    strength_low: float
    strength_high: float


class Reliability(Result):
    """Krippendorff's ``alpha`` over ``items`` that two or more people rated, None where nothing
    could disagree."""

    alpha: float | None = None
    low: float | None = None
    high: float | None = None
    level: Literal["nominal", "ordinal"] = "ordinal"
    items: int = 0
    raters: int = 0
    confidence: float = 0.95


class SideBias(Result):
    """How often the left of two answers was called better, with the exact p-value of "sides do not
    matter": which answer is left is drawn by lot."""

    left: int
    n: int
    share: float
    low: float
    high: float
    p: float


class Rater(Result):
    """One pseudonymous rater. Of ``gold`` items ``gold_right`` were called as known, of ``repeats``
    ``repeats_same`` got the same verdict again. ``early`` and ``late`` are the share of those
    checks that were met in either half of the session, ``drift_p`` the exact p-value of "they are
    the same". ``seconds`` is the median time on an item; ``hasty`` counts those under two."""

    rater: str
    rated: int
    skipped: int = 0
    corrected: int = 0
    gold: int = 0
    gold_right: int = 0
    repeats: int = 0
    repeats_same: int = 0
    early: float | None = None
    late: float | None = None
    drift_p: float | None = None
    left: float | None = None
    seconds: float = 0.0
    hasty: int = 0


class JudgeAgainstPeople(Result):
    """One judged score against what people say of the same answers. ``agreed`` of ``n``: of pairs
    that both decide, which answer is better; of single answers, the verdict."""

    score: str
    n: int
    agreed: int
    calibration: Calibration


class RateOutput(Result):
    """Step ``rate``. ``batch`` names exactly what was shown: answers, prompts, question and rubric.
    ``ratings`` count verdicts on ``rated`` of ``items``, without gold, repeats and corrected ones.
    ``enough`` items have as many raters as were asked for. ``reasons`` counts the reasons given for
    each model. ``set_aside`` ratings are of other answers than those there are now."""

    kind: Literal["rate"] = "rate"
    name: str
    eval: str
    batch: str
    ask: Literal["sides", "correct", "scale"]
    points: int = 0
    models: tuple[str, ...]
    items: int
    rated: int = 0
    enough: int = 0
    min_raters: int = 1
    ratings: int = 0
    set_aside: int = 0
    gold: int = 0
    opinions: tuple[Opinion, ...] = ()
    ranking: tuple[Ranked, ...] = ()
    reliability: Reliability = Field(default_factory=Reliability)
    side_bias: SideBias | None = None
    raters: tuple[Rater, ...] = ()
    judges: tuple[JudgeAgainstPeople, ...] = ()
    reasons: dict[str, dict[str, int]] = Field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    notes: tuple[str, ...] = ()
    verdict: Verdict = "pass"
