"""Training curves as they are seen in practice, from a seed: one figure a step."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Shape = Literal["healthy", "overfit", "underfit", "diverge", "noisy", "short-answers"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
HIDDEN_TOKENS = 2
"""OpenAI's loss and accuracy are means over the visible tokens of an answer and two more that are
nearly always right (measured by others on GPT-4.1; see the reference of ``target openai``)."""


@dataclass(frozen=True, slots=True)
class Point:
    """One step. ``valid_*`` are of one batch of the validation rows, ``full_valid_*`` of all, at
    the ends of epochs alone."""

    step: int
    train_loss: float
    train_accuracy: float
    valid_loss: float | None = None
    valid_accuracy: float | None = None
    full_valid_loss: float | None = None
    full_valid_accuracy: float | None = None


def points(
    shape: Shape, steps: int, epochs: int, *, seed: int, validated: bool, tokens: float
) -> Iterator[Point]:
    """The curve of a job with ``steps`` steps in ``epochs`` epochs; ``tokens`` is the mean number
    of visible tokens of an answer."""
    draw = random.Random(f"{shape} {seed}")
    ends = {round(steps * (epoch + 1) / epochs) for epoch in range(epochs)}
    for step in range(1, steps + 1):
        at = step / steps
        train, valid = _losses(shape, at)
        jitter = 0.35 if shape == "noisy" else 0.03
        train *= 1 + jitter * (draw.random() - 0.5)
        wide = valid * (1 + 3 * jitter * (draw.random() - 0.5))
        point = Point(step, _loss(train, tokens), _accuracy(train, tokens))
        if validated:
            full = step in ends
            point = Point(
                step,
                point.train_loss,
                point.train_accuracy,
                _loss(wide, tokens),
                _accuracy(wide, tokens),
                _loss(valid, tokens) if full else None,
                _accuracy(valid, tokens) if full else None,
            )
        yield point


def _losses(shape: Shape, at: float) -> tuple[float, float]:
    """Training and validation loss over the visible tokens, at the share ``at`` of the steps."""
    falling = 0.4 + 2.0 * math.exp(-4 * at)
    match shape:
        case "overfit":
            return 0.05 + 2.3 * math.exp(-6 * at), 0.9 + 1.4 * math.exp(-8 * at) + 1.1 * at * at
        case "underfit":
            return 2.4 - 0.08 * at, 2.45 - 0.07 * at
        case "diverge":
            grown = 2.4 if at < 0.4 else 2.4 * math.exp(6 * (at - 0.4))
            return grown, grown * 1.05
        case "healthy" | "noisy" | "short-answers":
            return falling, falling * 1.08


def _loss(visible: float, tokens: float) -> float:
    return round(visible * tokens / (tokens + HIDDEN_TOKENS), 6)


def _accuracy(visible: float, tokens: float) -> float:
    right = math.exp(-visible)
    return round((right * tokens + HIDDEN_TOKENS) / (tokens + HIDDEN_TOKENS), 6)


def table(found: list[Point]) -> str:
    """The results file: a line a step, blank where nothing was evaluated."""
    head = (
        "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,"
        "full_valid_loss,full_valid_mean_token_accuracy"
    )
    lines = (
        ",".join("" if value is None else f"{value:g}" for value in _values(each)) for each in found
    )
    return "\n".join((head, *lines, ""))


def _values(point: Point) -> tuple[float | None, ...]:
    return (
        point.step, point.train_loss, point.train_accuracy, point.valid_loss,
        point.valid_accuracy, point.full_valid_loss, point.full_valid_accuracy,
    )  # fmt: skip
