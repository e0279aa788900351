"""One trial: a training with its own settings, then the eval, both kept in a folder of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ftdsl.engine.context import Aside, Context, Progress, Refused
from ftdsl.evaluation.step import run_eval
from ftdsl.language.program import Value
from ftdsl.plan.steps import SweepStep
from ftdsl.results.models import EvalOutput, TrainOutput
from ftdsl.results.outputs import StepOutput
from ftdsl.results.sweep import Trial
from ftdsl.sweeping.pruning import Points, Pruner
from ftdsl.training.step import Pruned, run_train

TRAIN, EVAL = "train", "eval"
TRAIN_RESULT = "train.json"
_RECORD, _EVAL_RESULT = "trial.json", "eval.json"


@dataclass(frozen=True)
class TrialContext(Aside):
    """The sweep's context as a step of one trial sees it: with a folder of its own, and with what
    the trial has done so far among the results."""

    label: str = ""
    done: Mapping[str, tuple[StepOutput, Path]] = field(default_factory=dict)

    @property
    def outputs(self) -> Mapping[str, StepOutput]:
        return {**self.within.outputs, **{key: output for key, (output, _) in self.done.items()}}

    def artifacts(self, step_id: str) -> Path:
        return self.done[step_id][1] if step_id in self.done else self.within.artifacts(step_id)

    def progress(self, label: str, total: int | None = None, unit: str = "rows") -> Progress:
        return self.within.progress(f"{self.label}: {label}", total, unit)


def run_trial(
    step: SweepStep,
    configuration: int,
    choice: Mapping[str, Value],
    seed: int,
    others: list[Points],
    context: Context,
) -> Trial:
    """Train and score, or take what an interrupted sweep has of it. A training that is refused for
    its settings is a failed trial; an eval that is refused ends the sweep."""
    folder = context.work / "trials" / f"{configuration:03d}-seed{seed}"
    kept = _kept(folder)
    if kept is not None:
        return kept
    started = time.monotonic()
    made = partial(
        Trial,
        configuration=configuration,
        settings={key: str(value) for key, value in choice.items()},
        seed=seed,
        folder=folder.relative_to(context.work).as_posix(),
    )
    training = step.training(choice, seed)
    epochs = dict(training.train.settings).get("n_epochs")
    pruner = Pruner(others, float(epochs) if isinstance(epochs, int | float) else 1.0)
    label = f"trial {configuration + 1}, seed {seed}"
    own = TrialContext(context, folder / TRAIN, label)
    try:
        trained = run_train(training, own, pruner.hopeless if others else None)
    except Pruned as ended:
        found = made(
            state="pruned",
            why=pruner.why,
            steps=ended.step,
            eval_loss=pruner.points[-1][1],
            seconds=time.monotonic() - started,
        )
    except Refused as refused:
        if refused.exit_code != _CANNOT:
            raise
        why = f"{refused.diagnostic.code}: {refused.diagnostic.message}"
        found = made(state="failed", why=why, seconds=time.monotonic() - started)
    else:
        _write(own.work / TRAIN_RESULT, trained.model_dump_json())
        found = _scored(step, trained, own, made, started)
    _write(folder / _RECORD, found.model_dump_json())
    return found


#: The exit code of a step that cannot answer; others are a budget's or a permission's.
_CANNOT = 2


def _scored(
    step: SweepStep,
    trained: TrainOutput,
    own: TrialContext,
    made: Callable[..., Trial],
    started: float,
) -> Trial:
    scoring = TrialContext(
        own.within,
        own.folder.with_name(EVAL),
        own.label,
        {f"train.{step.train.name}": (trained, own.folder)},
    )
    scored = run_eval(step.scoring, scoring)
    _write(scoring.work / _EVAL_RESULT, scored.model_dump_json())
    held_out = [one.eval_loss for one in trained.curve if one.eval_loss is not None]
    return made(
        state="complete",
        scores=scored.scores,
        eval_loss=held_out[-1] if held_out else None,
        steps=trained.steps,
        curve=trained.curve,
        seconds=time.monotonic() - started,
    )


def scored_output(folder: Path) -> EvalOutput:
    """The eval of a complete trial."""
    return EvalOutput.model_validate_json((folder / EVAL / _EVAL_RESULT).read_bytes())


def _kept(folder: Path) -> Trial | None:
    try:
        return Trial.model_validate_json((folder / _RECORD).read_bytes())
    except FileNotFoundError:
        return None


def _write(path: Path, text: str) -> None:
    """All or nothing: a trial counts as done when its record is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}")
    with half.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
