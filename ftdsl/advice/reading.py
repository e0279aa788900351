"""From the last run of a spec to the evidence of one of its trainings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ftdsl.advice.evidence import Evidence, Gain
from ftdsl.language.program import Program, TrainDef
from ftdsl.results.artifacts import cases
from ftdsl.results.models import EvalOutput, TrainOutput
from ftdsl.results.run import RunResult, StepRun
from ftdsl.statistics.proportions import tango

_CONFIDENCE = 0.95


def evidence_of(
    train: TrainDef, program: Program, runs: Iterable[RunResult], out: Path
) -> Evidence | None:
    """What the newest of ``runs`` (newest first) that finished this training knows of it; None
    where none did."""
    for run in runs:
        outputs = (step.output for step in run.steps)
        found = [o for o in outputs if isinstance(o, TrainOutput) and o.name == train.name]
        if found:
            return Evidence(train, found[0], _gain(train, program, run, out))
    return None


def _gain(train: TrainDef, program: Program, run: RunResult, out: Path) -> Gain | None:
    """The gain over the base model in the first eval that asked both, by its first score."""
    base = train.base
    if base is None or base not in {model.name for model in program.models}:
        return None
    for eval_ in program.evals:
        tuned, plain = _eval(run, eval_.name, train.name), _eval(run, eval_.name, base)
        if tuned is not None and plain is not None and eval_.scores:
            return _paired(eval_.scores[0].name, tuned, plain, out)
    return None


def _eval(run: RunResult, name: str, model: str) -> StepRun | None:
    for step in run.steps:
        output = step.output
        if isinstance(output, EvalOutput) and (output.name, output.model) == (name, model):
            return step
    return None


def _paired(score: str, tuned: StepRun, plain: StepRun, out: Path) -> Gain | None:
    before = {case.case_id: case.scores.get(score) for case in cases(plain, out)}
    pairs = [
        (case.scores[score], old)
        for case in cases(tuned, out)
        if score in case.scores and (old := before.get(case.case_id)) is not None
    ]
    if not pairs:
        return None
    differences = [new - old for new, old in pairs]
    mean = sum(differences) / len(differences)
    if all(value in (0.0, 1.0) for pair in pairs for value in pair):
        gained = sum(each > 0 for each in differences)
        lost = sum(each < 0 for each in differences)
        low, high = tango(gained, lost, len(pairs), _CONFIDENCE)
        return Gain(score, mean, low, high)
    import numpy as np

    from ftdsl.statistics.means import GradedMean

    graded = GradedMean(np.array(differences), -1.0, 1.0, paired=True)
    low, high = graded.interval(_CONFIDENCE)
    return Gain(score, mean, low, high)
