"""Parts of a dataset examined on a cluster, as ``workers`` does with processes of one machine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from pathlib import Path

from ftdsl.data.rows import Part
from ftdsl.engine.context import Engine
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.examination import Examination
from ftdsl.quality.gathering import Answers
from ftdsl.quality.workers import Task


class Elsewhere:
    """Shares the parts out by the run's engine."""

    def __init__(self, engine: Engine, step: CheckStep, root: Path) -> None:
        self._engine = engine
        self._opening = step.model_dump_json(), str(root)

    def answers(
        self, tasks: Iterator[Task], checkpoint: Callable[[], None]
    ) -> Iterator[Iterator[Answers]]:
        """The answers about each task's part, in the order of the tasks. Raises Refused."""
        blocks = ((*self._opening, part, sorted(asked)) for part, asked in tasks)
        return map(iter, self._engine.map(examined, blocks, checkpoint))


def examined(step: str, root: str, part: Part, asked: Collection[int]) -> list[Answers]:
    """All answers about ``part``: the block function of the check."""
    return list(_examination(step, root).examine(part, asked))


@lru_cache(maxsize=2)
def _examination(step: str, root: str) -> Examination:
    """One object serves all parts that a worker is handed."""
    return Examination(CheckStep.model_validate_json(step), Path(root))
