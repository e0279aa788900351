"""The parts of the JSON document that come from a run: datasets, scores, gates, training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, TypeVar

from ftdsl.plan.model import Cost, Range
from ftdsl.reports.document import (
    BarEntry,
    CalibrationEntry,
    CostEntry,
    CountsEntry,
    DatasetEntry,
    FileEntry,
    FindingEntry,
    ForecastEntry,
    GateEntry,
    GroupEntry,
    JudgeEntry,
    RangeEntry,
    RemovedEntry,
    RuleEntry,
    ScoreEntry,
    TrainingCostEntry,
    TrainingEntry,
    ValueEntry,
)
from ftdsl.reports.report import Report
from ftdsl.results.models import (
    CheckOutput,
    CoverageOutput,
    DatasetOutput,
    DedupOutput,
    EvalOutput,
    Finding,
    GateOutput,
    TrainOutput,
)
from ftdsl.results.preflight import PreflightOutput
from ftdsl.results.rating import RateOutput
from ftdsl.results.run import RunResult

_Entry = TypeVar("_Entry")


def finding_entries(report: Report, run: RunResult) -> Iterator[FindingEntry]:
    """Every finding of data, read from the artifacts where there are any."""
    shown = report.all_findings() if report.all_findings is not None else findings_of(run)
    for finding in shown:
        yield _finding_entry(finding)


def findings_of(run: RunResult) -> Iterator[Finding]:
    """The findings that the run's own outputs hold: the first of each rule."""
    for step in run.steps:
        found = CheckOutput | DedupOutput | CoverageOutput | PreflightOutput | TrainOutput
        if isinstance(step.output, found):
            yield from step.output.findings


def total_counts(run: RunResult) -> CountsEntry:
    """Rows over all checked datasets."""
    found = [_counts(step.output) for step in run.steps if isinstance(step.output, CheckOutput)]
    return CountsEntry(
        *(sum(getattr(each, one.name) for each in found) for one in fields(CountsEntry))
    )


def _counts(output: CheckOutput) -> CountsEntry:
    sums = {
        name: sum(getattr(each, name) for each in output.outcomes)
        for name in ("waived", "baselined", "left_out")
    }
    return copied(CountsEntry, output.counts, **sums)


def dataset_entries(run: RunResult) -> dict[str, DatasetEntry]:
    """What each dataset step, check, dedup and coverage found, by dataset."""
    entries: dict[str, DatasetEntry] = {}
    for step in run.steps:
        output = step.output
        if isinstance(output, DatasetOutput | CheckOutput | DedupOutput | CoverageOutput):
            entry = entries.get(output.name, DatasetEntry(0, (), 0, CountsEntry()))
            entries[output.name] = _with_output(entry, output)
    return entries


def eval_entries(run: RunResult) -> dict[str, dict[str, dict[str, ScoreEntry]]]:
    """Scores by eval, model and score name."""
    entries: dict[str, dict[str, dict[str, ScoreEntry]]] = {}
    for step in run.steps:
        if isinstance(step.output, EvalOutput):
            scores = {name: copied(ScoreEntry, each) for name, each in step.output.scores.items()}
            entries.setdefault(step.output.name, {})[step.output.model] = scores
    return entries


def judge_entries(run: RunResult) -> tuple[JudgeEntry, ...]:
    """What is known of the judge of every judged score."""
    found = []
    for step in run.steps:
        if not isinstance(step.output, EvalOutput):
            continue
        for name, report in step.output.judges.items():
            by = report.calibration
            measured = None if by is None else copied(CalibrationEntry, by)
            known = {each.name for each in fields(JudgeEntry)} - {"eval", "model", "score"}
            shown = {each: getattr(report, each) for each in known - {"calibration"}}
            found.append(
                JudgeEntry(
                    eval=step.output.name,
                    model=step.output.model,
                    score=name,
                    calibration=measured,
                    **shown,
                )
            )
    return tuple(found)


