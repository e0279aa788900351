"""Exact set-similarity join: which sets may be alike, and their Jaccard similarity.

Complete by construction (Chaudhuri, Ganti and Kaushik 2006; Bayardo, Ma and Srikant 2007): two
sets of Jaccard similarity ``t`` or more share ``ceil(t * size)`` elements of each, so that they
share one among the first ``size - ceil(t * size) + 1`` elements of each when all are put in one
order. The order is rarest first, so that few sets share those elements.

An element of one set alone can join nothing. Counters of two bits a hash, in a table so large that
few hashes share one, turn most such elements away in one pass; sets left with too few go too. Only
what remains is numbered, a shard of the hashes at a time. All passes read blocks of a ``SetStore``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup import kernel
from ftdsl.dedup.counters import Counters
from ftdsl.dedup.kernel import Numbers
from ftdsl.dedup.ragged import Ints, Ragged, offsets_of, ranges
from ftdsl.dedup.sets import SetStore

Floats = NDArray[np.float64]

# Two thresholds as doubles may differ in the last bit from the decimal that was written.
_SLACK = 1e-9
# Hashes numbered at once: their table takes 100 MB at most.
_SHARD = 4_000_000
# Threads that sift, and blocks that each may be ahead.
_THREADS, _AHEAD = 2, 2


def least_overlap(sizes: Ints, similarity: float) -> Ints:
    """The fewest elements a set of each size shares with any set that is similar enough."""
    needed: Ints = np.ceil(similarity * sizes - _SLACK).astype(np.int64)
    return np.maximum(needed, 1)


@dataclass(frozen=True, slots=True)
class SharedSets:
    """What is left of the sets when all that cannot matter is gone.

    ``sizes`` are the full sizes. ``ids`` holds, for each set that can be similar to another at all,
    its elements that occur in another set too, as small numbers, rarest first; the row of any
    other set is empty.
    """

    sizes: Ints
    ids: Ragged
    alphabet: int

    def possible(self) -> Ints:
        """The sets that can be similar to another."""
        return np.flatnonzero(self.ids.counts)


def shared_sets(
    store: SetStore,
    similarity: float,
    *,
    among: NDArray[np.bool_] | None = None,
    folder: Path | None = None,
    counters: Counters | None = None,
) -> SharedSets:
    """Number the shared elements of the sets (of those that ``among`` marks) by rarity.
    ``counters`` have counted all of them already."""
    sizes = store.sizes
    needed = least_overlap(sizes, similarity)
    if among is not None:
        needed = np.where(among, needed, np.iinfo(np.int64).max)
    sifted = _sifted(store, needed, folder, counters or _counted(store))
    ids, frequency = _numbered(sifted)
    ranks = np.empty(len(frequency), dtype=np.uint32)
    alphabet = kernel.loops().rarity(frequency, ranks)
    counts = np.empty(len(sizes), dtype=np.int64)
    used = kernel.loops().rank(ids, offsets_of(sifted.sizes), needed, ranks, counts)
    return SharedSets(sizes, Ragged(ids[:used], offsets_of(counts)), alphabet)


def _counted(store: SetStore) -> Counters:
    counters = Counters(store.elements)
    for block in store.blocks():
        counters.count(block.values)
    return counters


def _sifted(store: SetStore, needed: Ints, folder: Path | None, counters: Counters) -> SetStore:
    """The sets without most elements that no other set has."""
    sifted = SetStore(folder)
    for block in _sifted_blocks(store, needed, counters):
        sifted.append(block)
    return sifted


def _sifted_blocks(store: SetStore, needed: Ints, counters: Counters) -> Iterator[Ragged]:
    """The sifted blocks in order. The loops leave the interpreter to other threads."""
    waiting: deque[Future[Ragged]] = deque()
    first = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="sift") as threads:
        for block, rows in store.whole_blocks():
            count = len(block) if rows is None else len(rows)
            own = needed[first : first + count]
            waiting.append(threads.submit(_sift, counters, block, rows, own))
            first += count
            if len(waiting) > _THREADS * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _sift(counters: Counters, block: Ragged, rows: Ints | None, needed: Ints) -> Ragged:
    if rows is None:
        return counters.sift(block, needed)
    # No set has as many: the others come out empty, which costs less than to pick out these.
    whole = np.full(len(block), np.iinfo(np.int64).max)
    whole[rows] = needed
    left = counters.sift(block, whole)
    return Ragged(left.values, offsets_of(left.counts[rows]))


def _numbered(store: SetStore) -> tuple[Numbers, Numbers]:
    """A small number for each element, in the order of the sets, and how many sets hold each."""
    ids = np.empty(store.elements, dtype=np.uint32)
    shards = max(1, -(-store.elements // _SHARD))
    room = _room(store.elements, shards)
    frequency = [np.empty(0, dtype=np.uint32)]
    first = 0
    for shard in range(shards):
        found = _shard(store, ids, first, (shard, shards), room)
        frequency.append(found)
        first += len(found)
    return ids, np.concatenate(frequency)


def _room(elements: int, shards: int) -> int:
    """Places of a table that is half full where each hash of a shard occurs once."""
    return 1 << max(4, (2 * elements // shards).bit_length())


def _shard(store: SetStore, ids: Numbers, first: int, shard: tuple[int, int], room: int) -> Numbers:
    """Number the hashes of one shard. Hashes are spread evenly, unless somebody chose them: where
    the table is too small for that it is made again, twice as large."""
    keys, slots = np.zeros(room, dtype=np.uint64), np.zeros(room, dtype=np.uint32)
    frequency = np.zeros(room // 2 + room // 4, dtype=np.uint32)
    used = at = 0
    for block in store.blocks():
        own = ids[at : at + len(block.values)]
        used = kernel.loops().number(block.values, own, keys, slots, frequency, first, used, *shard)
        if used < 0:
            return _shard(store, ids, first, shard, 2 * room)
        at += len(block.values)
    return frequency[:used].copy()


def prefix_buckets(shared: SharedSets, similarity: float) -> Ragged:
    """For each set, the elements one of which it must share with any set similar enough."""
    counts, offsets = shared.ids.counts, shared.ids.offsets
    # Elements that no other set has come first in the order, and are already gone.
    length = counts - least_overlap(shared.sizes, similarity) + 1
    length = np.where(counts > 0, np.maximum(length, 0), 0)
    ends = offsets_of(length)
    values = np.empty(ends[-1], dtype=np.uint32)
    for start, end in Ragged(length, ends).chunks(_SHARD):
        places = ranges(offsets[start:end], length[start:end])
        values[ends[start] : ends[end]] = shared.ids.values[places]
    return Ragged(values, ends)


class Join:
    """Sets in buckets: two that share a bucket are compared, all others are not alike."""

    def __init__(self, shared: SharedSets, buckets: Ragged, similarity: float) -> None:
        self._similarity = similarity
        total = int(buckets.values.max()) + 1 if len(buckets.values) else 0
        starts = offsets_of(np.bincount(buckets.values, minlength=total).astype(np.int64))
        filled = np.zeros(total, dtype=np.int32)
        members = np.empty(len(buckets.values), dtype=np.int32)
        self._stamps = np.zeros(len(shared.sizes), dtype=np.uint32)
        self._stamp = 0
        self._state = (
            *(shared.ids.values, shared.ids.offsets, shared.sizes),
            *(buckets.values, buckets.offsets, starts),
            *(filled, members, self._stamps),
        )

    def enter(self, classes: Ints) -> None:
        """These sets (each once, never twice) can be found from now on."""
        kernel.loops().enter(classes, self._state)

    def probe(self, classes: Ints, among: bool) -> tuple[Ints, Ints, Floats]:
        """Pairs of one of ``classes`` (left) and a set that was entered, similar enough; with
        ``among`` also the pairs of these, each once. In order of left, then right."""
        if self._stamp + len(classes) > np.iinfo(np.int32).max:
            self._stamps[:] = self._stamp = 0
        left, right, similarity = kernel.loops().probe(
            classes, self._state, self._stamp, self._similarity, among
        )
        self._stamp += len(classes)
        lefts, rights = np.frombuffer(left, np.int64), np.frombuffer(right, np.int64)
        order = np.lexsort((rights, lefts))
        return lefts[order], rights[order], np.frombuffer(similarity, np.float64)[order]
