"""A line against an index past one machine: blocks ask and store where their sets are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ftdsl.dedup.classes import Keys
from ftdsl.dedup.clause import Texts
from ftdsl.dedup.held import FoundPairs
from ftdsl.dedup.ragged import Ints
from ftdsl.dedup.spread.index import Checkpoint, Numbering
from ftdsl.dedup.stored.comparing import (
    Found,
    Stock,
    StoredComparer,
    pairs_with,
    settle,
    store,
)
from ftdsl.dedup.stored.index import StoredRow, index_at
from ftdsl.engine.context import Engine


class SpreadStored(StoredComparer):
    """``StoredComparer`` when the sets lie in blocks."""

    def __init__(self, engine: Engine, checkpoint: Checkpoint, stock: Stock) -> None:
        self.stock = stock
        self.similarity = stock.drop.similarity
        self.permutations = stock.drop.permutations
        self.bands = index_at(stock.url, stock.drop).bands
        self.stored: list[StoredRow] = []
        self._engine, self._checkpoint = engine, checkpoint
        self._handles: Sequence[Any] = ()
        self._names: Sequence[Keys] = ()
        self._numbering = Numbering(())

    @property
    def own(self) -> int:
        return self._numbering.count

    def add(self, rows: Sequence[Texts]) -> Ints:
        raise AssertionError(f"the classes of {len(rows)} rows were found where the rows are")

    def settle(self, sets: Sequence[Any], keys: Sequence[Keys], numbering: Numbering) -> None:
        """The handles of each block's sets, the keys of its classes, and the classes' numbers."""
        self._handles, self._names, self._numbering = sets, keys, numbering

    def index(self) -> FoundPairs:  # type: ignore[override]
        first = self._numbering.representative
        asked = [
            self._engine.submit(pairs_with, self.stock, sets, np.flatnonzero(own >= 0))
            for sets, own in zip(self._handles, first, strict=True)
        ]
        found: Found = []
        answers = self._engine.gather(asked, self._checkpoint)
        for own, answer in zip(first, answers, strict=True):
            found += [(int(own[at]), key, similarity, row) for at, key, similarity, row in answer]
        return self.found_pairs(found)

    def keep(self, rows: dict[int, StoredRow]) -> None:
        kept: dict[str, set[bytes]] = {}
        asked: list[tuple[Any, ...]] = []
        blocks = zip(self._handles, self._names, self._numbering.representative, strict=True)
        for sets, keys, own in blocks:
            here = [at for at, number in enumerate(own.tolist()) if number in rows]
            names = [keys[at].tobytes() for at in here]
            theirs = [rows[int(own[at])] for at in here]
            for name, row in zip(names, theirs, strict=True):
                kept.setdefault(row.path, set()).add(name)
            if here:
                asked.append((sets, np.array(here, dtype=np.int64), names, theirs))
        settle(self.stock, kept)
        stored = [self._engine.submit(store, self.stock, *one) for one in asked]
        self._engine.gather(stored, self._checkpoint)
