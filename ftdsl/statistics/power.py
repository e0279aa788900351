"""What a number of cases can decide before any is asked: the least that may pass, and the power."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from ftdsl.statistics.proportions import normal_quantile

TYPICAL_FLIPS = 0.15
"""The share of cases on which two models differ, where no run has shown it yet."""
POWER = 0.8
"""The chance of a PASS for a model that is as good as its baseline, below which a plan warns."""
_MOST = 10**9


def power_of_margin(n: float, margin: float, flips: float, confidence: float) -> float:
    """The chance that a candidate as good as the baseline is shown to be no more than ``margin``
    worse, on ``n`` paired cases of which the share ``flips`` differ: the normal approximation to
    the paired score test (Nam, "Establishing equivalence of two treatments and sample size
    requirements in matched-pairs design", Biometrics 53, 1997, for equal rates)."""
    if margin <= 0 or flips <= 0:
        return (1 - confidence) / 2 if margin <= 0 else 1.0
    reach = margin * math.sqrt(n / flips) - normal_quantile(confidence)
    return NormalDist().cdf(reach)


def cases_for_margin(margin: float, flips: float, confidence: float, power: float = POWER) -> int:
    """The cases that give that power: (z + z)² ψ / δ²."""
    z = normal_quantile(confidence) + NormalDist().inv_cdf(power)
    return math.ceil(z * z * flips / (margin * margin))


def power_of_bound(n: float, bound: float, share: float, confidence: float) -> float:
    """The chance that a model whose true share is ``share`` is shown to reach ``bound`` with ``n``
    cases, by the normal approximation."""
    if share <= bound:
        return (1 - confidence) / 2
    null = math.sqrt(bound * (1 - bound) / n)
    own = math.sqrt(share * (1 - share) / n)
    reach = share - bound - normal_quantile(confidence) * null
    return NormalDist().cdf(reach / own) if own > 0 else float(reach > 0)


def least_cases(passes: Callable[[int], bool], start: int = 1) -> int | None:
    """The smallest number of cases from ``start`` on at which ``passes``, which stays true once it
    is; None if none below 10⁹ does."""
    low, high = start - 1, start
    while not passes(high):
        low, high = high, 2 * high
        if high > _MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if passes(middle):
            high = middle
        else:
            low = middle
    return high
