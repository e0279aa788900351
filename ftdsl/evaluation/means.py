"""Intervals for means of graded values: Student's t, the bootstrap, and few distinct values."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from ftdsl.evaluation.proportions import Interval, wilson

_RESAMPLES = 10_000
_SEED = 20_260_101
_LARGE = 100  # from so many cases on Student's t is used
_BLOCK = 2_000_000  # values drawn at a time, to bound memory
_FEW = 10  # fewer odd ones out than this and resampling knows too little of the rest


@dataclass(slots=True)
class GradedMean:
    """The mean of ``values``, each in [``lowest``, ``highest``], at any confidence.

    From 100 values on Student's t; below it the BCa bootstrap (Efron, "Better bootstrap confidence
    intervals", JASA 82, 1987) with 10,000 resamples of a fixed seed. Resamples are drawn once.
    """

    values: np.ndarray[Any, np.dtype[np.float64]]
    lowest: float
    highest: float
    _means: np.ndarray[Any, np.dtype[np.float64]] | None = None

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def method(self) -> str:
        base = "t" if len(self.values) >= _LARGE else "BCa bootstrap"
        return f"{base}, widened: few distinct values" if self._odd < _FEW else base

    @property
    def _odd(self) -> int:
        """How many values differ from the most frequent one."""
        _, counts = np.unique(self.values, return_counts=True)
        return len(self.values) - int(counts.max())

    def interval(self, confidence: float) -> Interval:
        low, high = self._resampled(confidence)
        if self._odd < _FEW:
            wide_low, wide_high = self._unseen(confidence)
            low, high = min(low, wide_low), max(high, wide_high)
        return max(self.lowest, low), min(self.highest, high)

    def _resampled(self, confidence: float) -> Interval:
        if self._odd == 0:
            return self.mean, self.mean
        if len(self.values) >= _LARGE:
            return self._student(confidence)
        return self._bca(confidence)

    def _student(self, confidence: float) -> Interval:
        from scipy.special import stdtrit

        n = len(self.values)
        half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * float(self.values.std(ddof=1)) / n**0.5
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

    def _resample(self) -> np.ndarray[Any, np.dtype[np.float64]]:
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

    def _unseen(self, confidence: float) -> Interval:
        """What the mean can be if the odd ones out are as frequent as Wilson's interval allows and
        take any value: 50 equal differences do not prove that no case differs."""
        values, counts = np.unique(self.values, return_counts=True)
        usual = float(values[counts.argmax()])
        share = wilson(self._odd / len(self.values), len(self.values), confidence)[1]
        unseen = share - self._odd / len(self.values)
        return (
            self.mean - unseen * (usual - self.lowest),
            self.mean + unseen * (self.highest - usual),
        )
