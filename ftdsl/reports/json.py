"""The JSON reporter: a command's answer as the one versioned object of ``reports.document``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ftdsl import __version__
from ftdsl.reports.document import (
    CountsEntry,
    Document,
    FactEntry,
    FindingEntry,
    StepEntry,
    as_plain,
    finding_object,
)
from ftdsl.reports.findings import entries
from ftdsl.reports.report import Report
from ftdsl.reports.run_history import run_entries

if TYPE_CHECKING:
    from ftdsl.plan.model import Plan
    from ftdsl.results.run import RunResult


_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False)


def chunks(report: Report) -> Iterator[str]:
    """The document as one line of ASCII JSON, its findings written as they are read."""
    whole = as_plain(document(report, ()))
    for number, (key, value) in enumerate(whole.items()):
        yield f"{', ' if number else '{'}{encoded(key)}: "
        if key == "findings":
            yield from array(finding_object(entry) for entry in entries(report))
        else:
            yield encoded(_finite(value))
    yield "}\n"


def render(report: Report) -> str:
    """The same as one text."""
    return "".join(chunks(report))


def array(values: Iterable[Any], *, break_lines: bool = False) -> Iterator[str]:
    """A JSON array, element by element."""
    gap = "\n" if break_lines else ""
    yield "["
    for number, value in enumerate(values):
        yield f"{',' if number else ''}{gap or (' ' if number else '')}{encoded(value)}"
    yield f"{gap}]"


def encoded(value: Any) -> str:
    """``value`` as ASCII JSON on one line: no text of it can begin a line, hold a control, or stand
    for a command of a CI system (``##vso[`` acts wherever in a line it stands)."""
    return _ENCODER.encode(value).replace("##", "\\u0023\\u0023")


def document(report: Report, findings: Iterable[FindingEntry] | None = None) -> Document:
    """The typed object; with ``findings`` in the place of all that were found."""
    run, plan = report.run, report.plan
    return Document(
        schema="ftdsl.report/1",
        version=__version__,
        command=report.command,
        verdict=report.verdict,
        exit_code=report.exit_code,
        spec=report.spec,
        findings=tuple(entries(report) if findings is None else findings),
        counts=counts(report),
        **_run_parts(run),
        steps=_steps(plan, run),
        cost=_plan_cost(plan),
        notes=report.notes,
        facts=tuple(FactEntry(fact.name, fact.value, fact.state) for fact in report.facts),
        run_id=run.run_id if run is not None else None,
        files=report.files,
        comparison=report.comparison,
        next=report.next,
        runs=run_entries(report.history) if report.command == "runs" else (),
    )


def counts(report: Report) -> CountsEntry:
    """Rows that were looked at, or spec files where no data was."""
    if report.run is not None:
        from ftdsl.reports.run_document import total_counts

        return total_counts(report.run)
    unread = {file for file in report.files if file not in report.sources}
    total = len(report.files)
    return CountsEntry(total, total - len(unread), 0, len(unread))


def _run_parts(run: RunResult | None) -> dict[str, Any]:
    if run is None:
        return {"datasets": {}, "evals": {}, "gates": (), "trainings": {}}
    from ftdsl.reports import eval_document, run_document, sweep_document
    from ftdsl.reports.rating_document import rating_entries

    return {
        "datasets": run_document.dataset_entries(run),
        "evals": run_document.eval_entries(run),
        "judges": run_document.judge_entries(run),
        "gates": run_document.gate_entries(run),
        "trainings": run_document.training_entries(run),
        "selections": eval_document.selection_entries(run),
        "sweeps": sweep_document.sweep_entries(run),
        "flakiness": eval_document.flakiness_entries(run),
        "looks": eval_document.look_entries(run),
        "ratings": rating_entries(run),
    }


def _steps(plan: Plan | None, run: RunResult | None) -> tuple[StepEntry, ...]:
    if run is not None:
        return tuple(
            StepEntry(step.id, step.status, step.verdict, step.reasons, step.seconds, step.key)
            for step in run.steps
        )
    if plan is not None:
        return tuple(
            StepEntry(step.id, step.state, None, step.reasons, None, step.key)
            for step in plan.steps
        )
    return ()


def _plan_cost(plan: Plan | None) -> Any:
    if plan is None:
        return None
    from ftdsl.reports.run_document import cost_entry

    return cost_entry(plan.total)


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return value
