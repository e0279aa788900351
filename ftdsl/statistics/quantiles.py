"""Intervals for percentiles of waiting times, without assuming how they are spread."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ftdsl.statistics.proportions import Interval


def quantile_interval(values: Sequence[float], share: float, confidence: float) -> Interval | None:
    """Order statistics around the ``share`` quantile with at least that confidence (David and
    Nagaraja, "Order Statistics", 7.1); None when there are too few values for an upper end: the
    95th percentile needs 72 at 95%."""
    ordered = sorted(values)
    n = len(ordered)
    tail = (1 - confidence) / 2
    below = 0.0  # the chance that fewer than ``rank`` of the values lie below the quantile
    low, high = 0.0, None
    for rank in range(n + 1):
        if below <= tail and rank > 0:
            low = ordered[rank - 1]
        if high is None and rank > 0 and 1 - below <= tail:
            high = ordered[rank - 1]
        below += _binomial(n, rank, share)
    return None if high is None else (min(low, percentile(values, share)), high)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


def _binomial(n: int, k: int, share: float) -> float:
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log + k * math.log(share) + (n - k) * math.log1p(-share))
