"""What an earlier run told of removed rows: their ids and excerpts, masked, by what both rows are.

A row is known by its chunk and the place of its line in it. The lines of the rows in the files, and
how similar they are, belong to each run.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import orjson

from ftdsl.dedup.clause import label
from ftdsl.dedup.kept import KeptSets, chunk_key
from ftdsl.dedup.places import Place
from ftdsl.dedup.reading import Reading
from ftdsl.dedup.stars import Stars
from ftdsl.plan.canonical import canonical, digest
from ftdsl.plan.steps import DedupStep
from ftdsl.results.models import Removal

# Bytes that are kept of one spec.
_MOST = 64 << 20

# Of a removal: the keys of both chunks, the place in each, the line; the ids and excerpts.
_Rows = tuple[bytes, int, bytes, int, int]
_Told = tuple[str, str, str, str]


class Told:
    """The memory of one block of lines."""

    def __init__(self, kept: KeptSets, step: DedupStep, reading: Reading) -> None:
        self._kept = kept
        self._drops = step.dedup.drops
        self._reading = reading
        self._keys: dict[int, bytes] = {}
        decided = [canonical(step.dedup), canonical(step.against), list(step.against_splits)]
        self._name = f"evidence {digest(decided)}"

    def _places(self, stars: Stars, row: int) -> tuple[Place, Place]:
        against = self._drops[int(stars.line[row])].against
        held = self._reading.own if against is None else self._reading.others[against]
        return self._reading.own.places.place(row), held.places.place(int(stars.kept_row[row]))

    def _rows(self, gone: Place, kept: Place, number: int) -> _Rows:
        return (*self._row(gone), *self._row(kept), number)

    def _row(self, place: Place) -> tuple[bytes, int]:
        # The parts live as long as the reading does.
        key = self._keys.get(id(place.part))
        if key is None:
            key = chunk_key(place.part) if place.is_plain else b""
            self._keys[id(place.part)] = key
        return key, place.line - place.part.first_line

    def recalled(self, stars: Stars) -> dict[int, Removal]:
        arrays = self._kept.recall(self._name)
        if arrays is None:
            return {}
        known = _read(arrays["told"].tobytes())
        found: dict[int, Removal] = {}
        for row in stars.removed.tolist():
            number = int(stars.line[row])
            if self._drops[number].index:
                continue
            gone, kept = self._places(stars, row)
            told = known.get(self._rows(gone, kept, number))
            if told is not None:
                found[row] = self._removal(gone, kept, number, float(stars.similarity[row]), told)
        return found

    def _removal(
        self, gone: Place, kept: Place, number: int, similarity: float, told: _Told
    ) -> Removal:
        drop = self._drops[number]
        return Removal(
            row_id=told[0],
            line=gone.line,
            path=gone.path,
            kept_row_id=told[1],
            kept_line=kept.line,
            kept_path=kept.path,
            similarity=similarity,
            method=drop.method,
            clause=label(drop),
            excerpt=told[2],
            kept_excerpt=told[3],
        )

    def remember(self, stars: Stars, removed: Sequence[Removal]) -> None:
        kept: list[list[str | int]] = []
        for row, one in zip(stars.removed.tolist(), removed, strict=True):
            number = int(stars.line[row])
            if self._drops[number].index:
                continue
            gone, stays = self._places(stars, row)
            if gone.is_plain and stays.is_plain:
                first, at, second, there, _ = self._rows(gone, stays, number)
                rows: list[str | int] = [first.hex(), at, second.hex(), there, number]
                kept.append([*rows, one.row_id, one.kept_row_id, one.excerpt, one.kept_excerpt])
        data = orjson.dumps(kept)
        if len(data) <= _MOST:
            self._kept.remember(self._name, {"told": np.frombuffer(data, np.uint8)})


def _read(data: bytes) -> dict[_Rows, _Told]:
    return {
        (bytes.fromhex(one[0]), one[1], bytes.fromhex(one[2]), one[3], one[4]): tuple(one[5:9])
        for one in orjson.loads(data)
    }
