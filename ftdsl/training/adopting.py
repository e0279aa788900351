"""How a training takes over the trial that its sweep chose, instead of training again."""

from __future__ import annotations

import shutil

from ftdsl.engine.context import Context
from ftdsl.plan.steps import TrainStep
from ftdsl.results.models import TrainOutput
from ftdsl.results.sweep import SweepOutput

_RESULT = "train.json"


def adopt_trial(step: TrainStep, context: Context) -> TrainOutput:
    """Copy what the winning trial left to ``context.work``; its output, with its settings."""
    sweep_id = f"sweep.{step.name}"
    sweep = context.outputs[sweep_id]
    assert isinstance(sweep, SweepOutput), f"{sweep_id} is a sweep"
    trial = context.artifacts(sweep_id) / sweep.folder / "train"
    shutil.copytree(trial, context.work, dirs_exist_ok=True)
    found = TrainOutput.model_validate_json((context.work / _RESULT).read_bytes())
    (context.work / _RESULT).unlink()
    return found
