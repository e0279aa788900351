"""Ragged arrays: many rows of different length, kept in one flat array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def ranges(starts: Ints, counts: Ints) -> Ints:
    """``[s, s+1, …, s+c-1]`` for every (s, c), one after the other."""
    total = int(counts.sum())
    if total == 0:
        return np.empty(0, dtype=np.int64)
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(total, dtype=np.int64)


def offsets_of(counts: Ints) -> Ints:
    """Row boundaries of a ragged array whose rows have ``counts`` elements: one more than rows."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


@dataclass(frozen=True, slots=True)
class Ragged:
    """Row ``i`` is ``values[offsets[i]:offsets[i + 1]]``."""

    values: NDArray[Any]
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def counts(self) -> Ints:
        return np.diff(self.offsets)

    def row(self, index: int) -> NDArray[Any]:
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def positions(self, rows: Ints) -> Ints:
        """Where the elements of ``rows`` stand in ``values``, row after row."""
        return ranges(self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows])

    def take(self, rows: Ints) -> Ragged:
        """These rows alone, in this order."""
        return Ragged(self.values[self.positions(rows)], offsets_of(self.counts[rows]))

    def where(self, keep: NDArray[np.bool_]) -> Ragged:
        """The same rows with only the elements that ``keep`` marks."""
        kept = np.zeros(len(keep) + 1, dtype=np.int64)
        np.cumsum(keep, out=kept[1:])
        return Ragged(self.values[keep], kept[self.offsets])

    def row_numbers(self) -> Ints:
        """For every element, the row it stands in."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.counts)

    def sort_rows(self) -> None:
        """Sort the elements of each row, in place."""
        bounds = self.offsets.tolist()
        for start, end in pairwise(bounds):
            if end - start > 1:
                self.values[start:end].sort()

    def chunks(self, limit: int) -> Iterator[tuple[int, int]]:
        """Ranges of rows that hold at most ``limit`` elements each (or one longer row)."""
        start = 0
        while start < len(self):
            target = self.offsets[start] + limit
            end = int(np.searchsorted(self.offsets, target, side="right")) - 1
            end = max(end, start + 1)
            yield start, end
            start = end


def concatenate(parts: Sequence[Ragged], dtype: Any) -> Ragged:
    """The rows of all parts, in order."""
    if not parts:
        return Ragged(np.empty(0, dtype=dtype), np.zeros(1, dtype=np.int64))
    values = np.concatenate([part.values for part in parts])
    return Ragged(values, offsets_of(np.concatenate([part.counts for part in parts])))
