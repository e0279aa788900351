"""What a set of scored cases says of a weighted sum of mean scores, at any confidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ftdsl.evaluation.means import GradedMean
from ftdsl.evaluation.proportions import Interval, mcnemar, normal_quantile, tango, wilson

_MOST = 10**9


class Evidence(Protocol):
    """``interval`` is two-sided. ``interval_at`` is what it would be with that many cases and all
    else as seen."""

    @property
    def estimate(self) -> float: ...
    @property
    def n(self) -> int: ...
    @property
    def method(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def flips(self) -> tuple[int, int] | None:
        """Cases that only the candidate gets right, and that only the baseline does."""
        ...

    def interval(self, confidence: float) -> Interval: ...
    def interval_at(self, n: float, confidence: float) -> Interval: ...


@dataclass(frozen=True, slots=True)
class Share:
    """``weight`` times the share of cases that are right: Wilson's interval."""

    right: int
    n: int
    weight: float = 1.0
    method: str = "Wilson"
    note: str = ""
    flips: None = None

    @property
    def estimate(self) -> float:
        return self.weight * self.right / self.n

    def interval(self, confidence: float) -> Interval:
        return self.interval_at(self.n, confidence)

    def interval_at(self, n: float, confidence: float) -> Interval:
        low, high = wilson(self.right / self.n, n, confidence)
        return _ordered(self.weight * low, self.weight * high)


@dataclass(frozen=True, slots=True)
class PairedShares:
    """The share of right cases less the baseline's, on the same cases: Tango's interval."""

    gained: int
    lost: int
    n: int
    method: str = "Tango, paired"

    @property
    def estimate(self) -> float:
        return (self.gained - self.lost) / self.n

    @property
    def flips(self) -> tuple[int, int]:
        return self.gained, self.lost

    @property
    def note(self) -> str:
        return f"McNemar's exact p = {mcnemar(self.gained, self.lost):.3g}"

    def interval(self, confidence: float) -> Interval:
        return self.interval_at(self.n, confidence)

    def interval_at(self, n: float, confidence: float) -> Interval:
        scale = n / self.n
        return tango(self.gained * scale, self.lost * scale, n, confidence)


@dataclass(frozen=True, slots=True)
class Graded:
    """The mean of one number a case, which may join several scores and two models."""

    mean: GradedMean
    paired: bool
    note: str = ""
    flips: None = None

    @property
    def n(self) -> int:
        return len(self.mean.values)

    @property
    def method(self) -> str:
        return f"{self.mean.method}, paired" if self.paired else self.mean.method

    @property
    def estimate(self) -> float:
        return self.mean.mean

    def interval(self, confidence: float) -> Interval:
        return self.mean.interval(confidence)

    def interval_at(self, n: float, confidence: float) -> Interval:
        low, high = self.mean.interval(confidence)
        shrunk = math.sqrt(self.n / n)
        middle = self.mean.mean
        return middle - (middle - low) * shrunk, middle + (high - middle) * shrunk


@dataclass(frozen=True, slots=True)
class AgainstLock:
    """The candidate's evidence with a locked baseline added, of which the cases are not known: the
    intervals are joined by MOVER (Zou and Donner, Statistics in Medicine 27, 2008)."""

    candidate: Evidence
    baseline: float
    baseline_interval: Callable[[float], Interval]
    note: str = "unpaired: the lock file keeps no cases"
    flips: None = None

    @property
    def estimate(self) -> float:
        return self.candidate.estimate + self.baseline

    @property
    def n(self) -> int:
        return self.candidate.n

    @property
    def method(self) -> str:
        return f"{self.candidate.method} and MOVER, unpaired"

    def interval(self, confidence: float) -> Interval:
        return self._joined(self.candidate.interval(confidence), confidence)

    def interval_at(self, n: float, confidence: float) -> Interval:
        return self._joined(self.candidate.interval_at(n, confidence), confidence)

    def _joined(self, own: Interval, confidence: float) -> Interval:
        other = self.baseline_interval(confidence)
        middle = self.candidate.estimate
        below = math.hypot(middle - own[0], self.baseline - other[0])
        above = math.hypot(own[1] - middle, other[1] - self.baseline)
        return self.estimate - below, self.estimate + above


@dataclass(frozen=True, slots=True)
class Sample:
    """The scores of the cases that have every score asked for: score → one value a case.
    ``baseline`` is of the same cases, and empty when no baseline is asked for."""

    candidate: Mapping[str, Sequence[float]]
    baseline: Mapping[str, Sequence[float]] = field(default_factory=dict)


def mean_evidence(
    candidate: Mapping[str, float], baseline: Mapping[str, float], sample: Sample
) -> Evidence:
    """Evidence on the sum of weight times mean score, with the method that suits the scores.

    ``candidate`` and ``baseline`` are weights by score. One score of 0 and 1 alone is a share, and
    less the same score of the baseline a paired difference of shares; all else is graded.
    """
    own = {name: np.asarray(sample.candidate[name]) for name in candidate}
    other = {name: np.asarray(sample.baseline[name]) for name in baseline}
    columns = [*own.values(), *other.values()]
    binary = all(bool(np.isin(column, (0.0, 1.0)).all()) for column in columns)
    n = len(columns[0])
    if binary and len(own) == 1 and not other:
        (name, weight), *_ = candidate.items()
        return Share(int(own[name].sum()), n, weight)
    if binary and list(candidate.values()) == [1.0] and baseline == _negated(candidate):
        (name, _), *_ = candidate.items()
        gained = int(((own[name] == 1) & (other[name] == 0)).sum())
        lost = int(((own[name] == 0) & (other[name] == 1)).sum())
        return PairedShares(gained, lost, n)
    weights = [*candidate.values(), *baseline.values()]
    values = np.zeros(n)
    for weight, column in zip(weights, columns, strict=True):
        values += weight * column
    lowest = sum(min(weight, 0.0) for weight in weights)
    highest = sum(max(weight, 0.0) for weight in weights)
    # Rounding makes equal sums unequal, and one odd value of two is not known to be rare.
    return Graded(GradedMean(np.round(values, 12), lowest, highest), paired=bool(other))


def locked_interval(
    mean: float, low: float, high: float, weight: float
) -> Callable[[float], Interval]:
    """The interval of ``weight`` times a locked 95% estimate, at another confidence: its halves are
    scaled as those of a normal interval would be."""

    def interval(confidence: float) -> Interval:
        scale = normal_quantile(confidence) / normal_quantile(0.95)
        return _ordered(
            weight * (mean - (mean - low) * scale), weight * (mean + (high - mean) * scale)
        )

    return interval


def needed_cases(decided: Callable[[float], bool], n: int) -> int | None:
    """The smallest number of cases above ``n`` at which ``decided``; None if no number below
    10⁹ does it."""
    low, high = n, 2 * n
    while not decided(high):
        low, high = high, 2 * high
        if high > _MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if decided(middle):
            high = middle
        else:
            low = middle
    return high


def _negated(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: -weight for name, weight in weights.items()}


def _ordered(a: float, b: float) -> Interval:
    return min(a, b), max(a, b)
