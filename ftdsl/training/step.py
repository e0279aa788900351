"""Step ``train``: whose work a training is, by its target and its sweep."""

from __future__ import annotations

from ftdsl.engine.context import Context
from ftdsl.plan.hosting import is_hosted
from ftdsl.plan.steps import TrainStep
from ftdsl.results.models import TrainOutput
from ftdsl.training.ending import Hopeless, Pruned

__all__ = ["Hopeless", "Pruned", "run_train"]


def run_train(step: TrainStep, context: Context, hopeless: Hopeless | None = None) -> TrainOutput:
    """Train ``step`` here or at its host, or take over what its sweep chose; what comes of it lies
    in ``context.work``. A training here is ended with ``Pruned`` when ``hopeless`` says so of a
    validation. Raises ``Refused`` and ``Stopped``."""
    if step.swept:
        from ftdsl.training.adopting import adopt_trial

        return adopt_trial(step, context)
    if is_hosted(step.train):
        from ftdsl.training.hosted.step import run_hosted

        return run_hosted(step, context)
    from ftdsl.training.local.step import run_local

    return run_local(step, context, hopeless)
