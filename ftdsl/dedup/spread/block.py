"""What a run of parts is for the drop lines of a dedup block: the block function of dedup.

It reads rows as a run of one machine does and asks the same comparers, each fresh for the block.
Classes are numbered within the block; their keys (16 bytes, equal for equal classes) tell which are
one with classes of other blocks. The shingle sets stay where they were made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ftdsl.data.rows import Part, Row, RowReader
from ftdsl.dedup.classes import Keys
from ftdsl.dedup.clause import Texts, held_on
from ftdsl.dedup.exact import ExactComparer
from ftdsl.dedup.fuzzy import FuzzyComparer
from ftdsl.dedup.held import HeldComparer
from ftdsl.dedup.meaning import MeaningComparer
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.order import KeepOrder
from ftdsl.dedup.places import Places
from ftdsl.dedup.ragged import Ints, Ragged
from ftdsl.dedup.values import compared_texts
from ftdsl.embeddings.encoder import encoder_at
from ftdsl.language.program import DatasetDef, DropDef
from ftdsl.plan.steps import DedupStep
from ftdsl.quality.expressions import Block, Evaluator

OWN = ""
"""Names the step's own dataset among those that it reads."""

# Rows that are compared together, and texts cut into shingles at once.
_BATCH = 1024

_NO_KEYS: Keys = np.empty((0, 2), dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class LineRows:
    """What one drop line makes of the rows of a block. ``keys`` name the classes within the block;
    ``told`` is what else its comparer must know: texts, or what held rows were found."""

    classes: Ints
    keys: Keys
    told: Any = None


@dataclass(frozen=True, slots=True)
class BlockRows:
    """The rows of a block: where they stand, their order, and what each line makes of them."""

    places: Places
    order: Any
    lines: tuple[LineRows | None, ...]


def is_near(drop: DropDef) -> bool:
    """Whether the line compares shingle sets."""
    return drop.method == "near"


def read_block(
    step: str,
    root: str,
    source: str,
    split: str | None,
    comparers: Sequence[HeldComparer | None],
    parts: Sequence[Part],
) -> Any:
    """The rows of ``parts`` (of the dataset ``source``), and for each near line that compares them
    its shingle sets: a list where there are such lines. Raises Refused (FT300-FT308)."""
    reader = _reader(step, root, source)
    drops = zip(reader.drops, comparers, strict=True)
    lines = [_line(drop, held, source, root) for drop, held in drops]
    order, places = KeepOrder(reader.step.dedup), Places()
    for part in parts:
        for block in _blocks(reader.rows, part, split):
            _place(places, part, block)
            if source == OWN:
                weights = order.weights(reader.evaluator, block)
                order.add(len(block), np.array(weights, dtype=np.float64))
            for line, drop in zip(lines, reader.drops, strict=True):
                if line is not None:
                    on = drop.on if source == OWN else held_on(drop)
                    line.add(compared_texts(reader.evaluator, on, block))
    told = tuple(None if line is None else line.told() for line in lines)
    rows = BlockRows(places, order.taken(), told)
    sets = [line.sets() for line in lines if isinstance(line, _Near)]
    return [rows, *sets] if sets else rows


def _place(places: Places, part: Part, block: Block) -> None:
    lines = np.array([row.line for row in block], dtype=np.int64)
    places.add(part, lines, np.array([row.offset for row in block], dtype=np.int64))


class _Reader:
    def __init__(self, step: DedupStep, root: Path, source: str) -> None:
        self.step = step
        self.drops = step.dedup.drops
        dataset = named(step, source)
        self.rows = RowReader(dataset)
        self.evaluator = Evaluator(dataset, root)


@lru_cache(maxsize=8)
def _reader(step: str, root: str, source: str) -> _Reader:
    return _Reader(DedupStep.model_validate_json(step), Path(root), source)


def named(step: DedupStep, source: str) -> DatasetDef:
    """The dataset of the step, or the one that its drop lines name so."""
    others = dict(zip(_names(step), step.against, strict=True))
    return step.dataset if source == OWN else others[source]


def _names(step: DedupStep) -> list[str]:
    return list(dict.fromkeys(one.against for one in step.dedup.drops if one.against is not None))


def _blocks(reader: RowReader, part: Part, split: str | None) -> Iterator[Block]:
    batch: list[Row] = []
    for block in reader.read(part):
        batch += [row for row in block.rows if split is None or row.split == split]
        if len(batch) >= _BATCH:
            yield Block(batch)
            batch = []
    part.file.assert_unchanged()
    if batch:
        yield Block(batch)


# ---------------------------------------------------------------------- one drop line


def _line(drop: DropDef, held: HeldComparer | None, source: str, root: str) -> _Line | None:
    """What compares rows of ``source`` for this line; None where it does not look at them."""
    if source not in (OWN, drop.against):
        return None
    if held is not None:
        return _Held(held.fresh()) if source == OWN else None
    if is_near(drop):
        return _Near(drop.shingle)
    if drop.method == "paraphrase":
        return _Meaning(drop, root)
    return _Fuzzy(drop.similarity) if drop.method == "fuzzy" else _Exact()


class _Line(ABC):
    def __init__(self) -> None:
        self.classes: list[Ints] = []

    def add(self, rows: Sequence[Texts]) -> None:
        self.classes.append(self._classes(rows))

    def told(self) -> LineRows:
        classes = np.concatenate([*self.classes, np.empty(0, dtype=np.int64)])
        keys, told = self._known()
        return LineRows(classes, keys, told)

    @abstractmethod
    def _classes(self, rows: Sequence[Texts]) -> Ints:
        """The class of each row."""

    @abstractmethod
    def _known(self) -> tuple[Keys, Any]:
        """``keys`` and ``told`` of the line."""


class _Exact(_Line):
    def __init__(self) -> None:
        super().__init__()
        self._comparer = ExactComparer()

    def _classes(self, rows: Sequence[Texts]) -> Ints:
        return self._comparer.add(rows)

    def _known(self) -> tuple[Keys, Any]:
        return self._comparer.keys(), None


class _Fuzzy(_Line):
    def __init__(self, similarity: float) -> None:
        super().__init__()
        self._comparer = FuzzyComparer(similarity)

    def _classes(self, rows: Sequence[Texts]) -> Ints:
        return self._comparer.add(rows)

    def _known(self) -> tuple[Keys, Any]:
        return _NO_KEYS, self._comparer.texts()


class _Meaning(_Line):
    def __init__(self, drop: DropDef, root: str) -> None:
        super().__init__()
        self._comparer = MeaningComparer(drop.similarity, encoder_at(drop.embeddings, root))

    def _classes(self, rows: Sequence[Texts]) -> Ints:
        return self._comparer.add(rows)

    def _known(self) -> tuple[Keys, Any]:
        return _NO_KEYS, self._comparer.taken()


class _Held(_Line):
    def __init__(self, comparer: HeldComparer) -> None:
        super().__init__()
        self._comparer = comparer

    def _classes(self, rows: Sequence[Texts]) -> Ints:
        return self._comparer.add(rows)

    def _known(self) -> tuple[Keys, Any]:
        return _NO_KEYS, self._comparer.taken()


class _Near(_Line):
    def __init__(self, width: int) -> None:
        super().__init__()
        self._comparer = NearComparer(1.0, shingle=width)

    def _classes(self, rows: Sequence[Texts]) -> Ints:
        return self._comparer.add(rows)

    def _known(self) -> tuple[Keys, Any]:
        return self._comparer.keys(), None

    def sets(self) -> Ragged:
        """The shingle set of each class."""
        return self._comparer.sets()