def gate_entries(run: RunResult) -> tuple[GateEntry, ...]:
    """Every requirement of every gate and rating."""
    return tuple(
        copied(GateEntry, requirement, name=step.output.name)
        for step in run.steps
        if isinstance(step.output, GateOutput | RateOutput)
        for requirement in step.output.requirements
    )


def training_entries(run: RunResult) -> dict[str, TrainingEntry]:
    """Every training run by name."""
    outputs = (step.output for step in run.steps)
    return {each.name: _training_entry(each) for each in outputs if isinstance(each, TrainOutput)}


def cost_entry(cost: Cost) -> CostEntry:
    """A plan's total cost."""
    tokens, money = _range_entry(cost.tokens), _range_entry(cost.money)
    return copied(CostEntry, cost, tokens=tokens, money=money)


def copied(entry: type[_Entry], model: object, **given: Any) -> _Entry:
    """An ``entry`` with the fields of the same names of ``model``, except those ``given``."""
    names = (each.name for each in fields(entry) if each.name not in given)  # type: ignore[arg-type]
    return entry(**{name: getattr(model, name) for name in names}, **given)


def _range_entry(span: Range | None) -> RangeEntry | None:
    return None if span is None else copied(RangeEntry, span)


def _finding_entry(finding: Finding) -> FindingEntry:
    """Written out, since there may be a million."""
    return FindingEntry(
        code=finding.code,
        rule=finding.rule,
        severity=finding.severity,
        message=finding.message,
        path=finding.path,
        line=finding.line,
        column=finding.column,
        row_id=finding.row_id,
        fix=finding.fix,
        help=finding.help,
        dataset=finding.dataset,
        offset=finding.offset,
        excerpt=finding.excerpt,
        values=tuple(ValueEntry(value.source, value.value) for value in finding.values),
        row_digest=finding.row_digest,
        turn=finding.turn,
        role=finding.role,
        highlight=finding.highlight,
    )


def _with_output(
    entry: DatasetEntry, output: DatasetOutput | CheckOutput | DedupOutput | CoverageOutput
) -> DatasetEntry:
    if isinstance(output, DatasetOutput):
        files = tuple(copied(FileEntry, file) for file in output.files)
        return replace(entry, files=files, digest=output.digest)
    if isinstance(output, CheckOutput):
        return _with_check(entry, output)
    if isinstance(output, DedupOutput):
        removed = tuple(copied(RemovedEntry, each) for each in output.removed)
        return replace(entry, rows=entry.rows or output.rows, kept=output.kept, removed=removed)
    return _with_coverage(entry, output)


def _with_check(entry: DatasetEntry, output: CheckOutput) -> DatasetEntry:
    rules = tuple(copied(RuleEntry, outcome) for outcome in output.outcomes)
    counts = _counts(output)
    kept = counts.checked - len(entry.removed)
    return replace(
        entry,
        rows=counts.checked,
        kept=kept,
        counts=counts,
        splits=output.splits,
        rules=entry.rules + rules,
        statistics=output.statistics,
        forecasts=tuple(copied(ForecastEntry, one) for one in output.forecasts),
        costs=tuple(copied(TrainingCostEntry, one) for one in output.costs),
    )


def _with_coverage(entry: DatasetEntry, output: CoverageOutput) -> DatasetEntry:
    groups = tuple(
        copied(GroupEntry, group, bars=tuple(copied(BarEntry, bar) for bar in group.bars))
        for group in output.groups
    )
    rules = tuple(copied(RuleEntry, outcome) for outcome in output.outcomes)
    return replace(entry, coverage=groups, rules=entry.rules + rules)


def _training_entry(output: TrainOutput) -> TrainingEntry:
    losses = [point.loss for point in output.curve if point.loss is not None]
    evals = [point.eval_loss for point in output.curve if point.eval_loss is not None]
    return copied(
        TrainingEntry,
        output,
        first_loss=losses[0] if losses else None,
        last_loss=losses[-1] if losses else None,
        last_eval_loss=evals[-1] if evals else None,
    )
