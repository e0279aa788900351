"""What only several rows together show: repeats, contradicting values, outliers, rare values.

Every state keeps eight or sixteen bytes a row, in the order of the rows, and nothing else: so it
does not depend on lines, can be merged with that of the rows that follow, and can still say which
rows it means, by their place among all rows.
"""

from __future__ import annotations

import base64
from array import array
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ftdsl.data.rows import Row
from ftdsl.quality.hashes import value_hash

NAMED = 10
"""Rows that a statement names; the others are counted."""
_NORMAL = 0.674489750196
"""The 75% quantile of the normal distribution: makes a MAD comparable with a deviation."""
_MEAN_NORMAL = 1.253314137
"""Standard deviation over mean absolute deviation of the normal distribution."""

Hashes = NDArray[np.uint64]


@runtime_checkable
class NamesRows(Protocol):
    """A state that can say which rows made it what it is."""

    def causes(self) -> list[tuple[int, str]]:
        """The first rows, by their number from 0 among all rows, each with why."""
        ...


class Kept:
    """One 64-bit number a row; 0 stands for a row without the value."""

    def __init__(self) -> None:
        self.rows = array("Q")

    def add(self, column: list[Any]) -> None:
        self.rows.extend(0 if one is None else _hash(one) for one in column)

    def merge(self, dumped: Any) -> None:
        self.rows.frombytes(base64.b64decode(dumped))

    def dump(self) -> Any:
        return base64.b64encode(self.rows.tobytes()).decode()

    @property
    def hashes(self) -> Hashes:
        return np.frombuffer(self.rows, np.uint64) if self.rows else np.zeros(0, np.uint64)


def _hash(value: Any) -> int:
    return value_hash(value.value if isinstance(value, Row) else value) or 1


class Repeats(Kept):
    """Rows whose value an earlier row has."""

    def _later(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The repeating rows in order, and the first row of each one's value."""
        hashes = self.hashes
        there = np.flatnonzero(hashes)
        _, first, group = np.unique(hashes[there], return_index=True, return_inverse=True)
        earliest = there[first[group]]
        later = earliest != there
        return there[later], earliest[later]

    def value(self) -> int:
        return len(self._later()[0])

    def causes(self) -> list[tuple[int, str]]:
        rows, firsts = self._later()
        pairs = zip(rows[:NAMED].tolist(), firsts[:NAMED].tolist(), strict=True)
        return [(row, f"repeats row {first + 1}") for row, first in pairs]


class Rare(Kept):
    """Rows whose value fewer than ``below`` of the rows have."""

    def __init__(self, below: float) -> None:
        super().__init__()
        self.below = below

    def _found(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        hashes = self.hashes
        there = np.flatnonzero(hashes)
        _, group, counts = np.unique(hashes[there], return_inverse=True, return_counts=True)
        shared = counts[group]
        rare = shared < self.below * len(there)
        return there[rare], shared[rare]

    def value(self) -> int:
        return len(self._found()[0])

    def causes(self) -> list[tuple[int, str]]:
        rows, counts = self._found()
        pairs = zip(rows[:NAMED].tolist(), counts[:NAMED].tolist(), strict=True)
        return [(row, f"{count} row{'s' * (count > 1)} with this value") for row, count in pairs]


class Strays(Kept):
    """Rows whose value is not the one that nearly all rows have; none where ``below`` of the rows
    or more have another."""

    def __init__(self, below: float) -> None:
        super().__init__()
        self.below = below

    def _found(self) -> tuple[NDArray[np.intp], int]:
        """The rows that stray, and how many do not."""
        hashes = self.hashes
        there = np.flatnonzero(hashes)
        values, counts = np.unique(hashes[there], return_counts=True)
        if not len(there):
            return there, 0
        most = counts.argmax()
        strays = there[hashes[there] != values[most]]
        few = len(strays) < self.below * len(there)
        return (strays if few else strays[:0]), int(counts[most])

    def value(self) -> int:
        return len(self._found()[0])

    def causes(self) -> list[tuple[int, str]]:
        rows, others = self._found()
        return [(row, f"not as {others} others") for row in rows[:NAMED].tolist()]


class Conflicts:
    """Keys, such as prompts, whose rows have more than one value. A row that lacks either takes no
    part."""

    def __init__(self) -> None:
        self.keys, self.values = Kept(), Kept()

    def add(self, column: list[Any]) -> None:
        self.keys.add([key for key, _ in column])
        self.values.add([value for _, value in column])

    def merge(self, dumped: Any) -> None:
        self.keys.merge(dumped[0])
        self.values.merge(dumped[1])

    def dump(self) -> Any:
        return [self.keys.dump(), self.values.dump()]

    def _pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """For each key in conflict its first row, and the first row that has another value; in the
        order of the latter."""
        keys, values = self.keys.hashes, self.values.hashes
        there = np.flatnonzero((keys != 0) & (values != 0))
        _, first, group = np.unique(keys[there], return_index=True, return_inverse=True)
        earliest = there[first[group]]
        other = values[there] != values[earliest]
        rows, firsts = there[other], earliest[other]
        _, once = np.unique(firsts, return_index=True)
        once.sort()
        return rows[once], firsts[once]

    def value(self) -> int:
        return len(self._pairs()[0])

    def causes(self) -> list[tuple[int, str]]:
        rows, firsts = self._pairs()
        pairs = zip(rows[:NAMED].tolist(), firsts[:NAMED].tolist(), strict=True)
        return [(row, f"contradicts row {first + 1}") for row, first in pairs]


class Outliers:
    """Rows whose value lies more than ``z`` robust deviations from the median: the modified z-score
    of Iglewicz and Hoaglin (1993), 0.6745 (x - median) / MAD. Where more than half of the rows
    have one value the MAD is 0, and the mean absolute deviation over 1.2533 takes its place."""

    def __init__(self, z: float) -> None:
        self.z = z
        self.rows = array("d")

    def add(self, column: list[Any]) -> None:
        self.rows.extend(np.nan if one is None else one for one in column)

    def merge(self, dumped: Any) -> None:
        self.rows.frombytes(base64.b64decode(dumped))

    def dump(self) -> Any:
        return base64.b64encode(self.rows.tobytes()).decode()

    def _scores(self) -> NDArray[np.float64]:
        values = np.frombuffer(self.rows) if self.rows else np.zeros(0)
        there = values[np.isfinite(values)]
        if not len(there):
            return np.zeros(len(values))
        away = np.abs(values - np.median(there))
        spread = np.median(away[np.isfinite(away)]) / _NORMAL
        if not spread:
            spread = np.mean(away[np.isfinite(away)]) * _MEAN_NORMAL
        scores: NDArray[np.float64] = away / spread if spread else np.zeros(len(values))
        return np.nan_to_num(scores, nan=0.0)

    def value(self) -> int:
        return int(np.count_nonzero(self._scores() > self.z))

    def causes(self) -> list[tuple[int, str]]:
        scores = self._scores()
        far = np.flatnonzero(scores > self.z)
        worst = far[np.argsort(-scores[far], kind="stable")][:NAMED]
        return [(row, f"{self.rows[row]:g}, z = {scores[row]:.1f}") for row in worst.tolist()]


ACROSS: dict[str, Any] = {
    "repeats": Repeats,
    "conflicts": Conflicts,
    "outliers": Outliers,
    "rare": Rare,
    "strays": Strays,
}
