"""What a finished training has to show: its curve in plain figures, its settings, and its gain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from ftdsl.language.program import TrainDef, Value
from ftdsl.results.models import CurvePoint, TrainOutput

_FEWEST_IN_WINDOW = 5


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better the trained model scores than its base, case by case, with its interval."""

    score: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Half:
    """A training of the same settings on about half of the rows, and how much better the whole
    one scores than it, case by case."""

    name: str
    rows: int
    gain: Gain


@dataclass(frozen=True)
class Evidence:
    """One finished training. ``gain`` is None where no eval asked both models, ``half`` where no
    training on half of the rows was asked the same."""

    train: TrainDef
    output: TrainOutput
    gain: Gain | None = None
    half: Half | None = None

    @property
    def settings(self) -> Mapping[str, Value]:
        return dict(self.train.settings)

    @property
    def is_hosted(self) -> bool:
        return self.output.hosted is not None

    @property
    def rate(self) -> str:
        """The setting that is the learning rate of this target."""
        return "learning_rate_multiplier" if self.is_hosted else "learning_rate"

    @cached_property
    def losses(self) -> tuple[tuple[int, float], ...]:
        """(step, training loss), finite or not, in order."""
        return tuple((p.step, p.loss) for p in self.points if p.loss is not None)

    @cached_property
    def points(self) -> tuple[CurvePoint, ...]:
        return tuple(sorted(self.output.curve, key=lambda point: point.step))

    @cached_property
    def validations(self) -> tuple[tuple[int, float], ...]:
        """(step, loss on all validation rows), finite ones, in order."""
        found = ((p.step, p.eval_loss) for p in self.points if p.eval_loss is not None)
        return tuple((step, loss) for step, loss in found if math.isfinite(loss))

    @property
    def window(self) -> int:
        """Points that a median is taken over: a tenth of an epoch, five at least."""
        epochs = max(1.0, self.output.epochs)
        return max(_FEWEST_IN_WINDOW, round(len(self.losses) / epochs / 10))

    @cached_property
    def first_loss(self) -> float | None:
        """The median of the first points of the training loss."""
        return _median([loss for _, loss in self.losses[: self.window]])

    @cached_property
    def last_loss(self) -> float | None:
        """The median of the last ones."""
        return _median([loss for _, loss in self.losses[-self.window :]])

    @property
    def best(self) -> tuple[int, float] | None:
        """The step with the lowest validation loss."""
        return min(self.validations, key=lambda each: each[1], default=None)

    @property
    def last_accuracy(self) -> float | None:
        """Share of the training tokens that the model got right at the end."""
        found = [p.token_accuracy for p in self.points if p.token_accuracy is not None]
        return _median(found[-self.window :])

    def epoch_of(self, step: int) -> float:
        """How many passes over the rows were done at ``step``."""
        return step * self.output.epochs / max(1, self.output.steps)


def _median(values: list[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return median(finite) if finite else None
