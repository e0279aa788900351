"""One pass over the rows of a dataset and of those it is held against: the classes of each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.clause import Clause, Comparer, TextComparer, Texts, held_on
from ftdsl.dedup.earlier import Earlier
from ftdsl.dedup.exact import ExactComparer
from ftdsl.dedup.fuzzy import FuzzyComparer
from ftdsl.dedup.held import HeldComparer
from ftdsl.dedup.intake import Intake, Taken, read_texts
from ftdsl.dedup.kept import KeptSets
from ftdsl.dedup.meaning import HeldMeaningComparer, MeaningComparer
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.ngrams import NgramComparer
from ftdsl.dedup.order import KeepOrder
from ftdsl.dedup.paraphrase import ParaphraseComparer
from ftdsl.dedup.parts import RowParts
from ftdsl.dedup.places import Places
from ftdsl.dedup.ragged import Ints
from ftdsl.dedup.stored.comparing import StoredComparer, stock_of
from ftdsl.embeddings.encoder import encoder
from ftdsl.engine.collecting import paused
from ftdsl.engine.context import Context, Progress
from ftdsl.language.program import DatasetDef, DropDef
from ftdsl.plan.steps import DedupStep
from ftdsl.quality.expressions import Evaluator


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

    @property
    def is_near_here(self) -> bool:
        """Whether shingle sets of this run's rows alone are compared: what an index stores of a set
        must not depend on other rows."""
        return isinstance(self.comparer, NearComparer) and not self.drop.index

    def clause(self, ignore_shared: float | None) -> Clause:
        """The line when all rows are read; shingles that more than a share ``ignore_shared`` of the
        rows hold are left out."""
        classes = _joined(self.own)
        others = _joined(self.others) if self.drop.against is not None else None
        if ignore_shared is not None and self.is_near_here:
            assert isinstance(self.comparer, NearComparer)
            rows = np.bincount(classes[classes >= 0], minlength=len(self.comparer))
            emptied = self.comparer.leave_out(rows, ignore_shared, len(classes))
            # Class -1 reads the last place.
            renamed = np.append(np.where(emptied, -1, np.arange(len(emptied))), -1)
            classes = renamed[classes]
            others = None if others is None else renamed[others]
        index = self.comparer.index()
        if self.held_out:
            # A row that is itself held out is no leak of itself.
            classes[np.concatenate(self.held_out)] = -1
        if isinstance(self.comparer, StoredComparer):
            others = self.comparer.others()
        return Clause(self.drop, classes, others, index, len(self.comparer))


@dataclass(slots=True)
class Held:
    """The rows of a dataset that lines hold others against."""

    parts: RowParts
    places: Places


@dataclass(slots=True)
class Reading:
    """What one pass over the rows left: bounded by some bytes a row and the shingles' file."""

    lines: list[Lines]
    order: KeepOrder
    own: Held
    others: dict[str, Held]

    def take(self, rows: Taken) -> None:
        """The next rows of the dataset, with their classes by line."""
        self.own.places.add(rows.part, rows.lines, rows.offsets)
        self.order.add(len(rows.lines), rows.weights)
        for line, classes in zip(self.lines, rows.classes, strict=True):
            line.own.append(classes)
            if line.drop.against is not None:
                held = self.others[line.drop.against].places.lines_of(rows.part.file.path)
                line.held_out.append(np.isin(rows.lines, held))


def against_datasets(step: DedupStep) -> dict[str, tuple[DatasetDef, str | None]]:
    """The datasets that drop lines name, with the split that is meant."""
    named = [drop.against for drop in step.dedup.drops if drop.against is not None]
    names = list(dict.fromkeys(named))
    splits = step.against_splits or (None,) * len(names)
    triples = zip(names, step.against, splits, strict=True)
    return {name: (dataset, split) for name, dataset, split in triples}


