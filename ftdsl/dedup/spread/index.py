"""A near line past one machine: its classes over all blocks, and the index over shards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup import crowded
from ftdsl.dedup.classes import Keys
from ftdsl.dedup.clause import Index, Pairs, Texts, no_pairs
from ftdsl.dedup.exact import ExactIndex
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.ragged import Ints, Ragged
from ftdsl.dedup.spread.exchange import ShardIndex, bands_of, counted, pieced, scattered
from ftdsl.engine.context import Engine, Station
from ftdsl.language.program import DropDef

Checkpoint = Callable[[], None]


class Numbering:
    """One number for all classes of equal keys, block after block."""

    def __init__(self, blocks: Sequence[Keys]) -> None:
        keys = np.concatenate([*blocks, np.empty((0, 2), dtype=np.uint64)])
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        ordered = keys[order]
        is_new = np.ones(len(keys), dtype=np.bool_)
        is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        numbers = np.empty(len(keys), dtype=np.int64)
        numbers[order] = np.cumsum(is_new) - 1
        # The sort is stable: of equal keys the first comes first.
        representative = np.full(len(keys), -1, dtype=np.int64)
        representative[order[is_new]] = numbers[order[is_new]]
        ends = np.cumsum([len(block) for block in blocks])
        self.count = int(is_new.sum())
        self.numbers = np.split(numbers, ends[:-1]) if blocks else []
        self.representative = np.split(representative, ends[:-1]) if blocks else []
        """For each class of each block its number where it is the first of its kind, else -1."""


class CountedClasses:
    """An exact line when its classes are numbered."""

    def __init__(self) -> None:
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def add(self, rows: Sequence[Texts]) -> Ints:
        raise AssertionError(f"the classes of {len(rows)} rows were found where the rows are")

    def index(self) -> Index:
        return ExactIndex(self.count)


class SpreadComparer(NearComparer):
    """A near line when its sets lie in blocks."""

    def __init__(self, engine: Engine, checkpoint: Checkpoint, drop: DropDef, shards: int) -> None:
        # The texts were cut elsewhere: nothing of the comparer of one machine is set up.
        self.similarity = drop.similarity
        self.permutations = drop.permutations
        self.bands = bands_of(drop)
        self._engine, self._checkpoint = engine, checkpoint
        self._drop, self._shards = drop, shards
        self._handles: Sequence[Any] = ()
        self._numbering = Numbering(())

    def settle(self, sets: Sequence[Any], numbering: Numbering) -> None:
        """The handles of each block's sets, and the numbers of their classes."""
        self._handles, self._numbering = sets, numbering

    def __len__(self) -> int:
        return self._numbering.count

    def add(self, rows: Sequence[Texts]) -> Ints:
        raise AssertionError(f"the classes of {len(rows)} rows were found where the rows are")

    def leave_out(self, rows: Ints, share: float, total: int) -> NDArray[np.bool_]:
        ask, engine = self._engine.submit, self._engine
        # Of equal classes in several blocks the first stands for all.
        weights = [np.where(own >= 0, rows[own], 0) for own in self._numbering.representative]
        blocks = list(zip(self._handles, weights, strict=True))
        named = [ask(crowded.candidates, *one, share) for one in blocks]
        wanted = crowded.together(engine.gather(named, self._checkpoint))
        counts = [ask(crowded.counted, *one, wanted) for one in blocks]
        often = sum(engine.gather(counts, self._checkpoint), np.zeros(len(wanted)))
        gone = wanted[often > share * total]
        self._handles = [ask(crowded.without, one, gone) for one in self._handles]
        emptied = np.zeros(len(self), dtype=np.bool_)
        sizes = engine.gather([ask(_sizes, one) for one in self._handles], self._checkpoint)
        for numbers, size in zip(self._numbering.numbers, sizes, strict=True):
            emptied[numbers[size == 0]] = True
        return emptied

    def index(self) -> Index:  # type: ignore[override]
        """Deal the sets out to shards."""
        ask, shards, drop = self._engine.submit, self._shards, self._drop
        blocks = [
            (held, ask(_same, own))
            for held, own in zip(self._handles, self._numbering.representative, strict=True)
            if (own >= 0).any()
        ]
        if not blocks:
            return ExactIndex(len(self))
        told = [_list(ask(scattered, *one, drop, shards, pieces=shards), shards) for one in blocks]
        counts = [
            _list(ask(counted, *column, pieces=len(blocks)), len(blocks))
            for column in zip(*told, strict=True)
        ]
        pieces = [
            ask(pieced, *one, drop, shards, *often, pieces=1 + shards)
            for one, often in zip(blocks, zip(*counts, strict=True), strict=True)
        ]
        possible: NDArray[np.bool_] = np.zeros(len(self), dtype=np.bool_)
        for numbers, can in self._engine.gather([one[0] for one in pieces], self._checkpoint):
            possible[numbers] = can
        stations = [
            self._engine.place(ShardIndex, drop.similarity, *(one[1 + shard] for one in pieces))
            for shard in range(shards)
        ]
        return SpreadIndex(self._engine, self._checkpoint, stations, possible)


def _same(value: Any) -> Any:
    """A value that several calls take lies in the engine once."""
    return value


def _sizes(sets: Ragged) -> Ints:
    return sets.counts


def _list(handles: Any, pieces: int) -> list[Any]:
    return list(handles) if pieces > 1 else [handles]


class SpreadIndex:
    """Asks the shards, and puts together what they find."""

    def __init__(
        self,
        engine: Engine,
        checkpoint: Checkpoint,
        stations: Sequence[Station],
        possible: NDArray[np.bool_],
    ) -> None:
        self._engine, self._checkpoint, self._stations = engine, checkpoint, stations
        self.possible = possible
        self._batches: list[Ints] = []
        self._told = 0

    def insert(self, classes: Ints) -> None:
        self._batches.append(classes[self.possible[classes]])

    def similar(self, classes: Ints, among: bool) -> Pairs:
        wanted = classes[self.possible[classes]]
        if not len(wanted):
            return no_pairs()
        found = self._asked(self._stations, self._told, wanted, among)
        for number, one in enumerate(found):
            if isinstance(one, int):
                # The shard died and was made anew: it is told again what is kept.
                (found[number],) = self._asked([self._stations[number]], one, wanted, among)
        self._told = len(self._batches)
        left, right, similarity = (np.concatenate(parts) for parts in zip(*found, strict=True))
        # A pair may meet in several shards.
        _, firsts = np.unique(left * len(self.possible) + right, return_index=True)
        return Pairs(left[firsts], right[firsts], similarity[firsts])

    def _asked(
        self, stations: Sequence[Station], first: int, classes: Ints, among: bool
    ) -> list[Any]:
        entering = self._batches[first:]
        asked = [one.ask("similar", first, entering, classes, among) for one in stations]
        return self._engine.gather(asked, self._checkpoint)
