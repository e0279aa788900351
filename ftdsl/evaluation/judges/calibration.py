"""How right people find a judge, and what its mean verdict is worth once that is known.

Yes or no: the true share is (p + q0 - 1) / (q0 + q1 - 1), p being the judge's share of yes, q1 its
sensitivity and q0 its specificity (Rogan and Gladen, American Journal of Epidemiology 107, 1978),
with the interval of Lee et al., "How to correctly report LLM-as-a-judge evaluations" (2025), which
holds the uncertainty of all three. Grades: the mean is moved by the mean difference between people
and judge (Angelopoulos et al., "Prediction-powered inference", Science 382, 2023).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ftdsl.results.judging import Calibration
from ftdsl.statistics.proportions import Interval, normal_quantile, wilson

LEAST_ROWS = 100
LEAST_OF_A_KIND = 30
LEAST_KAPPA = 0.6
LEAST_YOUDEN = 0.5
"""Below these a judge decides no gate: its correction would say more than its verdicts."""

_LEVEL = 0.95


def calibrate(
    people: Sequence[float], judge: Sequence[float], unscored: int, *, binary: bool
) -> Calibration:
    """A judge measured by the verdicts of people on the same answers, both in [0, 1]."""
    if binary:
        return _rates(people, judge, unscored)
    rows = len(people)
    differences = [a - b for a, b in zip(people, judge, strict=True)]
    shift = math.fsum(differences) / rows if rows else 0.0
    squares = math.fsum((one - shift) ** 2 for one in differences)
    spread = math.sqrt(squares / (rows - 1) / rows) if rows > 1 else 1.0
    return Calibration(
        method="shift",
        rows=rows,
        unscored=unscored,
        shift=shift,
        spread=spread,
        unusable=_too_few(rows, unscored),
    )


def _rates(people: Sequence[float], judge: Sequence[float], unscored: int) -> Calibration:
    pairs = list(zip(people, judge, strict=True))
    positives = sum(a == 1 for a, _ in pairs)
    hits = sum(a == 1 and b == 1 for a, b in pairs)
    negatives = len(pairs) - positives
    rejections = sum(a == 0 and b == 0 for a, b in pairs)
    found = Calibration(
        method="rates",
        rows=len(pairs),
        unscored=unscored,
        positives=positives,
        hits=hits,
        negatives=negatives,
        rejections=rejections,
        sensitivity=hits / positives if positives else None,
        sensitivity_interval=wilson(hits / positives, positives, _LEVEL) if positives else None,
        specificity=rejections / negatives if negatives else None,
        specificity_interval=wilson(rejections / negatives, negatives, _LEVEL)
        if negatives
        else None,
        kappa=_kappa(positives, hits, negatives, rejections),
    )
    return found.model_copy(update={"unusable": _rates_unusable(found)})


def _kappa(positives: int, hits: int, negatives: int, rejections: int) -> float | None:
    """Cohen's κ of judge and people; None where both say one thing alone."""
    rows = positives + negatives
    if not rows:
        return None
    yes = hits + negatives - rejections
    by_chance = (positives * yes + negatives * (rows - yes)) / rows**2
    return None if by_chance == 1 else ((hits + rejections) / rows - by_chance) / (1 - by_chance)


def _too_few(rows: int, unscored: int) -> str:
    if rows < LEAST_ROWS:
        return f"{rows} labelled answers measure the judge; at least {LEAST_ROWS} must"
    if unscored > rows // 10:
        return f"the judge gave no verdict on {unscored} of {rows + unscored} labelled answers"
    return ""


def _rates_unusable(found: Calibration) -> str:
    few = _too_few(found.rows, found.unscored)
    if few:
        return few
    for name, count in (("good", found.positives), ("bad", found.negatives)):
        if count < LEAST_OF_A_KIND:
            return f"{count} labelled answers are {name}; at least {LEAST_OF_A_KIND} must be"
    youden = (found.sensitivity or 0.0) + (found.specificity or 0.0) - 1
    if youden < LEAST_YOUDEN:
        return (
            f"sensitivity and specificity of the judge add up to {1 + youden:.2f}; at least "
            f"{1 + LEAST_YOUDEN:g} is needed"
        )
    if found.kappa is None or found.kappa < LEAST_KAPPA:
        shown = "none" if found.kappa is None else f"{found.kappa:.2f}"
        return f"Cohen's kappa of judge and people is {shown}; at least {LEAST_KAPPA:g} is needed"
    return ""


# ------------------------------------------------------------------ correction


def true_share(share: float, by: Calibration) -> float:
    """The share of good answers, given the share that the judge calls good; in [0, 1]."""
    q1, q0 = by.sensitivity or 0.0, by.specificity or 0.0
    return min(1.0, max(0.0, (share + q0 - 1) / (q0 + q1 - 1)))


def share_interval(share: float, n: float, by: Calibration, confidence: float) -> Interval:
    """The interval of ``true_share``: all three shares are drawn towards a half by as much as
    Agresti and Coull do, and the bias that this leaves in the quotient is taken away (Lee et al.
    2025, their adjusted interval)."""
    z = normal_quantile(confidence)
    p = (n * share + z * z / 2) / (n + z * z)
    q1, m1 = _drawn(by.hits, by.positives)
    q0, m0 = _drawn(by.rejections, by.negatives)
    youden = q0 + q1 - 1
    if youden <= 0:
        return 0.0, 1.0
    value = (p + q0 - 1) / youden
    of_q1, of_q0 = q1 * (1 - q1) / m1, q0 * (1 - q0) / m0
    bias = 2 * z * z * (value * of_q1 - (1 - value) * of_q0)
    variance = p * (1 - p) / (n + z * z) + (1 - value) ** 2 * of_q0 + value**2 * of_q1
    half = z * math.sqrt(variance) / youden
    return max(0.0, min(1.0, value + bias - half)), max(0.0, min(1.0, value + bias + half))


def _drawn(hits: int, count: int) -> tuple[float, int]:
    return (hits + 1) / (count + 2), count + 2


def slope(by: Calibration) -> tuple[float, float]:
    """``a`` and ``b`` of a corrected mean ``a · mean + b``."""
    if by.method == "shift":
        return 1.0, by.shift
    q1, q0 = by.sensitivity or 0.0, by.specificity or 0.0
    youden = q0 + q1 - 1
    return 1 / youden, (q0 - 1) / youden


def doubt(terms: Mapping[str, float], means: Mapping[str, float], by: Calibration) -> float:
    """The variance that the calibration adds to a weighted sum of corrected means of one judge:
    ``terms`` are weights by model, ``means`` its corrected means. By the delta method; what two
    models have in common cancels."""
    total = math.fsum(terms.values())
    if by.method == "shift":
        return (total * by.spread) ** 2
    q1, m1 = _drawn(by.hits, by.positives)
    q0, m0 = _drawn(by.rejections, by.negatives)
    youden = (by.sensitivity or 0.0) + (by.specificity or 0.0) - 1
    by_q1 = -math.fsum(weight * means[name] for name, weight in terms.items()) / youden
    by_q0 = math.fsum(weight * (1 - means[name]) for name, weight in terms.items()) / youden
    return by_q1**2 * q1 * (1 - q1) / m1 + by_q0**2 * q0 * (1 - q0) / m0
