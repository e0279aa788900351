"""What the scores of many cases say of a model: mean and interval, whole and by slice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ftdsl.evaluation.means import GradedMean
from ftdsl.evaluation.proportions import Interval, wilson
from ftdsl.language.program import SliceDef
from ftdsl.results.models import Case, Estimate

CONFIDENCE = 0.95
NO_VALUE = "none"
"""The slice of the cases whose key is null."""


def estimate(values: Sequence[float], unscored: int) -> Estimate:
    """Mean of scores in [0, 1] with its 95% interval: Wilson's when every score is 0 or 1, else
    that of ``GradedMean``. Without a score the interval is all of [0, 1]."""
    if not values:
        return Estimate(
            mean=0.0, low=0.0, high=1.0, n=0, unscored=unscored, method="no case was scored"
        )
    mean, (low, high), method = _located(values)
    return Estimate(mean=mean, low=low, high=high, n=len(values), unscored=unscored, method=method)


def _located(values: Sequence[float]) -> tuple[float, Interval, str]:
    mean = math.fsum(values) / len(values)
    if all(value in (0.0, 1.0) for value in values):
        return mean, wilson(mean, len(values), CONFIDENCE), "Wilson"
    graded = GradedMean(np.asarray(values, dtype=np.float64), 0.0, 1.0)
    return mean, graded.interval(CONFIDENCE), graded.method


def score_estimates(names: Sequence[str], cases: Sequence[Case]) -> dict[str, Estimate]:
    """An estimate of each score over ``cases``."""
    found = {}
    for name in names:
        values = [case.scores[name] for case in cases if name in case.scores]
        found[name] = estimate(values, len(cases) - len(values))
    return found


def slice_estimates(
    names: Sequence[str], slices: Sequence[SliceDef], cases: Sequence[Case]
) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Slice → value → score → estimate, values in order. Every value is shown; ``min_rows`` tells
    a gate, and not the reader, which of them are too few to decide on."""
    found: dict[str, dict[str, dict[str, Estimate]]] = {}
    for one in slices:
        groups = grouped(one.name, cases)
        found[one.name] = {key: score_estimates(names, group) for key, group in groups.items()}
    return found


def grouped(slice_name: str, cases: Sequence[Case]) -> Mapping[str, list[Case]]:
    """The cases by their value of a slice, in order of the values."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.slices[slice_name], []).append(case)
    return dict(sorted(groups.items()))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]
