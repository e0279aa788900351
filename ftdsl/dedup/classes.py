"""Equal things as one class: keys of 16 bytes, numbered in order of their first place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.ragged import Ints

Keys = NDArray[np.uint64]
"""Two numbers a row."""
_WIDTH = 16


class Classes:
    """The classes so far."""

    def __init__(self) -> None:
        self._number_of: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._number_of)

    def number(self, keys: Keys, filled: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """The class of each row (-1 where it is not ``filled``), and the rows whose class is
        new."""
        before = len(self._number_of)
        number_of = self._number_of
        rows = np.flatnonzero(filled)
        names = np.ascontiguousarray(keys[rows]).view(f"V{_WIDTH}").ravel().tolist()
        found = [number_of.setdefault(name, len(number_of)) for name in names]
        numbers = np.array(found, dtype=np.int64)
        classes = np.full(len(filled), -1, dtype=np.int64)
        classes[rows] = numbers
        if len(number_of) - before == len(rows):
            return classes, rows
        _, firsts = np.unique(numbers, return_index=True)
        fresh = np.sort(firsts[numbers[firsts] >= before])
        return classes, rows[fresh]

    def keys(self) -> Keys:
        """The keys of all classes, in their order."""
        keys = np.frombuffer(b"".join(self._number_of), np.uint64)
        return keys.reshape(-1, 2)
