"""How far a dataset has moved from the one that was locked: population stability, and the distance
of Kolmogorov and Smirnov.

The lock keeps a distribution: of quantities a hundred cuts, of anything else the shares of the most
frequent values. Where a quantity has no more than a hundred different values the cuts are all of
them, and the distance is exact; otherwise it is too small by a hundredth at most.
"""

from __future__ import annotations

import base64
import math
from abc import ABC, abstractmethod
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ftdsl.privacy.masking import masked
from ftdsl.results.distribution import Distribution

CUTS = 100
"""Cuts of a quantity that the lock keeps."""
VALUES = 50
"""Different values of a field that the lock keeps; the others count together."""
_BINS = 10
_LONGEST = 60
_MOVED = 3
"""Bins that a finding names."""
_HALF = 0.5
"""Rows added to every bin, so that an empty one has a share: the prior of Jeffreys."""


class Bin(NamedTuple):
    """Rows of one bin, in the lock and now."""

    name: str
    locked: int
    now: int


class Shift(ABC):
    """The values of all rows, and what the lock has to compare them with (None where nothing is
    locked yet)."""

    def __init__(self, _against: str = "locked") -> None:
        self.reference: Distribution | None = None
        self._numbers = array("d")
        self._values: Counter[str] = Counter()

    def add(self, column: list[Any]) -> None:
        there = [one for one in column if one is not None]
        if not there:
            return
        if isinstance(there[0], int | float) and not isinstance(there[0], bool):
            self._numbers.extend(there)
        else:
            self._values.update(map(_plain, there))

    def merge(self, dumped: Any) -> None:
        numbers, values = dumped
        self._numbers.frombytes(base64.b64decode(numbers))
        self._values.update(values)

    def dump(self) -> Any:
        return [base64.b64encode(self._numbers.tobytes()).decode(), dict(self._named())]

    @abstractmethod
    def value(self) -> float | None:
        """None where nothing is locked, or no row has the value."""

    def distribution(self) -> Distribution:
        """What a lock keeps of the values."""
        if self._numbers:
            return _of_numbers(self._ordered())
        most = sorted(self._named().items(), key=lambda one: (-one[1], one[0]))[:VALUES]
        return Distribution(rows=self._values.total(), values=dict(most))

    def bins(self) -> list[Bin]:
        """The same bins of the locked and of these values; none where one side has no value."""
        if self.reference is None or not self.reference.rows:
            return []
        if self._numbers and self.reference.cuts:
            return list(_number_bins(self.reference, self._ordered()))
        if self._values and self.reference.values:
            return list(_value_bins(self.reference, self._named()))
        return []

    def moved(self) -> list[tuple[str, str]]:
        """The bins that moved most: which, and its shares then and now."""
        bins = self.bins()
        terms = _terms(bins)
        order = sorted(range(len(bins)), key=lambda k: -terms[k])[:_MOVED]
        return [(bins[k].name, _told(bins, bins[k])) for k in order if terms[k] > 0]

    def _named(self) -> Counter[str]:
        """The values as the lock and a report may show them: personal data and secrets masked."""
        named: Counter[str] = Counter()
        for value, rows in self._values.items():
            named[masked(value, _LONGEST)] += rows
        return named

    def _ordered(self) -> NDArray[np.float64]:
        numbers = np.sort(np.frombuffer(self._numbers))
        return numbers[np.isfinite(numbers)]


class PopulationStability(Shift):
    """The index over the tenths of the locked values: the sum of (now - locked) ln(now / locked)
    over the shares."""

    def value(self) -> float | None:
        bins = self.bins()
        return math.fsum(_terms(bins)) if bins else None


class KolmogorovSmirnov(Shift):
    """The largest distance between the shares of rows at or below a value."""

    def value(self) -> float | None:
        reference = self.reference
        if reference is None or not reference.cuts or not self._numbers:
            return None
        numbers, cuts = self._ordered(), np.array(reference.cuts)
        if not len(numbers):
            return None
        locked = np.array(reference.below) / reference.rows
        until = np.searchsorted(numbers, cuts, "right") / len(numbers)
        distance = np.abs(locked - until).max()
        if reference.complete:
            before = np.searchsorted(numbers, cuts, "left") / len(numbers)
            distance = max(distance, np.abs(np.append(0.0, locked[:-1]) - before).max())
        return float(distance)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_numbers(ordered: NDArray[np.float64]) -> Distribution:
    cuts = np.unique(ordered)
    complete = len(cuts) <= CUTS
    if not complete:
        ranks = np.ceil(np.arange(1, CUTS + 1) * len(ordered) / CUTS).astype(np.intp) - 1
        cuts = np.unique(ordered[ranks])
    below = np.searchsorted(ordered, cuts, "right")
    return Distribution(
        rows=len(ordered),
        cuts=tuple(cuts.tolist()),
        below=tuple(below.tolist()),
        complete=complete,
    )


def _number_bins(reference: Distribution, ordered: NDArray[np.float64]) -> Iterator[Bin]:
    """Tenths of the locked values, fewer where one value is many tenths; the last is open."""
    edges: list[int] = []
    for tenth in range(1, _BINS):
        wanted = tenth * reference.rows / _BINS
        at = next(k for k, below in enumerate(reference.below) if below >= wanted)
        if at not in edges and at < len(reference.cuts) - 1:
            edges.append(at)
    low, seen, seen_now = "", 0, 0
    for at in edges:
        cut, below = reference.cuts[at], reference.below[at]
        now = int(np.searchsorted(ordered, cut, "right"))
        name = f"over {low} to {cut:g}" if low else f"to {cut:g}"
        yield Bin(name, below - seen, now - seen_now)
        low, seen, seen_now = f"{cut:g}", below, now
    yield Bin(f"over {low}" if low else "all", reference.rows - seen, len(ordered) - seen_now)


def _value_bins(reference: Distribution, now: Counter[str]) -> Iterator[Bin]:
    for name, locked in reference.values.items():
        yield Bin(name, locked, now.pop(name, 0))
    others = reference.rows - sum(reference.values.values())
    if others or now:
        yield Bin("any other", others, now.total())


def _terms(bins: list[Bin]) -> list[float]:
    locked = sum(one.locked for one in bins) + _HALF * len(bins)
    now = sum(one.now for one in bins) + _HALF * len(bins)
    shares = [((one.locked + _HALF) / locked, (one.now + _HALF) / now) for one in bins]
    return [(b - a) * math.log(b / a) for a, b in shares]


def _told(bins: list[Bin], one: Bin) -> str:
    locked = one.locked / max(sum(each.locked for each in bins), 1)
    now = one.now / max(sum(each.now for each in bins), 1)
    return f"{locked:.1%} of the locked rows, {now:.1%} now"
