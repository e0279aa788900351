"""Step ``train``: whose work a training is, by its target."""

from __future__ import annotations

from ftdsl.engine.context import Context
from ftdsl.plan.hosting import is_hosted
from ftdsl.plan.steps import TrainStep
from ftdsl.results.models import TrainOutput


def run_train(step: TrainStep, context: Context) -> TrainOutput:
    """Train ``step`` here or at its host; what comes of it lies in ``context.work``. Raises
    ``Refused`` and ``Stopped``."""
    if is_hosted(step.train):
        from ftdsl.training.hosted.step import run_hosted

        return run_hosted(step, context)
    from ftdsl.training.local.step import run_local

    return run_local(step, context)
