"""One pass over the rows of a dataset and of those it is held against: the classes of each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ftdsl.data.rows import Row, read_blocks
from ftdsl.dedup.clause import Clause, Comparer, Texts, held_on
from ftdsl.dedup.exact import ExactComparer
from ftdsl.dedup.fuzzy import FuzzyComparer
from ftdsl.dedup.held import HeldComparer
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.ngrams import NgramComparer
from ftdsl.dedup.order import KeepOrder
from ftdsl.dedup.paraphrase import ParaphraseComparer
from ftdsl.dedup.places import Places
from ftdsl.dedup.ragged import Ints
from ftdsl.dedup.values import compared_texts
from ftdsl.engine.context import Context, Progress
from ftdsl.language.program import DatasetDef, DropDef
from ftdsl.plan.steps import DedupStep
from ftdsl.quality.expressions import Block, Evaluator

# Rows read before they are compared: enough that array work outweighs the calls.
_BATCH = 1024


@dataclass(slots=True)
class Lines:
    """One drop line while rows are read."""

    drop: DropDef
    comparer: Comparer
    own: list[Ints] = field(default_factory=list)
    held_out: list[NDArray[np.bool_]] = field(default_factory=list)
    others: list[Ints] = field(default_factory=list)

    def hold(self, rows: Sequence[Texts]) -> Ints:
        """The classes of further rows of ``against``, all of which come first."""
        if isinstance(self.comparer, HeldComparer):
            return self.comparer.hold(rows)
        return self.comparer.add(rows)

    def clause(self) -> Clause:
        """The line when all rows are read."""
        index = self.comparer.index()
        classes = _joined(self.own)
        if self.held_out:
            # A row that is itself held out is no leak of itself.
            classes[np.concatenate(self.held_out)] = -1
        others = _joined(self.others) if self.drop.against is not None else None
        return Clause(self.drop, classes, others, index, len(self.comparer))


@dataclass(slots=True)
class Reading:
    """What one pass over the rows left: bounded by some bytes a row and the shingles' file."""

    lines: list[Lines]
    order: KeepOrder
    places: Places
    others: dict[str, Places]


def against_datasets(step: DedupStep) -> dict[str, tuple[DatasetDef, str | None]]:
    """The datasets that drop lines name, with the split that is meant."""
    named = [drop.against for drop in step.dedup.drops if drop.against is not None]
    names = list(dict.fromkeys(named))
    splits = step.against_splits or (None,) * len(names)
    triples = zip(names, step.against, splits, strict=True)
    return {name: (dataset, split) for name, dataset, split in triples}


def read_dataset(step: DedupStep, context: Context) -> Reading:
    """Read the datasets of ``against``, then the step's own. Raises Refused (FT300-FT308)."""
    lines = [Lines(drop, comparer_of(drop, context)) for drop in step.dedup.drops]
    progress = context.progress(f"dedup {step.name}: reading")
    others: dict[str, Places] = {}
    for name, (dataset, split) in against_datasets(step).items():
        evaluator, places = Evaluator(dataset, context.root), Places()
        for block in batches(dataset, context, progress, split):
            places.add(block)
            for line in lines:
                if line.drop.against == name:
                    texts = compared_texts(evaluator, held_on(line.drop), block)
                    line.others.append(line.hold(texts))
        others[name] = places
    reading = Reading(lines, KeepOrder(step.dedup), Places(), others)
    _read_own(step, context, progress, reading)
    progress.close()
    return reading


def _read_own(step: DedupStep, context: Context, progress: Progress, reading: Reading) -> None:
    evaluator = Evaluator(step.dataset, context.root)
    held_out = {name: places.everything() for name, places in reading.others.items()}
    for block in batches(step.dataset, context, progress):
        reading.places.add(block)
        reading.order.add(evaluator, block)
        for line in reading.lines:
            line.own.append(line.comparer.add(compared_texts(evaluator, line.drop.on, block)))
            if line.drop.against is not None:
                same = [(row.path, row.line) in held_out[line.drop.against] for row in block]
                line.held_out.append(np.array(same, dtype=np.bool_))


def batches(
    dataset: DatasetDef, context: Context, progress: Progress, split: str | None = None
) -> Iterator[Block]:
    """The rows in batches, with progress and a chance to stop after each."""
    batch: list[Row] = []
    for block in read_blocks(dataset, context.root, split=split):
        batch += block
        if len(batch) >= _BATCH:
            yield Block(batch)
            progress.advance(len(batch))
            context.checkpoint()
            batch = []
    if batch:
        yield Block(batch)
        progress.advance(len(batch))
        context.checkpoint()


def comparer_of(drop: DropDef, context: Context) -> Comparer:
    if drop.method in ("exact", "shared"):
        return ExactComparer()
    if drop.method == "ngram":
        return NgramComparer(drop.n, drop.similarity)
    if drop.method == "paraphrase":
        return ParaphraseComparer(drop.similarity, drop.false_flags)
    if drop.method == "fuzzy":
        return FuzzyComparer(drop.similarity)
    return NearComparer(
        drop.similarity,
        algorithm=drop.algorithm,
        shingle=drop.shingle,
        permutations=drop.permutations,
        seed=drop.seed,
        folder=context.work,
    )


def _joined(parts: Sequence[Ints]) -> Ints:
    return np.concatenate([*parts, np.empty(0, dtype=np.int64)])
