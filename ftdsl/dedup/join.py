"""Exact set-similarity join: which sets may be alike, and their Jaccard similarity.

Complete by construction (Chaudhuri, Ganti and Kaushik 2006; Bayardo, Ma and Srikant 2007): two
sets of Jaccard similarity ``t`` or more share ``ceil(t * size)`` elements of each, so that they
share one among the first ``size - ceil(t * size) + 1`` elements of each when all are put in one
order. The order is rarest first, so that few sets share those elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.ragged import Ints, Ragged, offsets_of

Floats = NDArray[np.float64]

# Elements gathered at once while pairs are verified: 4 million take 16 MB.
_GATHER = 4_000_000
# Two thresholds as doubles may differ in the last bit from the decimal that was written.
_SLACK = 1e-9


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


def shared_sets(sets: Ragged, similarity: float) -> SharedSets:
    """Number the shared elements of ``sets`` (distinct sets of 64-bit hashes) by rarity."""
    sizes = sets.counts
    shared, frequency = _repeated(sets.values)
    found = _lookup(sets.values, shared)
    held = sets.where(found >= 0)
    ranks = np.empty(len(shared), dtype=np.uint32)
    ranks[np.argsort(frequency, kind="stable")] = np.arange(len(shared), dtype=np.uint32)
    enough = held.counts >= least_overlap(sizes, similarity)
    keep = np.repeat(enough, held.counts)
    ids = Ragged(ranks[found[found >= 0][keep]], offsets_of(np.where(enough, held.counts, 0)))
    ids.sort_rows()
    return SharedSets(sizes, ids, len(shared))


def _repeated(values: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], Ints]:
    """The values that occur more than once, sorted, and how often."""
    ordered = np.sort(values)
    same = ordered[1:] == ordered[:-1]
    firsts = np.flatnonzero(same & ~np.concatenate(([False], same[:-1])))
    lasts = np.flatnonzero(same & ~np.concatenate((same[1:], [False])))
    return ordered[firsts], (lasts - firsts + 2).astype(np.int64)


def _lookup(values: NDArray[np.uint64], known: NDArray[np.uint64]) -> Ints:
    """The index in ``known`` (sorted) of each value, -1 where it is not there."""
    found = np.full(len(values), -1, dtype=np.int64)
    if len(known) == 0:
        return found
    # A table over the leading bits turns most strangers away before the binary search.
    bits = min(max(len(known).bit_length() + 3, 12), 26)
    shift = np.uint64(64 - bits)
    table = np.zeros(1 << bits, dtype=np.bool_)
    table[(known >> shift).astype(np.int64)] = True
    maybe = np.flatnonzero(table[(values >> shift).astype(np.int64)])
    wanted = values[maybe]
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    hits = known[places] == wanted
    found[maybe[hits]] = places[hits]
    return found


def prefix_buckets(shared: SharedSets, similarity: float) -> Ragged:
    """For each set, the elements one of which it must share with any set similar enough."""
    counts = shared.ids.counts
    # Elements that no other set has come first in the order, and are already gone.
    length = counts - least_overlap(shared.sizes, similarity) + 1
    length = np.where(counts > 0, np.maximum(length, 0), 0)
    place = np.arange(len(shared.ids.values)) - np.repeat(shared.ids.offsets[:-1], counts)
    return shared.ids.where(place < np.repeat(length, counts))


class JaccardMeasure:
    """Exact Jaccard similarity of pairs of sets."""

    def __init__(self, shared: SharedSets, similarity: float) -> None:
        self.shared = shared
        self.similarity = similarity
        self._marks = np.zeros(shared.alphabet, dtype=np.bool_)

    def __call__(self, left: Ints, right: Ints) -> Floats:
        """Similarity of each pair; 0 where it is below the threshold. ``left`` is sorted."""
        result = np.zeros(len(left), dtype=np.float64)
        hopeful = np.flatnonzero(self._bound(left, right) >= self.similarity)
        for start, end in self._chunks(right[hopeful]):
            pairs = hopeful[start:end]
            result[pairs] = self._verify(left[pairs], right[pairs])
        result[result < self.similarity] = 0.0
        return result

    def _bound(self, left: Ints, right: Ints) -> Floats:
        """The most that the similarity can be, given the sizes alone."""
        sizes, counts = self.shared.sizes, self.shared.ids.counts
        overlap = np.minimum(counts[left], counts[right])
        bound: Floats = overlap / (sizes[left] + sizes[right] - overlap)
        return bound

    def _chunks(self, right: Ints) -> Iterator[tuple[int, int]]:
        return Ragged(right, offsets_of(self.shared.ids.counts[right])).chunks(_GATHER)

    def _verify(self, left: Ints, right: Ints) -> Floats:
        ids = self.shared.ids
        gathered = ids.values[ids.positions(right)]
        ends = offsets_of(ids.counts[right])
        inside = np.empty(len(gathered), dtype=np.bool_)
        turns = np.flatnonzero(np.concatenate(([True], left[1:] != left[:-1], [True])))
        for start, end in zip(turns.tolist(), turns[1:].tolist(), strict=False):
            own = ids.row(int(left[start]))
            self._marks[own] = True
            inside[ends[start] : ends[end]] = self._marks[gathered[ends[start] : ends[end]]]
            self._marks[own] = False
        overlap = np.add.reduceat(inside, ends[:-1], dtype=np.int64)
        sizes = self.shared.sizes
        together: Floats = overlap / (sizes[left] + sizes[right] - overlap)
        return together
