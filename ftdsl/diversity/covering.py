"""What one run of a dataset's parts comes to for a coverage block: the block function of coverage.

The rows of a part are counted by groupings and statements of its own, and what these came to is
merged in the order of the parts, wherever they were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ftdsl.data.rows import DataFile, Part, Places, Row, RowReader
from ftdsl.diagnostics.diagnostic import Span
from ftdsl.diversity.clusters import Clusters, Encoders
from ftdsl.diversity.groups import Groups, groups_of
from ftdsl.diversity.lengths import measured
from ftdsl.embeddings.encoder import Encoder, encoder_at
from ftdsl.plan.steps import CoverageStep
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.statements import Statement

# Rows read together.
_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Covered:
    """What the rows of one part came to. ``ends`` tells that its file is no file of rows, so that
    what its later parts came to means nothing."""

    file: DataFile
    ends: bool
    rows: int
    groups: tuple[Any, ...]
    lengths: tuple[dict[int, int], ...]
    statements: tuple[Any, ...]


def cover(
    step: str,
    root: str,
    encoders: Encoders | None,
    turn: int,
    found: Sequence[Any],
    parts: Sequence[Part],
    without: Places,
) -> list[Covered]:
    """Count the rows of ``parts`` in the pass ``turn``, without those at the places ``without``.
    ``found`` is what the groups know from the passes before; ``encoders`` those of the run, or None
    where it is elsewhere. Raises Refused (FT300-FT308, FT435-FT437)."""
    covering = _covering(step, root)
    return [covering.part(part, encoders, turn, found, without) for part in parts]


@lru_cache(maxsize=2)
def _covering(step: str, root: str) -> _Covering:
    return _Covering(CoverageStep.model_validate_json(step), Path(root))


class _Covering:
    """One step, asked of many parts."""

    def __init__(self, step: CoverageStep, root: Path) -> None:
        self._step = step
        self._root = root
        self._reader = RowReader(step.dataset)
        self._evaluator = evaluator_of(step, root)

    def part(
        self,
        part: Part,
        encoders: Encoders | None,
        turn: int,
        found: Sequence[Any],
        without: Places,
    ) -> Covered:
        groupings = groups_of(self._step.coverage, encoders or self._encoder)
        for made, known in zip(groupings, found, strict=True):
            made.begin(known)
        asked = [made for made in groupings if turn < made.passes]
        expects = () if turn else self._step.coverage.expects
        statements = [Statement(expect, self._evaluator) for expect in expects]
        lengths = [] if turn else measured(self._step.dataset)
        rows, ends = 0, [False]
        for block, dropped in self._blocks(part, without, ends):
            for made in asked:
                columns = [self._evaluator.column(one.subject, block) for one in made.parts]
                made.add(columns, turn)
                if turn and dropped:
                    self._mark(made, Block(dropped))
            for one in lengths:
                one.add(self._evaluator.column(one.subject, block))
            for statement in statements:
                statement.add(block)
            rows += len(block)
        dumped = tuple(made.dump(turn) if turn < made.passes else None for made in groupings)
        told = tuple(statement.dump() for statement in statements)
        long = tuple(one.dump() for one in lengths)
        return Covered(part.file, ends[0], rows, dumped, long, told)

    def _encoder(self, name: str, span: Span | None) -> Encoder:  # noqa: ARG002
        return encoder_at(name, str(self._root))

    def _mark(self, made: Groups, dropped: Block) -> None:
        """Have the map of clusters show rows that dedup dropped."""
        for part in made.parts:
            if isinstance(part, Clusters):
                part.drop(self._evaluator.column(part.subject, dropped))

    def _blocks(
        self, part: Part, without: Places, ends: list[bool]
    ) -> Iterator[tuple[Block, list[Row]]]:
        """The rows that count, and beside them those that do not."""
        batch: list[Row] = []
        dropped: list[Row] = []
        for found in self._reader.read(part):
            ends[0] |= found.ends
            for row in found.rows:
                (dropped if (row.path, row.line) in without else batch).append(row)
            if len(batch) >= _BATCH:
                yield Block(batch), dropped
                batch, dropped = [], []
        part.file.assert_unchanged()
        if batch or dropped:
            yield Block(batch), dropped


def evaluator_of(step: CoverageStep, root: Path) -> Evaluator:
    """What evaluates the expressions of a step."""
    return Evaluator(step.dataset, root, measures_of(step))


def measures_of(step: CoverageStep) -> dict[str, float]:
    """What ``locked.…`` reads, by its whole name."""
    return {f"locked.{name}": value for name, value in step.locked.items()}
