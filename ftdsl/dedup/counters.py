"""Two-bit counters of hashes: which were seen once only, in a table of fixed size.

A counter that two hashes share only keeps a hash too many. Hashes are counted while further rows
are read, when their number is not known yet: the table is made for as many as the bytes of the
files may hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup import kernel
from ftdsl.dedup.mixing import Hashes
from ftdsl.dedup.ragged import Ints, Ragged
from ftdsl.dedup.sets import DamagedError

# Counters a hash, as a power of two, and the largest table: 2^31 counters are 512 MB.
_ROOM, _LEAST, _LARGEST = 2, 12, 31
# Bytes of text for each of its shingles, at least.
_BYTES = 7


class Counters:
    """Made for some ``expected`` hashes."""

    def __init__(self, expected: int) -> None:
        self._bits = min(max((expected << _ROOM).bit_length(), _LEAST), _LARGEST)
        self._table = np.zeros(1 << (self._bits - 2), dtype=np.uint8)

    @classmethod
    def for_bytes(cls, size: int) -> Counters:
        """For the shingles of texts of ``size`` bytes."""
        return cls(size // _BYTES)

    def count(self, values: Hashes) -> None:
        """Raise the counter of each hash, up to 2."""
        kernel.tally(values, self._table, self._bits)

    def sift(self, sets: Ragged, needed: Ints) -> Ragged:
        """Of each set the hashes counted twice; none where fewer than ``needed`` are left."""
        return kernel.sift(sets, needed, self._table, self._bits)

    def touched(self, sets: Ragged, needed: Ints, sums: Hashes | None) -> NDArray[np.bool_]:
        """The sets of which ``needed`` hashes were counted at least. Raises DamagedError where one
        is not that of its sums."""
        states = kernel.touched(sets, needed, sums, self._table, self._bits)
        if (states > 1).any():
            raise DamagedError
        enough: NDArray[np.bool_] = states == 1
        return enough
