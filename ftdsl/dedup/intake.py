"""Rows on their way from the files to the comparers, in several threads and in their order.

Chunks that can be scanned are read, folded and shingled by the compiled loops, which leave the
interpreter to others; all other rows are read here, and what the comparers make of them is done
aside. What was made of a chunk is kept, so that a chunk that is known is not read at all. One
thread takes everything in, in the order of the rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from ftdsl.data.rows import DataFile, Part, Row
from ftdsl.dedup import kernel
from ftdsl.dedup.clause import ArrayComparer, Arrays, Comparer, TextComparer, Texts
from ftdsl.dedup.join import Floats
from ftdsl.dedup.kept import KeptSets
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.order import KeepOrder
from ftdsl.dedup.parts import RowParts
from ftdsl.dedup.ragged import Ints
from ftdsl.dedup.scanning import Scanner, layout_of
from ftdsl.dedup.values import compared_texts
from ftdsl.engine.context import Context, Progress
from ftdsl.language.program import Expr
from ftdsl.quality.expressions import Block, Evaluator

# Rows read before they are compared: enough that array work outweighs the calls.
_BATCH = 1024
# Batches and chunks that may be on their way for each thread.
_AHEAD = 3
# The share of lines left to the reader from which scanning is not worth it.
_UNUSUAL = 0.5

Column = Arrays | list[Texts]
"""What is compared of rows by one line: arrays where they are enough, else the texts."""


@dataclass(slots=True)
class Prepared:
    """Consecutive rows of one part. ``offsets`` are bytes, ``weights`` those of the order (none
    where it is that of the rows)."""

    part: Part
    lines: Ints
    offsets: Ints
    weights: Floats
    columns: list[Column]
    unusual: float = 0.0
    can_be_kept: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows of which the class is known, by line."""

    part: Part
    lines: Ints
    offsets: Ints
    weights: Floats
    classes: list[Ints]


@dataclass(slots=True)
class TextBatch:
    """Consecutive rows of one part as they are read: what is compared of them, by line. ``ends``
    tells that the file turned out to hold no rows: what follows means nothing."""

    part: Part
    texts: list[list[Texts]]
    numbers: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    ends: bool = False

    def where(self) -> tuple[Ints, Ints]:
        """The lines of the rows, and their offsets."""
        return np.array(self.numbers, dtype=np.int64), np.array(self.offsets, dtype=np.int64)


def read_texts(
    rows: RowParts, evaluator: Evaluator, on: Sequence[Sequence[Expr]]
) -> Iterator[TextBatch]:
    """All rows, in batches."""
    over: DataFile | None = None
    for part in rows.parts():
        if part.file is not over:
            for batch in _batches(rows, part, evaluator, on, None):
                over = part.file if batch.ends else over
                yield batch


def _batches(
    rows: RowParts,
    part: Part,
    evaluator: Evaluator,
    on: Sequence[Sequence[Expr]],
    order: KeepOrder | None,
) -> Iterator[TextBatch]:
    """The rows of a part in batches, those of a chunk in one."""
    batch = TextBatch(part, [[] for _ in on])
    for some in rows.rows(part):
        if not some:
            batch.ends = True
            break
        _fill(batch, some, evaluator, on, order)
        if len(batch.numbers) >= _BATCH and not part.digest:
            yield batch
            batch = TextBatch(part, [[] for _ in on])
    yield batch


def _fill(
    batch: TextBatch,
    rows: list[Row],
    evaluator: Evaluator,
    on: Sequence[Sequence[Expr]],
    order: KeepOrder | None,
) -> None:
    block = Block(rows)
    batch.numbers += [row.line for row in rows]
    batch.offsets += [row.offset for row in rows]
    for texts, exprs in zip(batch.texts, on, strict=True):
        texts += compared_texts(evaluator, exprs, block)
    if order is not None:
        batch.weights += order.weights(evaluator, block)


