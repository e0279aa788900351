"""The order in which rows are taken: of two duplicates the earlier one stays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ftdsl.data.rows import text
from ftdsl.dedup.join import Floats
from ftdsl.dedup.ragged import Ints
from ftdsl.language.program import DedupDef
from ftdsl.quality.expressions import Block, Evaluator


class KeepOrder:
    """``first`` is file order. ``longest`` takes the rows with most characters first (all texts of
    the row, roles aside), ``best`` those with the largest value; an absent value comes last. Equals
    stay in file order."""

    def __init__(self, dedup: DedupDef) -> None:
        self._dedup = dedup
        self._rows = 0
        self._weights: list[Floats] = []

    def weights(self, evaluator: Evaluator, block: Block) -> list[float]:
        """What decides about the rows of a block; nothing where their order does."""
        if self._dedup.keep == "longest":
            return [float(len(text(row))) for row in block]
        if self._dedup.keep == "best" and self._dedup.keep_by is not None:
            return list(map(_weight, evaluator.column(self._dedup.keep_by, block)))
        return []

    @property
    def is_by_place(self) -> bool:
        """Whether the order of the rows alone decides."""
        return self._dedup.keep == "first"

    def add(self, rows: int, weights: Floats) -> None:
        """The next rows of the dataset, and their weights."""
        self._rows += rows
        if not self.is_by_place:
            self._weights.append(weights)

    def taken(self) -> tuple[int, list[Floats]]:
        """What the rows came to, for ``take``."""
        return self._rows, self._weights

    def take(self, taken: tuple[int, list[Floats]]) -> None:
        """Have the rows that another one was given, after those that are there."""
        self._rows += taken[0]
        self._weights += taken[1]

    def rows(self) -> Ints:
        """All rows, the first to keep first."""
        if not self._weights:
            return np.arange(self._rows, dtype=np.int64)
        return np.argsort(-np.concatenate(self._weights), kind="stable")


def _weight(value: Any) -> float:
    return float("-inf") if value is None else float(value)
