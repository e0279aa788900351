"""One pass over the rows where they lie: what ``reading`` does on one machine, for a cluster.

The run itself keeps what it must put together: 16 bytes a class, and the place, the classes and the
weight of each row. Texts and shingles stay with the blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ftdsl.data.rows import DataFile, Part, RowReader, chunks, portions, resolve_files
from ftdsl.dedup.clause import Comparer, held_on
from ftdsl.dedup.fuzzy import FuzzyComparer
from ftdsl.dedup.held import HeldComparer
from ftdsl.dedup.intake import read_texts
from ftdsl.dedup.meaning import MeaningComparer
from ftdsl.dedup.order import KeepOrder
from ftdsl.dedup.parts import RowParts
from ftdsl.dedup.places import Places
from ftdsl.dedup.ragged import Ints
from ftdsl.dedup.reading import Held, Lines, Reading, against_datasets, comparer_of
from ftdsl.dedup.spread.block import OWN, BlockRows, LineRows, is_near, named, read_block
from ftdsl.dedup.spread.index import CountedClasses, Numbering, SpreadComparer
from ftdsl.dedup.spread.stored import SpreadStored
from ftdsl.dedup.stored.comparing import stock_of
from ftdsl.engine.context import Context
from ftdsl.language.program import DatasetDef, DropDef
from ftdsl.plan.steps import DedupStep
from ftdsl.quality.expressions import Evaluator

# Bytes of a block: at least one part, some blocks for each core, and no more than memory holds.
_LEAST, _MOST, _A_CORE = 1, 256 << 20, 4
# Blocks of rows in which a file shows that it is none: its head, and its first lines.
_HEAD = 2


@dataclass(frozen=True, slots=True)
class _Block:
    """One block as the run sees it: its rows, and the handle of the sets of each near line."""

    source: str
    rows: BlockRows
    sets: dict[int, Any]


def read_spread(step: DedupStep, context: Context) -> Reading:
    """Read the datasets of ``against``, then the step's own. Raises Refused (FT300-FT308)."""
    progress = context.progress(f"dedup {step.name}: reading")
    lines = _held(step, context)
    held = [line.comparer if isinstance(line.comparer, HeldComparer) else None for line in lines]
    shared = context.engine.submit(tuple, [one if one is None else one.fresh() for one in held])
    blocks: list[_Block] = []
    for name, (_, split) in against_datasets(step).items():
        blocks += _read(step, context, name, split, shared)
    blocks += _read(step, context, OWN, None, shared)
    own = Held(RowParts(step.dataset, context.root, context.cache), Places())
    others = {
        name: Held(RowParts(dataset, context.root, context.cache, split), Places())
        for name, (dataset, split) in against_datasets(step).items()
    }
    reading = Reading(lines, KeepOrder(step.dedup), own, others)
    for block in blocks:
        of = own if block.source == OWN else others[block.source]
        of.places.take(block.rows.places)
        if block.source == OWN:
            reading.order.take(block.rows.order)
        progress.advance(len(block.rows.places))
    for number, line in enumerate(lines):
        _fill(line, number, context, blocks, others)
    progress.close()
    return reading


def _held(step: DedupStep, context: Context) -> list[Lines]:
    """The lines, with the held rows of those that hold rows against another set: these are few,
    and read here."""
    lines = [Lines(drop, _comparer(drop, context, step)) for drop in step.dedup.drops]
    for name, (dataset, split) in against_datasets(step).items():
        mine = [
            line
            for line in lines
            if line.drop.against == name and isinstance(line.comparer, HeldComparer)
        ]
        if not mine:
            continue
        evaluator = Evaluator(dataset, context.root)
        progress = context.progress(f"dedup {step.name}: reading {name}")
        parts = RowParts(dataset, context.root, context.cache, split)
        for batch in read_texts(parts, evaluator, [held_on(line.drop) for line in mine]):
            for line, texts in zip(mine, batch.texts, strict=True):
                line.others.append(line.hold(texts))
            progress.advance(len(batch.numbers))
            context.checkpoint()
        progress.close()
    for line in lines:
        if isinstance(line.comparer, HeldComparer):
            # What is made of the held rows is made once, before they are handed to others.
            line.comparer.add(())
    return lines


