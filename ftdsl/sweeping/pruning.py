"""When a trial is ended on the way: its validation loss lies above what others had by then.

The median rule (Golovin et al. 2017, Vizier): at the same share of the data seen, the best loss so
far is compared with the median of the best losses that completed trials had. Passes over the data
are compared, not steps, for trials differ in their batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ftdsl.results.models import CurvePoint

LEAST_TRIALS = 4
"""Completed trials that there must be before one is ended by them."""
LEAST_SHARE = 0.2
"""Of the passes, before which no trial is ended: losses of a warm-up say little."""

Points = list[tuple[float, float]]


class Pruner:
    """Watches one trial. ``others`` are the validation points (epoch, loss) of completed trials;
    ``points`` collects those of this one."""

    def __init__(self, others: Sequence[Points], epochs: float) -> None:
        self.others = others
        self.epochs = epochs
        self.points: Points = []
        self.why = ""

    def hopeless(self, epoch: float, loss: float) -> bool:
        """Whether the trial is to be ended after this validation."""
        self.points.append((epoch, loss))
        if len(self.others) < LEAST_TRIALS or epoch < LEAST_SHARE * self.epochs:
            return False
        then = [best for points in self.others if (best := _best(points, epoch)) is not None]
        if len(then) < LEAST_TRIALS:
            return False
        own, usual = min(one for _, one in self.points), median(then)
        if own <= usual:
            return False
        self.why = (
            f"validation loss {own:.3f} after {epoch:.2g} passes, where the median of "
            f"{len(then)} trials was {usual:.3f}"
        )
        return True


def validation_points(curve: Sequence[CurvePoint]) -> Points:
    """The validations of a curve."""
    return [(one.epoch or 0.0, one.eval_loss) for one in curve if one.eval_loss is not None]


def _best(points: Points, epoch: float) -> float | None:
    losses = [loss for at, loss in points if at <= epoch + 1e-9]
    return min(losses) if losses else None
