"""What a round left: the cases with their scores, the rows that were learned from, the training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftdsl.advice.advising import Advice
from ftdsl.results.coverage import CoverageGroup
from ftdsl.results.judging import JudgeReport
from ftdsl.results.models import Case, GateOutput, TrainOutput
from ftdsl.results.preflight import PreflightCheck
from ftdsl.statistics.proportions import wilson

Vectors = NDArray[np.float32]
CONFIDENCE = 0.95
WRONG = 0.5
"""The part of a case's score that must be lost for its answer to count as wrong."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A row that the model learned from. ``label`` is what its reply says, in the terms of the
    eval: the reply itself where answers are free text. ``groups`` are its values by slice."""

    row_id: str
    path: str
    line: int
    prompt: str
    reply: str
    label: str
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AskedCase:
    """A case of the eval with what is expected of it and what was answered as labels. ``loss`` is
    the part of the score that it lost; ``others`` are the labels that other models gave."""

    case: Case
    loss: float
    expected: str
    answered: str
    groups: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    others_lost: tuple[float, ...] = ()


def _all_learned(rows: Sequence[int]) -> Sequence[bool]:
    return [True] * len(rows)


@dataclass(frozen=True)
class Round:
    """One round. ``row_vectors`` and ``case_vectors`` are unit vectors of the prompts, comparable
    by cosine. ``learned`` tells of rows whether anything of them could be learned from.
    ``preflight`` are the checks before the training that did not hold for all rows.
    ``means`` are the scores of the rounds before, the oldest first, with their intervals."""

    run: str
    eval: str
    model: str
    score: str
    cases: tuple[AskedCase, ...]
    rows: tuple[TrainingRow, ...]
    case_vectors: Vectors
    row_vectors: Vectors
    train: str = ""
    training: TrainOutput | None = None
    advice: tuple[Advice, ...] = ()
    coverage: tuple[CoverageGroup, ...] = ()
    gates: tuple[GateOutput, ...] = ()
    judge: JudgeReport | None = None
    means: tuple[tuple[float, float, float], ...] = ()
    removed: int = 0
    preflight: tuple[PreflightCheck, ...] = ()
    learned: Callable[[Sequence[int]], Sequence[bool]] = _all_learned

    @property
    def n(self) -> int:
        return len(self.cases)

    @cached_property
    def losses(self) -> NDArray[np.float64]:
        return np.array([one.loss for one in self.cases], dtype=np.float64)

    @property
    def mean(self) -> float:
        return float(1 - self.losses.mean()) if self.n else 0.0

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Wilson's, of the mean: for graded scores too wide, never too narrow."""
        return wilson(self.mean, max(1, self.n), CONFIDENCE)

    @cached_property
    def wrong(self) -> tuple[int, ...]:
        """The places of the cases that were answered wrongly."""
        return tuple(int(at) for at in np.flatnonzero(self.losses >= WRONG))

    def share(self, places: Sequence[int]) -> float:
        """What the score loses on these cases."""
        return float(self.losses[list(places)].sum()) / max(1, self.n)


def same(one: str, other: str) -> bool:
    """Whether two answers say the same: labels are equal, longer texts share most of their words
    (Dice of 0.6)."""
    if one == other:
        return True
    left, right = one.split(), other.split()
    if min(len(left), len(right)) < 3:
        return False
    a, b = set(left), set(right)
    return 2 * len(a & b) >= 0.6 * (len(a) + len(b))


def plain(text: str) -> str:
    """An answer whatever its case and white space."""
    return " ".join(text.casefold().split())


def typical(values: Sequence[Any]) -> float:
    """The median; 0 of nothing."""
    return float(np.median(np.array(values, dtype=np.float64))) if len(values) else 0.0
