"""The second look at removed rows and those kept for them, where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from ftdsl.data.rows import Part, Row, RowReader, chunks, places_of, portions
from ftdsl.dedup.evidence import Seen, Wanted, changed, seen_rows
from ftdsl.dedup.reading import Reading
from ftdsl.dedup.spread.block import OWN, named
from ftdsl.engine.context import Context
from ftdsl.plan.steps import DedupStep
from ftdsl.quality.expressions import Evaluator

# Bytes of the parts that are looked at together.
_PORTION = 16 << 20

_Numbers = Mapping[tuple[str, int], set[int]]


class SpreadLook:
    """Sees rows where they lie: only parts that hold one are read."""

    at_once: int | None = None

    def __init__(self, step: DedupStep, context: Context, reading: Reading) -> None:
        self._step, self._context, self._reading = step, context, reading

    def see(self, against: str | None, wanted: Wanted) -> dict[int, Seen]:
        if not wanted:
            return {}
        reading, engine = self._reading, self._context.engine
        held = reading.own if against is None else reading.others[against]
        number_of = {held.places.place(number).key: number for number in wanted}
        parts = list(chunks(held.parts.files, self._context.cache))
        here = places_of(parts, frozenset(number_of))
        chosen = {part: own for part, own in zip(parts, here, strict=True) if own}
        opening = self._step.model_dump_json(), str(self._context.root), against or OWN
        blocks = []
        for run in portions(chosen, _PORTION):
            looked = frozenset[tuple[str, int]]().union(*(chosen[part] for part in run))
            numbers = {place: wanted[number_of[place]] for place in looked}
            blocks.append((*opening, run, numbers))
        seen: dict[int, Seen] = {}
        for found in engine.map(look_block, blocks, self._context.checkpoint):
            for one in found:
                seen[number_of[one.path, one.line]] = one
        if len(seen) != len(wanted):
            raise changed(held.parts.dataset.name, held.parts.dataset.span)
        return seen

    def close(self) -> None:
        """Each part was looked at when it was read."""


def look_block(
    step: str, root: str, source: str, parts: Sequence[Part], numbers: _Numbers
) -> list[Seen]:
    """The rows of ``parts`` at the places of ``numbers``. Raises Refused (FT305)."""
    looking = _looking(step, root, source)
    rows: list[Row] = []
    for part in parts:
        for block in looking.rows.read(part):
            rows += [row for row in block.rows if (row.path, row.line) in numbers]
        part.file.assert_unchanged()
    asked = [numbers[row.path, row.line] for row in rows]
    drops = looking.step.dedup.drops
    return seen_rows(looking.evaluator, drops, rows, asked, is_held=source != OWN)


class _Looking:
    def __init__(self, step: DedupStep, root: Path, source: str) -> None:
        self.step = step
        dataset = named(step, source)
        self.rows = RowReader(dataset)
        self.evaluator = Evaluator(dataset, root)


@lru_cache(maxsize=8)
def _looking(step: str, root: str, source: str) -> _Looking:
    return _Looking(DedupStep.model_validate_json(step), Path(root), source)
