"""The loops of the near-duplicate search: the compiled kernel, or else its NumPy twin.

Both have the same functions and the same results. Sets are given as flat arrays with offsets; the
functions that fill an array write into the one they are given.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup import twin
from ftdsl.dedup.mixing import Hashes
from ftdsl.dedup.ragged import Ints, Ragged, offsets_of
from ftdsl.dedup.twin import State

try:
    from ftdsl.dedup import _kernel as compiled
except ImportError:
    compiled = None  # type: ignore[assignment]  # no compiler was there when it was installed

# Code points that may be part of a word; a test holds that none beyond is.
_POINTS = 0x40000

Numbers = NDArray[np.uint32]
Places = NDArray[np.int32]


class Loops(Protocol):
    """What the kernel and its twin both have."""

    def shingle(
        self, texts: tuple[str | bytes, ...], width: int, table: Any, /
    ) -> tuple[bytes, bytes, bytes]: ...
    def tally(self, values: Any, table: Any, bits: int, /) -> None: ...
    def sift(
        self, values: Any, offsets: Any, needed: Any, table: Any, bits: int, /
    ) -> tuple[bytes, bytes]: ...
    def number(
        self, values: Any, ids: Any, keys: Any, slots: Any, frequency: Any, first: int, used: int,
        shard: int, shards: int, /,
    ) -> int: ...  # fmt: skip
    def rarity(self, frequency: Any, ranks: Any, /) -> int: ...
    def rank(self, ids: Any, offsets: Any, needed: Any, ranks: Any, counts: Any, /) -> int: ...
    def sign(
        self, values: Any, offsets: Any, multipliers: Any, addends: Any, marks: Any, /
    ) -> None: ...
    def enter(self, classes: Any, state: State, /) -> None: ...
    def probe(
        self, classes: Any, state: State, stamp: int, similarity: float, among: bool, /
    ) -> tuple[bytes, bytes, bytes]: ...


_loops: Loops = twin if compiled is None else compiled


def loops() -> Loops:
    """The implementation in use."""
    return _loops


def choose(implementation: Loops) -> None:
    """Use this implementation from now on: for tests and measurements."""
    global _loops
    _loops = implementation


def in_use() -> str:
    """How reports name it."""
    return "NumPy" if _loops is twin else "compiled"


@cache
def word_table() -> bytes:
    """One bit a code point: whether Python's ``re`` takes it for part of a word."""
    marks = np.zeros(_POINTS, dtype=np.bool_)
    for run in re.compile(r"\w+").finditer("".join(map(chr, range(_POINTS)))):
        marks[run.start() : run.end()] = True
    return np.packbits(marks, bitorder="little").tobytes()


_NO_TABLE = bytes(_POINTS // 8)


def shingle(texts: tuple[str | bytes, ...], width: int) -> tuple[Ragged, list[bytes]]:
    """The distinct shingle hashes of each text, sorted, and a key of 16 bytes by which equal sets
    are known. A text is ASCII, or the UTF-8 bytes of a normalised text."""
    beyond = any(isinstance(text, bytes) for text in texts)
    table = word_table() if beyond and _loops is not twin else _NO_TABLE
    values, counts, sums = _loops.shingle(texts, width, table)
    sets = Ragged(np.frombuffer(values, np.uint64), offsets_of(np.frombuffer(counts, np.int64)))
    return sets, [sums[at : at + 16] for at in range(0, len(sums), 16)]


def sift(sets: Ragged, needed: Ints, table: NDArray[np.uint8], bits: int) -> Ragged:
    """Of each set the hashes counted twice; none where fewer than ``needed`` are left."""
    values, counts = _loops.sift(sets.values, sets.offsets, needed, table, bits)
    return Ragged(np.frombuffer(values, np.uint64), offsets_of(np.frombuffer(counts, np.int64)))


def tally(values: Hashes, table: NDArray[np.uint8], bits: int) -> None:
    """Count hashes in two-bit counters, which stop at 2."""
    _loops.tally(values, table, bits)
