"""The step of a sweep: a training that is varied, and the eval that its trials are ranked by."""

from __future__ import annotations

from collections.abc import Iterable

from ftdsl.language.program import GateDef, SweepDef
from ftdsl.plan.steps import EvalStep, SweepStep, TrainStep


def sweep_step(
    sweep: SweepDef,
    training: TrainStep,
    needs: tuple[str, ...],
    scoring: EvalStep,
    gates: Iterable[GateDef],
) -> SweepStep:
    """``needs`` are those of the training; of the eval's all but the training itself, for each
    trial brings a model of its own."""
    own = tuple(one for one in scoring.needs if one != training.id)
    reading = (one for one in gates if one.eval == sweep.eval)
    return SweepStep(
        id=f"sweep.{training.name}",
        name=training.name,
        needs=tuple(dict.fromkeys((*needs, *own))),
        sweep=sweep,
        train=training.train,
        datasets=training.datasets,
        base_model=training.base_model,
        scoring=scoring.model_copy(update={"needs": own}),
        gates=tuple(one.name for one in reading if training.name in one.candidates),
    )
