"""What a set of scored cases says of a weighted sum of mean scores, at any confidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ftdsl.evaluation.estimates import numbered
from ftdsl.statistics.means import ClusteredMean, Floats, GradedMean
from ftdsl.statistics.proportions import Interval, mcnemar_mid_p, normal_quantile, tango
from ftdsl.statistics.shares import Chosen, chosen_for, share_interval

TANGO = Chosen("Tango, paired", "yes or no, two models on the same cases")


class Evidence(Protocol):
    """``interval`` is two-sided. ``interval_at`` is what it would be with that many cases and all
    else as seen. ``chosen`` is the method and the reason for it."""

    @property
    def estimate(self) -> float: ...
    @property
    def n(self) -> int: ...
    @property
    def chosen(self) -> Chosen: ...
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
    """``weight`` times the share of cases that are right."""

    right: int
    n: int
    weight: float = 1.0
    note: str = ""
    flips: None = None

    @property
    def estimate(self) -> float:
        return self.weight * self.right / self.n

    @property
    def chosen(self) -> Chosen:
        return chosen_for(self.right, self.n)

    def interval(self, confidence: float) -> Interval:
        return self.interval_at(self.n, confidence)

    def interval_at(self, n: float, confidence: float) -> Interval:
        low, high = share_interval(self.right * n / self.n, n, confidence)
        return _ordered(self.weight * low, self.weight * high)


@dataclass(frozen=True, slots=True)
class PairedShares:
    """The share of right cases less the baseline's, on the same cases: Tango's interval."""

    gained: int
    lost: int
    n: int

    @property
    def chosen(self) -> Chosen:
        return TANGO

    @property
    def estimate(self) -> float:
        return (self.gained - self.lost) / self.n

    @property
    def flips(self) -> tuple[int, int]:
        return self.gained, self.lost

    @property
    def note(self) -> str:
        return f"McNemar's mid-p = {mcnemar_mid_p(self.gained, self.lost):.3g}"

    def interval(self, confidence: float) -> Interval:
        return self.interval_at(self.n, confidence)

    def interval_at(self, n: float, confidence: float) -> Interval:
        scale = n / self.n
        return tango(self.gained * scale, self.lost * scale, n, confidence)


@dataclass(frozen=True, slots=True)
class Graded:
    """The mean of one number a case, which may join several scores and two models."""

    mean: GradedMean | ClusteredMean
    paired: bool
    flips: tuple[int, int] | None = None

    @property
    def n(self) -> int:
        return self.mean.n

    @property
    def chosen(self) -> Chosen:
        method, why = self.mean.chosen
        return Chosen(f"{method}, paired", why) if self.paired else Chosen(method, why)

    @property
    def note(self) -> str:
        if isinstance(self.mean, GradedMean) and self.chosen.method.startswith("sign-flip"):
            return f"sign-flip p = {self.mean.flips.p_value:.3g}"
        return ""

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
    note: str = "unpaired: the lock file does not know these cases"
    flips: None = None

    @property
    def estimate(self) -> float:
        return self.candidate.estimate + self.baseline

    @property
    def n(self) -> int:
        return self.candidate.n

    @property
    def chosen(self) -> Chosen:
        method, why = self.candidate.chosen
        return Chosen(f"{method} and MOVER, unpaired", f"{why}; the baseline is of another run")

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
    ``baseline`` is of the same cases, and empty when no baseline is asked for. ``clusters`` are
    the groups that the cases come in, None where none are declared."""

    candidate: Mapping[str, Sequence[float]]
    baseline: Mapping[str, Sequence[float]] = field(default_factory=dict)
    clusters: Sequence[str] | None = None


def mean_evidence(
    candidate: Mapping[str, float], baseline: Mapping[str, float], sample: Sample
) -> Evidence:
    """Evidence on the sum of weight times mean score, with the method that suits the scores.

    ``candidate`` and ``baseline`` are weights by score. One score of 0 and 1 alone is a share, and
    less the same score of the baseline a paired difference of shares; all else is graded, and so is
    whatever comes in clusters.
    """
    own = {name: np.asarray(sample.candidate[name]) for name in candidate}
    other = {name: np.asarray(sample.baseline[name]) for name in baseline}
    columns = [*own.values(), *other.values()]
    binary = all(bool(np.isin(column, (0.0, 1.0)).all()) for column in columns)
    flips = _flips(candidate, baseline, own, other) if binary else None
    if binary and sample.clusters is None:
        n = len(columns[0])
        if flips is not None:
            return PairedShares(*flips, n)
        if len(own) == 1 and not other:
            (name, weight), *_ = candidate.items()
            return Share(int(own[name].sum()), n, weight)
    weights = [*candidate.values(), *baseline.values()]
    return Graded(_mean(weights, columns, sample.clusters, bool(other)), bool(other), flips)


def _flips(
    candidate: Mapping[str, float],
    baseline: Mapping[str, float],
    own: Mapping[str, Floats],
    other: Mapping[str, Floats],
) -> tuple[int, int] | None:
    """Gained and lost cases, where one score is compared with the baseline's same."""
    if list(candidate.values()) != [1.0] or baseline != _negated(candidate):
        return None
    (name,) = candidate
    gained = int(((own[name] == 1) & (other[name] == 0)).sum())
    lost = int(((own[name] == 0) & (other[name] == 1)).sum())
    return gained, lost


def _mean(
    weights: Sequence[float],
    columns: Sequence[Floats],
    clusters: Sequence[str] | None,
    paired: bool,
) -> GradedMean | ClusteredMean:
    values = np.zeros(len(columns[0]))
    for weight, column in zip(weights, columns, strict=True):
        values += weight * column
    # Rounding makes equal sums unequal, and one odd value of two is not known to be rare.
    values = np.round(values, 12)
    lowest = sum(min(weight, 0.0) for weight in weights)
    highest = sum(max(weight, 0.0) for weight in weights)
    if clusters is not None:
        return ClusteredMean(values, numbered(clusters), lowest, highest)
    return GradedMean(values, lowest, highest, paired)


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


def _negated(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: -weight for name, weight in weights.items()}


def _ordered(a: float, b: float) -> Interval:
    return min(a, b), max(a, b)
