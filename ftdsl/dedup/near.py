"""Near-duplicates: rows whose shingle sets have a Jaccard similarity at or above the threshold."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ftdsl.dedup.clause import Pairs, Texts
from ftdsl.dedup.join import Join, SharedSets, prefix_buckets, shared_sets
from ftdsl.dedup.minhash import Bands, Signatures, band_buckets, choose_bands, signatures
from ftdsl.dedup.ragged import Ints, Ragged, offsets_of
from ftdsl.dedup.shingles import ShingleTable

# Characters cut into shingles at once: array work on them takes some 30 MB.
_CHARACTERS = 1_000_000
# Blocks of texts that may wait for the thread that cuts them.
_WAITING = 4


class NearComparer:
    """Shingle sets of the texts, and the index over them.

    ``algorithm`` is ``exact_join`` (complete, and the default: ``auto``) or ``minhash`` (a pair at
    the threshold is found with the probability ``recall``; every pair found is verified).

    The texts are cut and hashed in a thread, while the caller reads on: what ``add`` returned is
    filled when ``index`` returns.
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
        self.permutations = permutations
        self.seed = seed
        hashing = algorithm == "minhash"
        self.bands: Bands | None = choose_bands(similarity, permutations) if hashing else None
        self._folder = folder
        self._table = ShingleTable(shingle, folder)
        self._marks: list[Signatures] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shingles")
        self._pending: deque[Future[None]] = deque()

    def __len__(self) -> int:
        self._settle(0)
        return len(self._table)

    @property
    def recall(self) -> float:
        """The chance that a pair exactly at the threshold is found."""
        return self.bands.recall if self.bands else 1.0

    def add(self, rows: Sequence[Texts]) -> Ints:
        texts = [parts[0] if len(parts) == 1 else "\n".join(parts) for parts in rows]
        classes = np.empty(len(texts), dtype=np.int64)
        self._pending.append(self._thread.submit(self._add, texts, classes))
        self._settle(_WAITING)
        return classes

    def _settle(self, waiting: int) -> None:
        while len(self._pending) > waiting:
            self._pending.popleft().result()

    def _add(self, texts: Sequence[str], classes: Ints) -> None:
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        for start, end in Ragged(lengths, offsets_of(lengths)).chunks(_CHARACTERS):
            classes[start:end], new = self._table.add(texts[start:end])
            if self.bands is not None and len(new):
                self._marks.append(signatures(new, self.permutations, self.seed))

    def index(self) -> NearIndex:
        self._settle(0)
        self._thread.shutdown()
        if self.bands is None:
            shared = shared_sets(self._table.sets, self.similarity, folder=self._folder)
            return NearIndex(shared, prefix_buckets(shared, self.similarity), self.similarity)
        marks = np.empty((0, self.permutations), dtype=np.uint32)
        if self._marks:
            marks = np.concatenate(self._marks)
        self._marks = [marks]
        buckets = band_buckets(marks, len(self), self.bands)
        among = buckets.counts > 0
        shared = shared_sets(self._table.sets, self.similarity, among=among, folder=self._folder)
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
