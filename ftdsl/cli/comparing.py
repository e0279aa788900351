"""From two runs to what differs between them: their cases, data and the inputs of their steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ftdsl.cli.comparing_data import data_changes
from ftdsl.engine.recording import cases_part, read_record
from ftdsl.engine.store import Store
from ftdsl.evaluation.comparison import Pair, compare_evals
from ftdsl.plan.freshness import changes
from ftdsl.results.artifacts import cases
from ftdsl.results.comparison import Comparison, SettingChange, StepChange
from ftdsl.results.models import Case, EvalOutput, Verdict
from ftdsl.results.record import RunRecord
from ftdsl.results.run import RunResult, StepRun


@dataclass(frozen=True, slots=True)
class Side:
    """A run with the folder that it is kept in, and the output folder that its results lie in: of a
    run that was copied from elsewhere nothing but its own folder is read."""

    run: RunResult
    folder: Path
    out: Path
    model: str | None = None

    def cases(self, step: StepRun) -> list[Case]:
        """The cases of an eval step, in the order of the run."""
        assert isinstance(step.output, EvalOutput), "only evals have cases"
        return list(cases(step, self.out, self.folder / cases_part(step.output)))

    def inputs(self, step: StepRun) -> Mapping[str, str] | None:
        """What a step was made of; None where nothing knows."""
        record = self.record
        if record is not None and step.id in record.steps:
            return record.steps[step.id].inputs
        stored = Store(self.out).read(step.id, step.key)
        return stored.inputs if stored is not None else None

    @property
    def record(self) -> RunRecord | None:
        return read_record(self.folder)


@dataclass(frozen=True, slots=True)
class Sides:
    """Two runs."""

    before: Side
    after: Side


def comparison(sides: Sides, margin: float | None) -> Comparison:
    """All that differs. Raises ``pydantic.ValidationError`` for a damaged artifact."""
    before, after = _evals(sides.before), _evals(sides.after)
    if sides.before.model is not None or sides.after.model is not None:
        # Different models are compared where they were asked the same eval.
        before = {(name, ""): step for (name, _), step in before.items()}
        after = {(name, ""): step for (name, _), step in after.items()}
    pairs = [
        Pair(
            name,
            _model(before[name, model]),
            _model(step),
            sides.before.cases(before[name, model]),
            sides.after.cases(step),
        )
        for (name, model), step in after.items()
        if (name, model) in before
    ]
    return Comparison(
        before=sides.before.run.run_id,
        after=sides.after.run.run_id,
        margin=margin,
        evals=compare_evals(pairs, margin),
        steps=tuple(_steps(sides)),
        data=tuple(
            data_changes(
                (sides.before.run, sides.before.folder), (sides.after.run, sides.after.folder)
            )
        ),
        only_before=_only(before, after),
        only_after=_only(after, before),
        settings=tuple(_settings(sides)),
    )


def verdict_of(found: Comparison) -> Verdict:
    """FAIL when a score is shown to be worse, by more than the margin where there is one."""
    verdicts = {one.verdict for each in found.evals for one in each.scores}
    if "fail" in verdicts:
        return "fail"
    return "inconclusive" if "inconclusive" in verdicts else "pass"


def _evals(side: Side) -> dict[tuple[str, str], StepRun]:
    return {
        (step.output.name, step.output.model): step
        for step in side.run.steps
        if isinstance(step.output, EvalOutput) and side.model in (None, step.output.model)
    }


def _model(step: StepRun) -> str:
    assert isinstance(step.output, EvalOutput), "only evals are compared"
    return step.output.model


def _only(
    these: dict[tuple[str, str], StepRun], those: dict[tuple[str, str], StepRun]
) -> tuple[str, ...]:
    return tuple(step.id for key, step in these.items() if key not in those)


def _inputs(sides: Sides) -> Iterator[tuple[str, Mapping[str, str], Mapping[str, str]]]:
    """Each step that is in both runs and was made of other things, with what it was made of."""
    for step in sides.after.run.steps:
        earlier = sides.before.run.step(step.id)
        if earlier is None or earlier.key == step.key or not (earlier.key and step.key):
            continue
        old, new = sides.before.inputs(earlier), sides.after.inputs(step)
        if old is not None and new is not None:
            yield step.id, old, new


def _steps(sides: Sides) -> Iterator[StepChange]:
    """What each step that is in both runs was made of, in words."""
    for step, old, new in _inputs(sides):
        yield StepChange(step, changes(old, new))


def _settings(sides: Sides) -> Iterator[SettingChange]:
    """The settings of trainings, models and evals that are not the same."""
    for step, old, new in _inputs(sides):
        for name in sorted(old.keys() | new.keys()):
            kind, _, setting = name.partition(" ")
            if kind in ("setting", "model") and old.get(name) != new.get(name):
                yield SettingChange(step, setting, old.get(name), new.get(name))
