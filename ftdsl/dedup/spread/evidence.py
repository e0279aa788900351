"""The second look at removed rows and those kept for them, where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from ftdsl.data.rows import Part, Row, RowReader, chunks, places_of, portions, resolve_files
from ftdsl.dedup.evidence import Seen, Source, Wanted, changed, seen_rows
from ftdsl.dedup.places import Places
from ftdsl.dedup.reading import against_datasets
from ftdsl.dedup.spread.block import OWN, named
from ftdsl.engine.context import Context, Progress
from ftdsl.plan.steps import DedupStep
from ftdsl.quality.expressions import Evaluator

# Bytes of the parts that are looked at together.
_PORTION = 16 << 20

_Numbers = Mapping[tuple[str, int], set[int]]


def look_spread(
    step: DedupStep,
    context: Context,
    progress: Progress,
    source: Source,
    places: Places,
    wanted: Wanted,
    *,
    is_held: bool = False,
) -> dict[int, Seen]:
    """The wanted rows, by their number in reading order: only parts that hold one are read."""
    if not wanted:
        return {}
    dataset, split = source
    number_of = {places.place(number): number for number in wanted}
    files = resolve_files(dataset, context.root, split)
    parts = list(chunks(files, context.cache))
    here = places_of(parts, frozenset(number_of))
    chosen = {part: own for part, own in zip(parts, here, strict=True) if own}
    others = against_datasets(step).items()
    name = next(name for name, one in others if one == source) if is_held else OWN
    opening = step.model_dump_json(), str(context.root), name
    blocks = []
    for run in portions(chosen, _PORTION):
        looked = frozenset[tuple[str, int]]().union(*(chosen[part] for part in run))
        numbers = {place: wanted[number_of[place]] for place in looked}
        blocks.append((*opening, run, numbers))
    seen: dict[int, Seen] = {}
    for found in context.engine.map(look_block, blocks, context.checkpoint):
        for one in found:
            seen[number_of[one.path, one.line]] = one
        progress.advance(len(found))
    if len(seen) != len(wanted):
        raise changed(dataset.name, dataset.span)
    return seen


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
