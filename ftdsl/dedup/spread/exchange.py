"""The exact join past one machine: who must meet whom, told by hash.

The plan is that of ``join``, in the three rounds of Vernica, Carey and Li (2010). Blocks of sets
stand where they were made; hashes are dealt out to shards. First each block tells each shard its
hashes, and is told how many sets hold each (``scattered``, ``counted``). Then it sorts each set's
elements rarest first, and hands every set to the shards of its first elements, which any set that
is similar enough must share one of (``pieced``). A shard then joins the sets that it was handed
(``ShardIndex``) with the loops of ``join``: similarity is taken from whole sets, so that a pair
that meets in several shards is the same pair. With MinHash the hashes are those of bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.join import Join, SharedSets, least_overlap
from ftdsl.dedup.minhash import Bands, choose_bands, row_keys, signatures
from ftdsl.dedup.mixing import Hashes
from ftdsl.dedup.ragged import Ints, Ragged, offsets_of
from ftdsl.language.program import DropDef

Counts = NDArray[np.uint16]
_MOST = np.iinfo(np.uint16).max

_Found = tuple[Ints, Ints, NDArray[np.float64]]


def bands_of(drop: DropDef) -> Bands | None:
    """The bands of a line that hashes; None for the complete join."""
    hashing = drop.algorithm == "minhash"
    return choose_bands(drop.similarity, drop.permutations) if hashing else None


def scattered(sets: Ragged, numbers: Ints, drop: DropDef, shards: int) -> Any:
    """The hashes of the sets that have a number, by shard."""
    hashes = _hashes(sets.take(np.flatnonzero(numbers >= 0)), drop).values
    return _several([hashes[hashes % np.uint64(shards) == one] for one in range(shards)])


def counted(*blocks: Hashes) -> Any:
    """For each block, in how many sets of all blocks each of its hashes occurs (up to 65,535)."""
    _, places, often = np.unique(np.concatenate(blocks), return_inverse=True, return_counts=True)
    counts = np.minimum(often, _MOST).astype(np.uint16)[places]
    ends = np.cumsum([len(block) for block in blocks])
    return _several(np.split(counts, ends[:-1]))


@dataclass(frozen=True, slots=True)
class Piece:
    """Sets that a block hands to a shard: their numbers, full sizes, those of their elements that
    may be shared, and the hashes by which they meet others there."""

    numbers: Ints
    sizes: Ints
    elements: Ragged
    meeting: Ragged


def pieced(sets: Ragged, numbers: Ints, drop: DropDef, shards: int, *counts: Counts) -> list[Any]:
    """Which sets can be similar to another at all, and a ``Piece`` for every shard."""
    rows = np.flatnonzero(numbers >= 0)
    own, numbers = sets.take(rows), numbers[rows]
    hashes = _hashes(own, drop)
    often = np.empty(len(hashes.values), dtype=np.uint16)
    shard_of = hashes.values % np.uint64(shards)
    for shard, told in enumerate(counts):
        often[shard_of == shard] = told
    shared = hashes.where(often > 1)
    often = often[often > 1]
    if bands_of(drop) is None:
        elements, meeting = _prefixes(shared, often, own.counts, drop.similarity)
    else:
        elements, meeting = own, shared
    possible = meeting.counts > 0
    pieces = [
        _piece(numbers, own.counts, elements, meeting, (one, shards)) for one in range(shards)
    ]
    return [(numbers, possible), *pieces]


def _hashes(sets: Ragged, drop: DropDef) -> Ragged:
    """What the sets may meet by: their elements, or the keys of their bands."""
    bands = bands_of(drop)
    if bands is None:
        return sets
    marks = signatures(sets, drop.permutations, drop.seed)
    keys = row_keys(marks, bands)
    return Ragged(keys.reshape(-1), offsets_of(np.full(len(sets), bands.count, dtype=np.int64)))


def _prefixes(
    shared: Ragged, often: Counts, sizes: Ints, similarity: float
) -> tuple[Ragged, Ragged]:
    """The shared elements of the sets that have enough of them, and the rarest of each, one of
    which it has in common with any set that is similar enough."""
    needed = least_overlap(sizes, similarity)
    enough = shared.counts >= needed
    keep = np.repeat(enough, shared.counts)
    shared, often = shared.where(keep), often[keep]
    rows = shared.row_numbers()
    # All blocks put elements in one order, by how many sets hold them and then by themselves.
    order = np.lexsort((shared.values, often, rows))
    shared = Ragged(shared.values[order], shared.offsets)
    place = np.arange(len(rows)) - np.repeat(shared.offsets[:-1], shared.counts)
    length = np.where(enough, shared.counts - needed + 1, 0)
    return shared, shared.where(place < length[rows])


def _piece(
    numbers: Ints, sizes: Ints, elements: Ragged, meeting: Ragged, shard: tuple[int, int]
) -> Piece:
    here = meeting.where(meeting.values % np.uint64(shard[1]) == shard[0])
    rows = np.flatnonzero(here.counts)
    return Piece(numbers[rows], sizes[rows], elements.take(rows), here.take(rows))


class ShardIndex:
    """The sets that one shard was handed, and those of them that are kept: a station's object."""

    def __init__(self, similarity: float, *pieces: Piece) -> None:
        order = np.argsort(np.concatenate([piece.numbers for piece in pieces]), kind="stable")
        self._numbers = np.concatenate([piece.numbers for piece in pieces])[order]
        sizes = np.concatenate([piece.sizes for piece in pieces])[order]
        elements = _joined([piece.elements for piece in pieces]).take(order)
        meeting = _joined([piece.meeting for piece in pieces]).take(order)
        ids = _renumbered(elements)
        shared = SharedSets(sizes, ids, int(ids.values.max(initial=0)) + 1)
        self._join = Join(shared, _renumbered(meeting), similarity)
        self._entered = 0

    def similar(
        self, first: int, entering: Sequence[Ints], classes: Ints, among: bool
    ) -> _Found | int:
        """Pairs of one of ``classes`` and a class that was entered, after those of ``entering``
        are; ``first`` is the number of the first of these batches. Where batches before it are
        missing, for the shard was made anew, their first number alone. Asked again it does as if
        it had been asked once."""
        if self._entered < first:
            return self._entered
        for batch in entering[self._entered - first :]:
            self._join.enter(self._places(batch))
        self._entered = max(self._entered, first + len(entering))
        here = self._places(classes)
        left, right, similarity = self._join.probe(here, among)
        return self._numbers[left], self._numbers[right], similarity

    def _places(self, classes: Ints) -> Ints:
        """Where those of the classes stand that this shard has, in their order."""
        if not len(self._numbers):
            return np.empty(0, dtype=np.int64)
        places = np.searchsorted(self._numbers, classes)
        places[places == len(self._numbers)] = 0
        found: Ints = places[self._numbers[places] == classes]
        return found


def _joined(parts: Sequence[Ragged]) -> Ragged:
    counts = np.concatenate([part.counts for part in parts])
    return Ragged(np.concatenate([part.values for part in parts]), offsets_of(counts))


def _renumbered(sets: Ragged) -> Ragged:
    """The same sets of small numbers, each in rising order."""
    _, numbers = np.unique(sets.values, return_inverse=True)
    order = np.lexsort((numbers, sets.row_numbers()))
    return Ragged(numbers[order].astype(np.uint32), sets.offsets)


def _several(parts: list[Any]) -> Any:
    """Several pieces as a list, and one as itself: what an engine takes a call's answer for."""
    return parts if len(parts) > 1 else parts[0]
