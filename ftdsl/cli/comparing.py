"""From two runs to what differs between them: their cases, data and the inputs of their steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ftdsl.engine.store import Store
from ftdsl.evaluation.comparison import Pair, compare_evals
from ftdsl.plan.freshness import changes
from ftdsl.results.artifacts import cases
from ftdsl.results.comparison import Comparison, DataChange, StepChange
from ftdsl.results.models import CheckOutput, DatasetOutput, EvalOutput, Verdict
from ftdsl.results.run import RunResult, StepRun


@dataclass(frozen=True, slots=True)
class Sides:
    """Two runs of one output folder, and the models to compare where they are not the same."""

    before: RunResult
    after: RunResult
    out: Path
    before_model: str | None = None
    after_model: str | None = None


def comparison(sides: Sides, margin: float | None) -> Comparison:
    """All that differs. Raises ``pydantic.ValidationError`` for a damaged artifact."""
    before, after = _evals(sides.before, sides.before_model), _evals(sides.after, sides.after_model)
    if sides.before_model is not None or sides.after_model is not None:
        # Different models are compared where they were asked the same eval.
        before = {(name, ""): step for (name, _), step in before.items()}
        after = {(name, ""): step for (name, _), step in after.items()}
    pairs = [
        Pair(
            name,
            _model(before[name, model]),
            _model(step),
            list(cases(before[name, model], sides.out)),
            list(cases(step, sides.out)),
        )
        for (name, model), step in after.items()
        if (name, model) in before
    ]
    return Comparison(
        before=sides.before.run_id,
        after=sides.after.run_id,
        margin=margin,
        evals=compare_evals(pairs, margin),
        steps=tuple(_steps(sides)),
        data=tuple(_data(sides)),
        only_before=_only(before, after),
        only_after=_only(after, before),
    )


def verdict_of(found: Comparison) -> Verdict:
    """FAIL when a score is shown to be worse, by more than the margin where there is one."""
    verdicts = {one.verdict for each in found.evals for one in each.scores}
    if "fail" in verdicts:
        return "fail"
    return "inconclusive" if "inconclusive" in verdicts else "pass"


def _evals(run: RunResult, model: str | None) -> dict[tuple[str, str], StepRun]:
    return {
        (step.output.name, step.output.model): step
        for step in run.steps
        if isinstance(step.output, EvalOutput) and model in (None, step.output.model)
    }


def _model(step: StepRun) -> str:
    assert isinstance(step.output, EvalOutput), "only evals are compared"
    return step.output.model


def _only(
    these: dict[tuple[str, str], StepRun], those: dict[tuple[str, str], StepRun]
) -> tuple[str, ...]:
    return tuple(step.id for key, step in these.items() if key not in those)


def _steps(sides: Sides) -> Iterator[StepChange]:
    """What each step that is in both runs was made of, in words."""
    store = Store(sides.out)
    for step in sides.after.steps:
        earlier = sides.before.step(step.id)
        if earlier is None or earlier.key == step.key or not (earlier.key and step.key):
            continue
        old, new = store.read(step.id, earlier.key), store.read(step.id, step.key)
        if old is not None and new is not None:
            yield StepChange(step.id, changes(old.inputs, new.inputs))


def _data(sides: Sides) -> Iterator[DataChange]:
    before, after = _files(sides.before), _files(sides.after)
    rows = [_rows(run) for run in (sides.before, sides.after)]
    for name, files in after.items():
        old = before.get(name, {})
        change = DataChange(
            dataset=name,
            files_added=tuple(sorted(files.keys() - old.keys())),
            files_removed=tuple(sorted(old.keys() - files.keys())),
            files_changed=tuple(sorted(f for f in files.keys() & old.keys() if files[f] != old[f])),
            rows_before=rows[0].get(name),
            rows_after=rows[1].get(name),
        )
        if name in before and (change.files_added or change.files_removed or change.files_changed):
            yield change


def _files(run: RunResult) -> dict[str, dict[str, str]]:
    outputs = (step.output for step in run.steps)
    return {
        one.name: {file.path: file.sha256 for file in one.files}
        for one in outputs
        if isinstance(one, DatasetOutput)
    }


def _rows(run: RunResult) -> dict[str, int]:
    outputs = (step.output for step in run.steps)
    return {one.name: one.counts.checked for one in outputs if isinstance(one, CheckOutput)}
