"""From the last run of a spec to the evidence of one of its trainings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ftdsl.advice.evidence import Evidence, Gain, Half
from ftdsl.language.program import Program, TrainDef
from ftdsl.results.artifacts import cases
from ftdsl.results.models import EvalOutput, TrainOutput
from ftdsl.results.run import RunResult, StepRun
from ftdsl.statistics.proportions import tango

_CONFIDENCE = 0.95
_LEAST_HALF, _MOST_HALF = 0.35, 0.65


def evidence_of(
    train: TrainDef, program: Program, runs: Iterable[RunResult], out: Path
) -> Evidence | None:
    """What the newest of ``runs`` (newest first) that finished this training knows of it; None
    where none did."""
    for run in runs:
        outputs = (step.output for step in run.steps)
        found = [o for o in outputs if isinstance(o, TrainOutput) and o.name == train.name]
        if found:
            gain = _gain(train, program, run, out)
            return Evidence(train, found[0], gain, _half(train, found[0], program, run, out))
    return None


def _half(
    train: TrainDef, whole: TrainOutput, program: Program, run: RunResult, out: Path
) -> Half | None:
    """The training of the same run that differs in its rows alone, of which it has about half."""
    outputs = {o.name: o for o in (step.output for step in run.steps) if isinstance(o, TrainOutput)}
    for other in program.trains:
        found = outputs.get(other.name)
        if found is None or other.name == train.name or other.data == train.data:
            continue
        if (other.base, other.target, other.settings) != (train.base, train.target, train.settings):
            continue
        if not _LEAST_HALF <= found.rows / max(1, whole.rows) <= _MOST_HALF:
            continue
        gain = _first_paired(train.name, other.name, program, run, out)
        if gain is not None:
            return Half(other.name, found.rows, gain)
    return None


def _gain(train: TrainDef, program: Program, run: RunResult, out: Path) -> Gain | None:
    """The gain over the base model in the first eval that asked both, by its first score."""
    base = train.base
    if base is None or base not in {model.name for model in program.models}:
        return None
    return _first_paired(train.name, base, program, run, out)


def _first_paired(
    model: str, other: str, program: Program, run: RunResult, out: Path
) -> Gain | None:
    """The gain over ``other`` in the first eval that asked both, by its first score."""
    for eval_ in program.evals:
        tuned, plain = _eval(run, eval_.name, model), _eval(run, eval_.name, other)
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
