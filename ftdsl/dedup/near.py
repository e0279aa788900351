"""Near-duplicates: rows whose shingle sets have a Jaccard similarity at or above the threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup import crowded, kernel
from ftdsl.dedup.classes import Classes, Keys
from ftdsl.dedup.clause import Arrays, Pairs, Texts
from ftdsl.dedup.counters import Counters
from ftdsl.dedup.earlier import Earlier
from ftdsl.dedup.grown import GrownIndex
from ftdsl.dedup.join import Join, SharedSets, least_overlap, prefix_buckets, shared_sets
from ftdsl.dedup.kernel import Sums
from ftdsl.dedup.minhash import Bands, Signatures, band_buckets, choose_bands, signatures
from ftdsl.dedup.ragged import Ints, Ragged, concatenate, offsets_of
from ftdsl.dedup.sets import SetStore, Stored

# Characters cut into shingles at once: array work on them takes some 30 MB.
_CHARACTERS = 1_000_000
# Counters for each hash of what is new.
_SPARE = 4
# One set in so many may be known already and still be counted with the others.
_FEW = 8


class NearComparer:
    """Shingle sets of the texts, and the index over them.

    ``algorithm`` is ``exact_join`` (complete, and the default: ``auto``) or ``minhash`` (a pair at
    the threshold is found with the probability ``recall``; every pair found is verified).
    ``size`` is how many bytes the texts may have together, if that is known, ``earlier`` what is
    known of most of the sets.
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
        size: int | None = None,
        earlier: Earlier | None = None,
    ) -> None:
        self.similarity = similarity
        self.permutations = permutations
        self.seed = seed
        self.width = shingle
        hashing = algorithm == "minhash"
        self.bands: Bands | None = choose_bands(similarity, permutations) if hashing else None
        self._folder = folder
        self._classes = Classes()
        self._sets = SetStore(folder)
        self._marks: list[Signatures] = []
        self._earlier = earlier
        # What is new alone is joined, and counted then.
        counting = size is not None and earlier is None
        self._counters = Counters.for_bytes(size or 0) if counting else None

    def __len__(self) -> int:
        return len(self._classes)

    def keys(self) -> Keys:
        """For each class the two numbers by which an equal set is known."""
        return self._classes.keys()

    def sets(self) -> Ragged:
        """The shingle set of each class, in memory."""
        return self._sets.everything()

    @property
    def recall(self) -> float:
        """The chance that a pair exactly at the threshold is found."""
        return self.bands.recall if self.bands else 1.0

    def add(self, rows: Sequence[Texts]) -> Ints:
        return self.take(self.prepare(rows))

    def prepare(self, rows: Sequence[Texts]) -> Arrays:
        """What the texts alone decide: sets, the sums they are known by, signatures."""
        return self.arrays(*self.shingles(rows))

    def shingles(self, rows: Sequence[Texts]) -> tuple[Ragged, Sums]:
        """The sets of the texts, and the sums by which equal ones are known."""
        texts = [parts[0] if len(parts) == 1 else "\n".join(parts) for parts in rows]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        found: list[Ragged] = []
        sums: list[Sums] = [np.empty((0, 2), dtype=np.uint64)]
        for start, end in Ragged(lengths, offsets_of(lengths)).chunks(_CHARACTERS):
            sets, own = kernel.shingle(tuple(texts[start:end]), self.width)
            found.append(sets)
            sums.append(own)
        sets = found[0] if len(found) == 1 else concatenate(found, np.uint64)
        return sets, np.concatenate(sums)

    def arrays(self, sets: Ragged, sums: Sums) -> Arrays:
        """What is kept of sets."""
        arrays: Arrays = {"counts": sets.counts, "sums": sums, "values": sets.values}
        if self.bands is not None:
            filled = sets.take(np.flatnonzero(sets.counts))
            arrays["marks"] = signatures(filled, self.permutations, self.seed)
        return arrays

    def take(self, arrays: Arrays, place: Stored | None = None) -> Ints:
        """The class of each row that was prepared. ``place`` is where the sets lie already: then
        ``values`` may be left out."""
        filled = arrays["counts"] > 0
        classes, fresh = self._classes.number(arrays["sums"].reshape(-1, 2), filled)
        rows = None if len(fresh) == len(filled) else fresh
        sets = None
        if "values" in arrays:
            sets = Ragged(arrays["values"], offsets_of(arrays["counts"]))
        elif self._counters is not None and place is not None:
            sets = place.read()
        if place is not None:
            self._sets.append(place if sets is None else replace(place, sums=None), rows)
        elif sets is not None:
            self._sets.append(sets, rows)
        if self._counters is not None and sets is not None:
            # A few sets that are counted twice only leave more for the next pass.
            few = rows is None or _FEW * (len(sets) - len(rows)) < len(sets)
            self._counters.count(sets.values if few or rows is None else sets.take(rows).values)
        if self.bands is not None:
            at = np.cumsum(filled) - 1
            self._marks.append(arrays["marks"].reshape(-1, self.permutations)[at[fresh]])
        return classes

    def leave_out(self, rows: Ints, share: float, total: int) -> NDArray[np.bool_]:
        """Leave the shingles out that more than ``share`` of ``total`` rows hold; ``rows`` are
        those of each class. Tells of each class whether nothing is left of it."""

        def blocks() -> Iterator[tuple[Ragged, Ints]]:
            first = 0
            for block in self._sets.blocks():
                yield block, rows[first : first + len(block)]
                first += len(block)

        wanted = crowded.together(crowded.candidates(*one, share) for one in blocks())
        often = sum((crowded.counted(*one, wanted) for one in blocks()), np.zeros(len(wanted)))
        left = SetStore(self._folder)
        for block, _ in blocks():
            left.append(crowded.without(block, wanted[often > share * total]))
        self._sets, self._counters, self._earlier = left, None, None
        if self.bands is not None:
            self._marks = [self._signed(block) for block in left.blocks()]
        emptied: NDArray[np.bool_] = left.sizes == 0
        return emptied

    def _signed(self, sets: Ragged) -> Signatures:
        """The signatures of sets, of which some may be empty."""
        marks = np.zeros((len(sets), self.permutations), dtype=np.uint32)
        filled = np.flatnonzero(sets.counts)
        marks[filled] = signatures(sets.take(filled), self.permutations, self.seed)
        return marks

    def index(self) -> NearIndex | GrownIndex:
        grown = None if self._earlier is None else GrownIndex.over(self, self._earlier)
        return self.index_of(None) if grown is None else grown

    def touched(self, fresh: Ints) -> Ints:
        """The classes, ascending, that have enough of their shingles in the sets of ``fresh``."""
        own = self._sets.take(fresh)
        counters = Counters(_SPARE * len(own.values))
        counters.count(own.values)
        needed = least_overlap(self._sets.sizes, self.similarity)
        found: list[Ints] = [fresh]
        for first, block, sums, rows in self._sets.unchecked_blocks():
            count = len(block) if rows is None else len(rows)
            own_needed = needed[first : first + count]
            if rows is not None:
                own_needed = np.full(len(block), np.iinfo(np.int64).max)
                own_needed[rows] = needed[first : first + count]
            which = counters.touched(block, own_needed, sums)
            found.append(first + (np.flatnonzero(which if rows is None else which[rows])))
        return np.unique(np.concatenate(found))

    def index_of(self, classes: Ints | None) -> NearIndex:
        """The index over some classes alone, ascending; None: over all."""
        store, counters = self._sets, self._counters
        if classes is not None:
            store, counters = SetStore(), None
            store.append(self._sets.take(classes))
        if self.bands is None:
            shared = shared_sets(store, self.similarity, folder=self._folder, counters=counters)
            return NearIndex(shared, prefix_buckets(shared, self.similarity), self.similarity)
        marks = np.concatenate([*self._marks, np.empty((0, self.permutations), dtype=np.uint32)])
        self._marks = [marks]
        marks = marks if classes is None else marks[classes]
        buckets = band_buckets(marks, len(marks), self.bands)
        among = buckets.counts > 0
        shared = shared_sets(
            store, self.similarity, among=among, folder=self._folder, counters=counters
        )
        return NearIndex(shared, buckets, self.similarity)


class NearIndex:
    """Finds the classes whose sets are alike."""

    def __init__(self, shared: SharedSets, buckets: Ragged, similarity: float) -> None:
        self._join = Join(shared, buckets, similarity)
        self.possible = (shared.ids.counts > 0) & (buckets.counts > 0)

    def insert(self, classes: Ints) -> None:
        self._join.enter(classes[self.possible[classes]])

    def similar(self, classes: Ints, among: bool) -> Pairs:
        return Pairs(*self._join.probe(classes[self.possible[classes]], among))
