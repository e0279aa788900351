"""The estimate of a judged score once its judge has been measured by people."""

from __future__ import annotations

import math

from ftdsl.evaluation.judges.calibration import doubt, share_interval, slope, true_share
from ftdsl.results.judging import Calibration, JudgeReport
from ftdsl.results.models import Estimate
from ftdsl.statistics.proportions import normal_quantile
from ftdsl.statistics.shares import Chosen

BY_RATES = Chosen(
    "Rogan-Gladen, corrected for the judge", "yes or no of a judge whose errors have been counted"
)
CORRECTED = "corrected for the judge"
MEASURED = "the judge's doubt is added to that of the cases"


def corrected(found: Estimate, report: JudgeReport, *, clustered: bool = False) -> Estimate:
    """``found`` with the judge's errors taken out; as it is where nobody has measured the judge,
    or where its verdicts say too little to be corrected. Of cases in clusters the interval of
    ``found`` is kept, and widened by what is not known of the judge."""
    by = report.calibration
    if by is None:
        return found.model_copy(update={"method": f"{found.method}; the judge is not measured"})
    if not can_correct(by):
        return found.model_copy(update={"method": f"{found.method}; the judge tells nothing"})
    if by.method == "rates" and not clustered:
        low, high = share_interval(found.mean, found.n, by, found.confidence)
        mean = true_share(found.mean, by)
    else:
        times, add = slope(by)
        mean = times * found.mean + add
        doubt_ = math.sqrt(doubt({"": 1.0}, {"": mean}, by))
        extra = normal_quantile(found.confidence) * doubt_
        low = mean - math.hypot(times * (found.mean - found.low), extra)
        high = mean + math.hypot(times * (found.high - found.mean), extra)
        mean, low, high = (min(1.0, max(0.0, one)) for one in (mean, low, high))
    # Shares near 0 and 1 are drawn in by the interval: the estimate may lie a little outside it.
    low, high = min(low, mean), max(high, mean)
    method, why = (f"{found.method}, {CORRECTED}", f"{found.why}; {MEASURED}")
    if by.method == "rates" and not clustered:
        method, why = BY_RATES
    return found.model_copy(
        update={"mean": mean, "low": low, "high": high, "method": method, "why": why}
    )


def can_correct(by: Calibration) -> bool:
    """Whether the judge tells good from bad at all: else there is nothing to divide by."""
    if by.method == "shift":
        return by.rows > 1
    return (by.sensitivity or 0.0) + (by.specificity or 0.0) - 1 > 0 and bool(
        by.positives and by.negatives
    )
