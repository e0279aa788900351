"""What the scores of many cases say of a model: mean and interval, whole and by slice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from ftdsl.evaluation.judges.correction import corrected
from ftdsl.language.program import SliceDef
from ftdsl.results.judging import JudgeReport
from ftdsl.results.models import Estimate
from ftdsl.statistics.means import ClusteredMean, GradedMean
from ftdsl.statistics.proportions import Interval
from ftdsl.statistics.shares import Chosen, chosen_for, share_interval

CONFIDENCE = 0.95
NO_VALUE = "none"
"""The slice of the cases whose key is null."""


class Scored(Protocol):
    """What an estimate needs of a case."""

    @property
    def scores(self) -> Mapping[str, float]: ...

    @property
    def slices(self) -> Mapping[str, str]: ...

    @property
    def cluster(self) -> str | None: ...


_Case = TypeVar("_Case", bound=Scored)


def estimate(
    values: Sequence[float], unscored: int, clusters: Sequence[str] | None = None
) -> Estimate:
    """Mean of scores in [0, 1] with its 95% interval: of a share when every score is 0 or 1, else
    that of ``GradedMean``, and that of ``ClusteredMean`` for cases in ``clusters``. Without a score
    the interval is all of [0, 1]."""
    if not values:
        return Estimate(
            mean=0.0, low=0.0, high=1.0, n=0, unscored=unscored, method="no case was scored"
        )
    mean, (low, high), (method, why) = _located(values, clusters)
    return Estimate(
        mean=mean, low=low, high=high, n=len(values), unscored=unscored, method=method, why=why
    )


def _located(
    values: Sequence[float], clusters: Sequence[str] | None
) -> tuple[float, Interval, Chosen]:
    mean = math.fsum(values) / len(values)
    column = np.asarray(values, dtype=np.float64)
    if clusters is not None:
        grouped_ = ClusteredMean(column, numbered(clusters), 0.0, 1.0)
        return mean, grouped_.interval(CONFIDENCE), grouped_.chosen
    if all(value in (0.0, 1.0) for value in values):
        right, n = round(math.fsum(values)), len(values)
        return mean, share_interval(right, n, CONFIDENCE), chosen_for(right, n)
    graded = GradedMean(column, 0.0, 1.0)
    return mean, graded.interval(CONFIDENCE), graded.chosen


def numbered(clusters: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The clusters of cases by numbers from 0."""
    return np.unique(np.asarray(clusters), return_inverse=True)[1].astype(np.int64)


def clusters_of(cases: Sequence[Scored]) -> list[str] | None:
    """The cluster of each case; None where the eval declares none."""
    if not cases or cases[0].cluster is None:
        return None
    return [case.cluster or "" for case in cases]


def score_estimates(
    names: Sequence[str], cases: Sequence[Scored], judges: Mapping[str, JudgeReport] | None = None
) -> dict[str, Estimate]:
    """An estimate of each score over ``cases``, corrected where people have measured its judge."""
    found = {}
    for name in names:
        scored = [case for case in cases if name in case.scores]
        values = [case.scores[name] for case in scored]
        found[name] = estimate(values, len(cases) - len(values), clusters_of(scored))
        report = (judges or {}).get(name)
        if report is not None and values:
            clustered = clusters_of(scored) is not None
            found[name] = corrected(found[name], report, clustered=clustered)
    return found


def slice_estimates(
    names: Sequence[str],
    slices: Sequence[SliceDef],
    cases: Sequence[Scored],
    judges: Mapping[str, JudgeReport] | None = None,
) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Slice → value → score → estimate, values in order. Every value is shown; ``min_rows`` tells
    a gate, and not the reader, which of them are too few to decide on."""
    found: dict[str, dict[str, dict[str, Estimate]]] = {}
    for one in slices:
        groups = grouped(one.name, cases)
        found[one.name] = {
            key: score_estimates(names, group, judges) for key, group in groups.items()
        }
    return found


def grouped(slice_name: str, cases: Sequence[_Case]) -> Mapping[str, list[_Case]]:
    """The cases by their value of a slice, in order of the values."""
    groups: dict[str, list[_Case]] = {}
    for case in cases:
        groups.setdefault(case.slices[slice_name], []).append(case)
    return dict(sorted(groups.items()))
