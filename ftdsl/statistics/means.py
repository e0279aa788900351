"""Intervals for means of graded values: t, bootstrap, sign flips, clusters, few distinct values."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from ftdsl.statistics.proportions import Interval, clopper_pearson
from ftdsl.statistics.shares import Chosen
from ftdsl.statistics.signs import SignFlips

Floats = np.ndarray[Any, np.dtype[np.float64]]

_RESAMPLES = 10_000
_SEED = 20_260_101
_LARGE = 100  # from so many cases on Student's t is used
_SMALL = 30  # fewer paired differences than this are permuted
_BLOCK = 2_000_000  # values drawn at a time, to bound memory
_FEW = 10  # fewer odd ones out than this and resampling knows too little of the rest
LEAST_CLUSTERS = 5
"""With fewer groups nothing is said of how much they differ."""


@dataclass(slots=True)
class GradedMean:
    """The mean of ``values``, each in [``lowest``, ``highest``], at any confidence.

    From 100 values on Student's t; below it the BCa bootstrap (Efron, "Better bootstrap confidence
    intervals", JASA 82, 1987) with 10,000 resamples of a fixed seed, and for fewer than 30
    ``paired`` differences sign flips. Resamples are drawn once.
    """

    values: Floats
    lowest: float
    highest: float
    paired: bool = False
    _means: Floats | None = None
    _flips: SignFlips | None = None

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def chosen(self) -> Chosen:
        """The method, and why it."""
        return _widened(self._method(), self._odd)

    def _method(self) -> Chosen:
        if len(self.values) >= _LARGE:
            return Chosen("t", f"graded, {_LARGE} cases or more")
        if self._permuted:
            return Chosen("sign-flip permutation", f"graded, fewer than {_SMALL} differences")
        return Chosen("BCa bootstrap", f"graded, fewer than {_LARGE} cases")

    @property
    def _permuted(self) -> bool:
        return self.paired and len(self.values) < _SMALL

    @property
    def _odd(self) -> int:
        """How many values differ from the most frequent one."""
        return len(self.values) - _usual(self.values)[1]

    @property
    def flips(self) -> SignFlips:
        """The sign flips of the values, made when first asked for."""
        if self._flips is None:
            self._flips = SignFlips(self.values)
        return self._flips

    def interval(self, confidence: float) -> Interval:
        low, high = self._resampled(confidence)
        if self._odd < _FEW:
            # What the mean can be if the odd ones out are as frequent as their share may be and
            # take any value: 50 equal differences do not prove that no case differs.
            unseen = _unseen(self._odd, len(self.values), confidence)
            wide = _spread(self.mean, _usual(self.values)[0], unseen, self.lowest, self.highest)
            low, high = min(low, wide[0]), max(high, wide[1])
        return max(self.lowest, low), min(self.highest, high)

    def _resampled(self, confidence: float) -> Interval:
        if self._odd == 0:
            return self.mean, self.mean
        if len(self.values) >= _LARGE:
            return self._student(confidence)
        if self._permuted:
            return self.flips.interval(confidence, self.lowest, self.highest)
        return self._bca(confidence)

    def _student(self, confidence: float) -> Interval:
        n = len(self.values)
        half = _t(confidence, n - 1) * float(self.values.std(ddof=1)) / n**0.5
        return self.mean - half, self.mean + half

    def _bca(self, confidence: float) -> Interval:
        means = self._resample()
        normal = NormalDist()
        below = (np.sum(means < self.mean) + np.sum(means == self.mean) / 2) / len(means)
        bias = normal.inv_cdf(float(np.clip(below, 1e-6, 1 - 1e-6)))
        spread = self.values - self.mean
        # The jackknife's acceleration: for a mean it is the skewness over 6 √n.
        acceleration = float(np.sum(spread**3) / (6 * np.sum(spread**2) ** 1.5))
        ends = []
        for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
            shifted = bias + normal.inv_cdf(tail)
            ends.append(normal.cdf(bias + shifted / (1 - acceleration * shifted)))
        low, high = np.quantile(means, ends)
        return float(low), float(high)

    def _resample(self) -> Floats:
        """Means of resamples, drawn when first asked for."""
        if self._means is None:
            random = np.random.Generator(np.random.PCG64(_SEED))
            n = len(self.values)
            rows = max(1, _BLOCK // n)
            parts = [
                self.values[random.integers(0, n, (min(rows, _RESAMPLES - done), n))].mean(axis=1)
                for done in range(0, _RESAMPLES, rows)
            ]
            self._means = np.sort(np.concatenate(parts))
        return self._means


@dataclass(slots=True)
class ClusteredMean:
    """The mean of values that come in groups, such as questions about one document.

    Its variance is the jackknife over groups (CV3: Bell and McCaffrey, Survey Methodology 28, 2002;
    MacKinnon, Nielsen and Webb, Journal of Econometrics 232, 2023), with Student's t of as many
    degrees of freedom as groups less one. ``groups`` numbers the group of each value from 0.
    """

    values: Floats
    groups: np.ndarray[Any, np.dtype[np.int64]]
    lowest: float
    highest: float

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.groups.max()) + 1

    @property
    def chosen(self) -> Chosen:
        """The method, and why it."""
        told = Chosen("cluster jackknife (CV3), t", f"cases in {self.count} clusters")
        return _widened(told, self._odd)

    @property
    def _odd(self) -> int:
        """How many groups hold a value that is not the most frequent one."""
        usual = _usual(self.values)[0]
        return len(np.unique(self.groups[self.values != usual]))

    def interval(self, confidence: float) -> Interval:
        count = self.count
        if count < LEAST_CLUSTERS:
            return self.lowest, self.highest
        sums = np.bincount(self.groups, weights=self.values)
        sizes = np.bincount(self.groups)
        others = (sums.sum() - sums) / (len(self.values) - sizes)
        variance = (count - 1) / count * float(np.sum((others - self.mean) ** 2))
        half = _t(confidence, count - 1) * variance**0.5
        low, high = self.mean - half, self.mean + half
        if self._odd < _FEW:
            unseen = _unseen(self._odd, count, confidence)
            wide = _spread(self.mean, _usual(self.values)[0], unseen, self.lowest, self.highest)
            low, high = min(low, wide[0]), max(high, wide[1])
        return max(self.lowest, low), min(self.highest, high)


def _t(confidence: float, freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + confidence / 2))


def _usual(values: Floats) -> tuple[float, int]:
    """The most frequent value, and how often it occurs."""
    found, counts = np.unique(values, return_counts=True)
    return float(found[counts.argmax()]), int(counts.max())


def _unseen(odd: int, n: int, confidence: float) -> float:
    """The share of odd ones out that may be there beyond those seen."""
    return clopper_pearson(odd, n, confidence)[1] - odd / n


def _spread(mean: float, usual: float, unseen: float, lowest: float, highest: float) -> Interval:
    return mean - unseen * (usual - lowest), mean + unseen * (highest - usual)


def _widened(chosen: Chosen, odd: int) -> Chosen:
    if odd >= _FEW:
        return chosen
    return Chosen(f"{chosen.method}, widened", f"{chosen.why}; fewer than {_FEW} stand out")
