"""Near-duplicates: rows whose shingle sets have a Jaccard similarity at or above the threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ftdsl.dedup.clause import Pairs, Texts
from ftdsl.dedup.join import JaccardMeasure, SharedSets, prefix_buckets, shared_sets
from ftdsl.dedup.minhash import Bands, Signatures, band_buckets, choose_bands, signatures
from ftdsl.dedup.ragged import Ints, Ragged, offsets_of, ranges
from ftdsl.dedup.shingles import ShingleTable

# Up to this many shingles the exact join is chosen: it misses nothing, takes seconds (somewhat more
# than signatures do), and its memory (some 60 bytes a shingle) is small.
EXACT_SHINGLES = 4_000_000
# Candidate pairs looked at together: some 100 MB while they are made distinct.
_PAIRS = 2_000_000
# Characters cut into shingles at once: array work on them takes some 30 MB.
_CHARACTERS = 1_000_000
# Sets signed at once when MinHash takes over from the exact join.
_SIGNED = 4096


class NearComparer:
    """Shingle sets of the texts, and the index over them.

    ``algorithm`` is ``exact_join`` (complete), ``minhash`` (a pair at the threshold is found with
    the probability ``recall``; every pair found is verified), or ``auto``: the exact join up to
    ``EXACT_SHINGLES`` shingles, MinHash beyond.
    """

    def __init__(
        self,
        similarity: float,
        *,
        algorithm: str = "auto",
        shingle: int = 5,
        permutations: int = 128,
        seed: int = 1,
        folder: Path | None = None,
    ) -> None:
        self.similarity = similarity
        self.algorithm = algorithm
        self.permutations = permutations
        self.seed = seed
        self._table = ShingleTable(shingle, folder)
        self._marks: list[Signatures] = []

    def __len__(self) -> int:
        return len(self._table)

    @property
    def bands(self) -> Bands | None:
        """The bands in use, or None where the join is exact."""
        return choose_bands(self.similarity, self.permutations) if self._hashing else None

    @property
    def recall(self) -> float:
        """The chance that a pair exactly at the threshold is found."""
        return self.bands.recall if self.bands else 1.0

    @property
    def _hashing(self) -> bool:
        large = self._table.sets.elements > EXACT_SHINGLES
        return self.algorithm == "minhash" or (self.algorithm == "auto" and large)

    def add(self, rows: Sequence[Texts]) -> Ints:
        texts = ["\n".join(parts) for parts in rows]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        portions = Ragged(lengths, offsets_of(lengths)).chunks(_CHARACTERS)
        classes = [self._add(texts[start:end]) for start, end in portions]
        return np.concatenate([*classes, np.empty(0, dtype=np.int64)])

    def _add(self, texts: Sequence[str]) -> Ints:
        classes, new = self._table.add(texts)
        if self._hashing:
            self._sign_earlier(len(self) - len(new))
            self._sign(new)
        return classes

    def _sign_earlier(self, end: int) -> None:
        """The sets before ``end`` that came while the exact join would still have done."""
        signed = sum(len(marks) for marks in self._marks)
        for start in range(signed, end, _SIGNED):
            rows = np.arange(start, min(start + _SIGNED, end), dtype=np.int64)
            self._sign(self._table.sets.take(rows))

    def _sign(self, sets: Ragged) -> None:
        if len(sets):
            self._marks.append(signatures(sets, self.permutations, self.seed))

    def index(self) -> NearIndex:
        bands = self.bands
        if bands is None:
            shared = shared_sets(self._table.sets.everything(), self.similarity)
            return NearIndex(shared, prefix_buckets(shared, self.similarity), self.similarity)
        if not len(self):
            empty = Ragged(np.empty(0, dtype=np.int64), np.zeros(1, dtype=np.int64))
            return NearIndex(shared_sets(empty, self.similarity), empty, self.similarity)
        rows = np.arange(len(self), dtype=np.int64)
        marks = np.concatenate(self._marks)
        self._marks = [marks]
        buckets = band_buckets(marks, rows, len(self), bands)
        return NearIndex(self._candidates(buckets), buckets, self.similarity)

    def _candidates(self, buckets: Ragged) -> SharedSets:
        """The sets of the classes that share a bucket; those of all others are left on disk."""
        candidates = np.flatnonzero(buckets.counts)
        found = shared_sets(self._table.sets.take(candidates), self.similarity)
        sizes = np.ones(len(self), dtype=np.int64)
        counts = np.zeros(len(self), dtype=np.int64)
        sizes[candidates], counts[candidates] = found.sizes, found.ids.counts
        return SharedSets(sizes, Ragged(found.ids.values, offsets_of(counts)), found.alphabet)


class NearIndex:
    """Buckets of classes: two that share one are compared, all others are not alike."""

    def __init__(self, shared: SharedSets, buckets: Ragged, similarity: float) -> None:
        self._measure = JaccardMeasure(shared, similarity)
        self._buckets = buckets
        total = int(buckets.values.max()) + 1 if len(buckets.values) else 0
        self._start = offsets_of(np.bincount(buckets.values, minlength=total).astype(np.int64))
        self._filled = np.zeros(total, dtype=np.int64)
        self._members = np.empty(len(buckets.values), dtype=np.int64)

    def insert(self, classes: Ints) -> None:
        owners = np.repeat(classes, self._buckets.counts[classes])
        buckets = self._buckets.values[self._buckets.positions(classes)].astype(np.int64)
        order = np.argsort(buckets, kind="stable")
        buckets, owners = buckets[order], owners[order]
        used, firsts, sizes = np.unique(buckets, return_index=True, return_counts=True)
        place = np.arange(len(buckets)) - np.repeat(firsts, sizes)
        self._members[self._start[buckets] + self._filled[buckets] + place] = owners
        self._filled[used] += sizes

    def kept_like(self, classes: Ints) -> Pairs:
        found = [self._verified(*self._kept_candidates(part)) for part in self._portions(classes)]
        return _together(found)

    def _portions(self, classes: Ints) -> Iterator[Ints]:
        """Classes in portions that make some two million candidates at most (or one class)."""
        holding = self._buckets.positions(classes)
        filled = self._filled[self._buckets.values[holding]]
        before = np.concatenate(([0], np.cumsum(filled)))
        ends = offsets_of(self._buckets.counts[classes])
        loads = before[ends[1:]] - before[ends[:-1]]
        for start, end in Ragged(classes, offsets_of(loads)).chunks(_PAIRS):
            yield classes[start:end]

    def _kept_candidates(self, classes: Ints) -> tuple[Ints, Ints]:
        owners = np.repeat(classes, self._buckets.counts[classes])
        buckets = self._buckets.values[self._buckets.positions(classes)]
        filled = self._filled[buckets]
        left = np.repeat(owners, filled)
        return left, self._members[ranges(self._start[:-1][buckets], filled)]

    def alike(self, classes: Ints) -> Pairs:
        owners = np.repeat(classes, self._buckets.counts[classes])
        buckets = self._buckets.values[self._buckets.positions(classes)]
        order = np.argsort(buckets, kind="stable")
        buckets, owners = buckets[order], owners[order]
        # Every member of a bucket is paired with those after it.
        last = np.searchsorted(buckets, buckets, side="right")
        later = last - np.arange(len(buckets)) - 1
        found: list[Pairs] = []
        for start, end in Ragged(buckets, offsets_of(later)).chunks(_PAIRS):
            left = np.repeat(owners[start:end], later[start:end])
            right = owners[ranges(np.arange(start, end, dtype=np.int64) + 1, later[start:end])]
            swap = left > right
            left, right = np.where(swap, right, left), np.where(swap, left, right)
            found.append(self._verified(left, right))
        return _distinct(_together(found), len(self._buckets))

    def _verified(self, left: Ints, right: Ints) -> Pairs:
        total = len(self._buckets)
        keys = np.unique(left * total + right)
        keys = keys[keys // max(total, 1) != keys % max(total, 1)]
        left, right = keys // max(total, 1), keys % max(total, 1)
        similarity = self._measure(left, right)
        enough = similarity > 0
        return Pairs(left[enough], right[enough], similarity[enough])


def _together(found: Sequence[Pairs]) -> Pairs:
    if len(found) == 1:
        return found[0]
    none = np.empty(0, dtype=np.int64)
    return Pairs(
        np.concatenate([none, *(pairs.left for pairs in found)]),
        np.concatenate([none, *(pairs.right for pairs in found)]),
        np.concatenate([np.empty(0), *(pairs.similarity for pairs in found)]),
    )


def _distinct(pairs: Pairs, total: int) -> Pairs:
    _, firsts = np.unique(pairs.left * total + pairs.right, return_index=True)
    return Pairs(pairs.left[firsts], pairs.right[firsts], pairs.similarity[firsts])