def _comparer(drop: DropDef, context: Context, step: DedupStep) -> Comparer:
    if drop.method in ("ngram", "paraphrase"):
        return comparer_of(drop, context, step)
    if drop.index:
        stock = stock_of(step, drop, context)
        return SpreadStored(context.engine, context.checkpoint, stock)
    if drop.method == "fuzzy":
        return FuzzyComparer(drop.similarity)
    if is_near(drop):
        engine = context.engine
        return SpreadComparer(engine, context.checkpoint, drop, max(2, engine.width))
    return CountedClasses()


def _read(
    step: DedupStep, context: Context, source: str, split: str | None, held: Any
) -> list[_Block]:
    engine, dataset = context.engine, named(step, source)
    files = resolve_files(dataset, context.root, split)
    parts = list(_of_rows(dataset, chunks(files, context.cache)))
    near = [
        number
        for number, drop in enumerate(step.dedup.drops)
        if is_near(drop) and source in (OWN, drop.against)
    ]
    opening = step.model_dump_json(), str(context.root), source, split, held
    asked = []
    for run in portions(parts, _size(parts, engine.width)):
        answer = engine.submit(read_block, *opening, run, pieces=1 + len(near))
        asked.append(answer if near else [answer])
    heads = engine.gather([one[0] for one in asked], context.checkpoint)
    return [
        _Block(source, rows, dict(zip(near, one[1:], strict=True)))
        for rows, one in zip(heads, asked, strict=True)
    ]


def _of_rows(dataset: DatasetDef, parts: Iterable[Part]) -> Iterator[Part]:
    """The parts without those behind a first part that shows that its file is no file of rows."""
    reader = RowReader(dataset)
    over: DataFile | None = None
    for part in parts:
        if part.file == over:
            continue
        if part.start == 0 and part.digest:
            ends = any(block.ends for block in islice(reader.read(part), _HEAD))
            over = part.file if ends else None
        yield part


def _size(parts: Sequence[Part], width: int) -> int:
    total = sum(part.size for part in parts)
    return min(max(_LEAST, total // (_A_CORE * width)), _MOST)


def _fill(
    line: Lines,
    number: int,
    context: Context,
    blocks: Sequence[_Block],
    others: dict[str, Held],
) -> None:
    """Give the line the classes of all rows."""
    mine = [block for block in blocks if block.rows.lines[number] is not None]
    for block, found in zip(mine, _classes(line, number, mine), strict=True):
        (line.own if block.source == OWN else line.others).append(found)
        if block.source == OWN and line.drop.against is not None:
            line.held_out.append(block.rows.places.marks(others[line.drop.against].places))
        context.checkpoint()


def _classes(line: Lines, number: int, blocks: Sequence[_Block]) -> list[Ints]:
    """The classes of each block's rows, over all blocks."""
    comparer = line.comparer
    rows = [one for block in blocks if (one := block.rows.lines[number]) is not None]
    if isinstance(comparer, HeldComparer):
        return [_taken(comparer, one) for one in rows]
    if isinstance(comparer, FuzzyComparer | MeaningComparer):
        return [_renumbered(one.classes, comparer.take(one.told)) for one in rows]
    numbering = Numbering([one.keys for one in rows])
    if isinstance(comparer, SpreadStored):
        keys = [one.keys for one in rows]
        comparer.settle([block.sets[number] for block in blocks], keys, numbering)
    elif isinstance(comparer, SpreadComparer):
        comparer.settle([block.sets[number] for block in blocks], numbering)
    elif isinstance(comparer, CountedClasses):
        comparer.count = numbering.count
    numbers = zip(rows, numbering.numbers, strict=True)
    return [_renumbered(one.classes, own) for one, own in numbers]


def _taken(comparer: HeldComparer, rows: LineRows) -> Ints:
    classes = np.where(rows.classes >= 0, rows.classes + comparer.own, -1)
    comparer.take(rows.told)
    return classes


def _renumbered(classes: Ints, numbers: Ints) -> Ints:
    """Class -1 stays."""
    found: Ints = np.append(numbers, -1)[classes]
    return found
