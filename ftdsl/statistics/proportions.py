"""Shares of yes and no: intervals of one model's and of the paired difference of two, and tests."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from statistics import NormalDist

Interval = tuple[float, float]

_TOLERANCE = 1e-12


def normal_quantile(confidence: float) -> float:
    """The z of a two-sided interval: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(share: float, n: float, confidence: float) -> Interval:
    """The score interval of a proportion seen as ``share`` of ``n`` independent cases.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
    (1927). Never of zero width: 0 of n has the upper end z² / (n + z²).
    """
    z2 = normal_quantile(confidence) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if share == 0 else max(0.0, middle - half)
    high = 1.0 if share == 1 else min(1.0, middle + half)
    return low, high


def clopper_pearson(right: float, n: float, confidence: float) -> Interval:
    """The exact interval: the shares that a binomial test of ``right`` of ``n`` does not reject.

    Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
    binomial", Biometrika 26 (1934). It never covers less than it says.
    """
    tail = (1 - confidence) / 2
    if right <= 0:
        return 0.0, 1 - tail ** (1 / n)
    if right >= n:
        return tail ** (1 / n), 1.0
    from scipy.special import betaincinv

    low = float(betaincinv(right, n - right + 1, tail))
    return low, float(betaincinv(right + 1, n - right, 1 - tail))


def tango(gained: float, lost: float, n: float, confidence: float) -> Interval:
    """The score interval of the difference of two proportions on the same ``n`` cases.

    ``gained`` cases are right only under the candidate, ``lost`` only under the baseline; the
    difference is (gained - lost) / n. Tango, "Equivalence test and confidence interval for the
    difference in proportions for the paired-sample design", Statistics in Medicine 17 (1998).
    """
    z = normal_quantile(confidence)
    seen = (gained - lost) / n

    def over(difference: float, sign: float) -> bool:
        return sign * _tango_statistic(gained, lost, n, difference) <= z

    low = _edge(lambda d: over(d, 1.0), seen, -1.0)
    high = _edge(lambda d: over(d, -1.0), seen, 1.0)
    return low, high


def _tango_statistic(gained: float, lost: float, n: float, difference: float) -> float:
    """Tango's T for the hypothesis that the difference is ``difference``; standard normal."""
    a = 2 * n
    b = -gained - lost + (2 * n - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    # The likeliest share of cases that only the baseline gets right, under the hypothesis.
    share = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = n * (2 * share + difference * (1 - difference))
    top = gained - lost - n * difference
    if variance <= 0:
        return 0.0 if abs(top) < _TOLERANCE else math.copysign(math.inf, top)
    return top / math.sqrt(variance)


def _edge(inside: Callable[[float], bool], seen: float, limit: float) -> float:
    """The last point from ``seen`` towards ``limit`` that is inside, by bisection."""
    if inside(limit):
        return limit
    near, far = seen, limit
    while abs(far - near) > _TOLERANCE:
        middle = (near + far) / 2
        if inside(middle):
            near = middle
        else:
            far = middle
    return near


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided p-value of "neither is better": the binomial test of the cases on which
    the two differ (McNemar, Psychometrika 12, 1947); 1 when they never do."""
    differing = gained + lost
    if differing == 0:
        return 1.0
    tail = ways = 1
    for k in range(min(gained, lost)):
        ways = ways * (differing - k) // (k + 1)
        tail += ways
    return float(min(Fraction(1), Fraction(2 * tail, 2**differing)))


def mcnemar_mid_p(gained: int, lost: int) -> float:
    """McNemar's two-sided mid-p-value: the exact one less the chance of just what was seen.

    Fagerland, Lydersen and Laake, "The McNemar test for binary matched-pairs data: mid-p and
    asymptotic are better than exact conditional", BMC Medical Research Methodology 13 (2013).
    """
    if gained == lost:
        return 1.0
    differing = gained + lost
    seen = Fraction(math.comb(differing, min(gained, lost)), 2**differing)
    return mcnemar(gained, lost) - float(seen)
