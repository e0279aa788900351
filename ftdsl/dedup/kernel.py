"""The loops of the near-duplicate search: the compiled kernel, or else its NumPy twin.

Both have the same functions and the same results. Sets are given as flat arrays with offsets; the
functions that fill an array write into the one they are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup import twin, unicode_tables
from ftdsl.dedup.mixing import Hashes
from ftdsl.dedup.ragged import Ints, Ragged, concatenate, offsets_of
from ftdsl.dedup.twin import State

try:
    from ftdsl.dedup import _kernel as compiled
except ImportError:
    compiled = None  # type: ignore[assignment]  # no compiler was there when it was installed

Numbers = NDArray[np.uint32]
Places = NDArray[np.int32]
Sums = NDArray[np.uint64]


class Loops(Protocol):
    """What the kernel and its twin both have."""

    def shingle(
        self, texts: tuple[str | bytes, ...], width: int, words: Any, folds: Any, folded: Any, /
    ) -> tuple[bytes, bytes, bytes]: ...
    def tally(self, values: Any, table: Any, bits: int, /) -> None: ...
    def sift(
        self, values: Any, offsets: Any, needed: Any, table: Any, bits: int, /
    ) -> tuple[bytes, bytes]: ...
    def touched(
        self, values: Any, offsets: Any, needed: Any, sums: Any, table: Any, bits: int, /
    ) -> bytes: ...
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


def whole(built: Any) -> Any:
    """The compiled file, if it has all functions: one that was built from older sources is none."""
    return built if all(hasattr(built, name) for name in (*twin.__all__, "scan")) else None


compiled = whole(compiled)
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


_NO_TABLES = (bytes(unicode_tables.WORD_POINTS // 8), b"", b"")


def shingle(texts: tuple[str | bytes, ...], width: int) -> tuple[Ragged, Sums]:
    """The distinct shingle hashes of each text, sorted, and two sums by which equal sets are known.
    A text is a str as it is, or the UTF-8 bytes of a normalised text."""
    beyond = not all(isinstance(text, str) and text.isascii() for text in texts)
    tables: Any = _NO_TABLES
    if beyond and _loops is not twin:
        tables = (unicode_tables.words(), *unicode_tables.folds())
    sets, sums, counts = _shingle(texts, width, tables)
    whole = np.flatnonzero(counts < 0)
    if not len(whole):
        return sets, sums
    some = tuple(_normal(texts[index]) for index in whole.tolist())
    again, sums[whole], _ = _shingle(some, width, tables)
    order = np.arange(len(texts), dtype=np.int64)
    order[whole] = len(texts) + np.arange(len(whole))
    return concatenate([sets, again], np.uint64).take(order), sums


def _normal(text: str | bytes) -> bytes:
    assert isinstance(text, str)
    return unicode_tables.normalise(text).encode("utf-8", "surrogatepass")


def _shingle(
    texts: tuple[str | bytes, ...], width: int, tables: tuple[Any, Any, Any]
) -> tuple[Ragged, Sums, Ints]:
    values, sizes, sums = _loops.shingle(texts, width, *tables)
    counts = np.frombuffer(sizes, np.int64)
    sets = Ragged(np.frombuffer(values, np.uint64), offsets_of(np.maximum(counts, 0)))
    return sets, np.frombuffer(sums, np.uint64).reshape(-1, 2).copy(), counts


@dataclass(frozen=True, slots=True)
class Layout:
    """What a row of JSON lines must be made of: fields as (name, kinds, required), ``kinds`` as in
    the C file; and which text is compared: the prompt (``wanted`` 0) or the reply (1) of its turns,
    or the field ``target`` (2)."""

    fields: tuple[tuple[bytes, int, int], ...]
    wanted: int
    target: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """The sets of the texts of JSON lines, with the byte at which each line starts. The lines of
    ``unusual`` must be read in another way; their sets are empty."""

    sets: Ragged
    sums: Sums
    starts: Ints
    unusual: Ints


def can_scan() -> bool:
    """Whether lines can be read by the loops themselves: only by those in C."""
    return _loops is not twin


def scan(data: bytes, layout: Layout, width: int) -> Scan:
    """Read JSON lines."""
    assert compiled is not None
    tables = (unicode_tables.words(), *unicode_tables.folds())
    values, counts, sums, starts, states = compiled.scan(
        data, layout.fields, layout.wanted, layout.target, width, *tables
    )
    return Scan(
        Ragged(np.frombuffer(values, np.uint64), offsets_of(np.frombuffer(counts, np.int64))),
        np.frombuffer(sums, np.uint64).reshape(-1, 2),
        np.frombuffer(starts, np.int64),
        np.flatnonzero(np.frombuffer(states, np.uint8)),
    )


def sift(sets: Ragged, needed: Ints, table: NDArray[np.uint8], bits: int) -> Ragged:
    """Of each set the hashes counted twice; none where fewer than ``needed`` are left."""
    values, counts = _loops.sift(sets.values, sets.offsets, needed, table, bits)
    return Ragged(np.frombuffer(values, np.uint64), offsets_of(np.frombuffer(counts, np.int64)))


def touched(
    sets: Ragged, needed: Ints, sums: Sums | None, table: NDArray[np.uint8], bits: int
) -> NDArray[np.uint8]:
    """For each set: 1 where ``needed`` of its hashes were counted at least, 2 where the first of
    its ``sums`` is not that of its hashes."""
    own = np.empty(0, dtype=np.uint64) if sums is None else np.ascontiguousarray(sums)
    states = _loops.touched(sets.values, sets.offsets, needed, own, table, bits)
    return np.frombuffer(states, np.uint8)


def tally(values: Hashes, table: NDArray[np.uint8], bits: int) -> None:
    """Count hashes in two-bit counters, which stop at 2."""
    _loops.tally(values, table, bits)