def read_dataset(step: DedupStep, context: Context, kept: KeptSets | None = None) -> Reading:
    """Read the datasets of ``against``, then the step's own. Raises Refused (FT300-FT308)."""
    own = RowParts(step.dataset, context.root, context.cache)
    others = {
        name: Held(RowParts(dataset, context.root, context.cache, split), Places())
        for name, (dataset, split) in against_datasets(step).items()
    }
    size = own.size + sum(held.parts.size for held in others.values())
    lines = [
        Lines(drop, comparer_of(drop, context, step, size, found_before(step, number, kept)))
        for number, drop in enumerate(step.dedup.drops)
    ]
    reading = Reading(lines, KeepOrder(step.dedup), Held(own, Places()), others)
    progress = context.progress(f"dedup {step.name}: reading")
    with paused():
        for name in others:
            _read_held(name, context, progress, reading)
        if kept is not None:
            texts = [line.comparer for line in lines if isinstance(line.comparer, TextComparer)]
            kept.stand_on([one.stands_on() for one in texts])
        evaluator = Evaluator(step.dataset, context.root)
        comparers = [line.comparer for line in lines]
        on = [line.drop.on for line in lines]
        intake = Intake(own, evaluator, comparers, on, reading.order, kept)
        for rows in intake.read(context, progress):
            reading.take(rows)
    progress.close()
    return reading


def found_before(step: DedupStep, number: int, kept: KeptSets | None) -> Earlier | None:
    """What an earlier run found of a near line."""
    name = found_name(step, number)
    arrays = None if kept is None or name is None else kept.recall(name)
    return None if arrays is None else Earlier.read(arrays)


def found_name(step: DedupStep, number: int) -> str | None:
    """By what name it is kept what is found of a line; None where nothing is. Sets that lack what
    many rows share depend on all rows."""
    drop = step.dedup.drops[number]
    if drop.method not in ("near", "fuzzy") or drop.index:
        return None
    if drop.method == "near" and step.dedup.ignore_shared is not None:
        return None
    is_held = drop.against is not None
    bands = [drop.permutations, drop.seed] if drop.algorithm == "minhash" else []
    return f"pairs {number} {is_held} {drop.similarity!r} {drop.algorithm} {bands}"


def _read_held(name: str, context: Context, progress: Progress, reading: Reading) -> None:
    held = reading.others[name]
    lines = [line for line in reading.lines if line.drop.against == name]
    evaluator = Evaluator(held.parts.dataset, context.root)
    on = [held_on(line.drop) for line in lines]
    for batch in read_texts(held.parts, evaluator, on):
        held.places.add(batch.part, *batch.where())
        for line, texts in zip(lines, batch.texts, strict=True):
            line.others.append(line.hold(texts))
        progress.advance(len(batch.numbers))
        context.checkpoint()


def comparer_of(
    drop: DropDef,
    context: Context,
    step: DedupStep,
    size: int | None = None,
    earlier: Earlier | None = None,
) -> Comparer:
    """What finds the duplicates of a line. ``size``: the bytes of all rows, where it is known;
    ``earlier``: what an earlier run found of it."""
    if drop.method in ("exact", "shared"):
        return ExactComparer()
    if drop.method == "ngram":
        return NgramComparer(drop.n, drop.similarity)
    if drop.method == "paraphrase" and drop.embeddings:
        made = encoder(drop.embeddings, context, drop.span)
        if drop.against is None:
            return MeaningComparer(drop.similarity, made)
        return HeldMeaningComparer(drop.similarity, drop.false_flags, made)
    if drop.method == "paraphrase":
        return ParaphraseComparer(drop.similarity, drop.false_flags)
    if drop.method == "fuzzy":
        return FuzzyComparer(drop.similarity, earlier)
    if drop.index:
        return StoredComparer(stock_of(step, drop, context), context.work)
    return NearComparer(
        drop.similarity,
        algorithm=drop.algorithm,
        shingle=drop.shingle,
        permutations=drop.permutations,
        seed=drop.seed,
        folder=context.work,
        size=size,
        earlier=earlier,
    )


def _joined(parts: Sequence[Ints]) -> Ints:
    return np.concatenate([*parts, np.empty(0, dtype=np.int64)])