class Intake:
    """Reads the rows of ``parts`` once. ``on`` is what each line compares."""

    def __init__(
        self,
        parts: RowParts,
        evaluator: Evaluator,
        comparers: Sequence[Comparer],
        on: Sequence[Sequence[Expr]],
        order: KeepOrder,
        kept: KeptSets | None,
    ) -> None:
        self._parts = parts
        self._evaluator = evaluator
        self._comparers = comparers
        self._on = on
        self._order = order
        self._kept = kept
        self._scanners = self._all_scanners()
        self._over: DataFile | None = None

    def _all_scanners(self) -> list[Scanner]:
        """One scanner for each line, or none where a line needs the rows."""
        found: list[Scanner] = []
        if not kernel.can_scan() or not self._order.is_by_place:
            return found
        for comparer, exprs in zip(self._comparers, self._on, strict=True):
            layout = layout_of(self._parts.dataset, exprs)
            if layout is None or not isinstance(comparer, NearComparer):
                return []
            found.append(Scanner(self._parts, exprs, layout, comparer, self._evaluator))
        return found

    def read(self, context: Context, progress: Progress) -> Iterator[Taken]:
        """All rows in order, with progress and a chance to stop. Raises Refused (FT300-FT308)."""
        waiting: deque[Future[Taken]] = deque()
        workers = max(context.policy.workers, 1)
        with (
            ThreadPoolExecutor(1, thread_name_prefix="sets") as taking,
            ThreadPoolExecutor(workers, thread_name_prefix="shingles") as preparing,
        ):
            for future in self._prepared(preparing):
                context.checkpoint()
                waiting.append(taking.submit(self._take, future))
                while len(waiting) > _AHEAD * workers or (waiting and waiting[0].done()):
                    yield _told(waiting.popleft().result(), progress)
            while waiting:
                context.checkpoint()
                yield _told(waiting.popleft().result(), progress)

    def _prepared(self, preparing: ThreadPoolExecutor) -> Iterator[Future[Prepared]]:
        for part in self._parts.parts():
            if part.file is self._over:
                continue
            if self._kept is not None and self._kept.has(part):
                yield preparing.submit(self._known, part)
            elif self._scanners and Scanner.fits(part):
                yield preparing.submit(self._scan, part)
            else:
                for batch in self._read(part):
                    yield preparing.submit(self._prepare, batch)

    def _read(self, part: Part) -> Iterator[TextBatch]:
        for batch in _batches(self._parts, part, self._evaluator, self._on, self._order):
            if batch.ends:
                self._over = part.file
            yield batch

    def _prepare(self, batch: TextBatch) -> Prepared:
        columns: list[Column] = [
            comparer.prepare(texts) if isinstance(comparer, ArrayComparer) else texts
            for comparer, texts in zip(self._comparers, batch.texts, strict=True)
        ]
        weights = np.array(batch.weights, dtype=np.float64)
        can_be_kept = bool(batch.part.digest) and not batch.ends
        return Prepared(batch.part, *batch.where(), weights, columns, can_be_kept=can_be_kept)

    def _scan(self, part: Part) -> Prepared:
        found = [scanner.scan(part) for scanner in self._scanners]
        first = found[0]
        columns: list[Column] = [one.arrays for one in found]
        none = np.empty(0, dtype=np.float64)
        return Prepared(part, first.lines, first.offsets, none, columns, first.unusual)

    def _known(self, part: Part) -> Prepared:
        """What is kept of a chunk; made anew where that turns out to be damaged."""
        assert self._kept is not None
        arrays = self._kept.get(part)
        if arrays is None:
            if self._scanners and Scanner.fits(part):
                return self._scan(part)
            (batch,) = self._read(part)
            return self._prepare(batch)
        rows, *columns = arrays
        return Prepared(
            part,
            rows["lines"] + part.first_line,
            rows["offsets"] + part.start,
            rows["weights"],
            list(columns),
        )

    def _take(self, future: Future[Prepared]) -> Taken:
        found = future.result()
        part = found.part
        if found.unusual > _UNUSUAL:
            self._scanners = []
        for number, comparer in enumerate(self._comparers):
            column = found.columns[number]
            if self._kept is not None and found.can_be_kept and isinstance(column, list):
                assert isinstance(comparer, TextComparer)
                found.columns[number] = comparer.to_keep(column)
        places = self._kept.places(part) if self._kept is not None else None
        if self._kept is not None and places is None and found.can_be_kept:
            places = self._kept.put(part, self._to_keep(found))
        classes: list[Ints] = []
        for number, (comparer, column) in enumerate(
            zip(self._comparers, found.columns, strict=True)
        ):
            if isinstance(column, list):
                classes.append(comparer.add(column))
            elif isinstance(comparer, TextComparer):
                classes.append(comparer.recalled(column))
            else:
                assert isinstance(comparer, ArrayComparer)
                place = places[number + 1] if places is not None else None
                classes.append(comparer.take(column, place))
        return Taken(part, found.lines, found.offsets, found.weights, classes)

    def _to_keep(self, found: Prepared) -> list[Arrays]:
        rows: Arrays = {
            "lines": found.lines - found.part.first_line,
            "offsets": found.offsets - found.part.start,
            "weights": found.weights,
        }
        return [rows, *(column for column in found.columns if not isinstance(column, list))]


def _told(rows: Taken, progress: Progress) -> Taken:
    progress.advance(len(rows.lines))
    return rows
