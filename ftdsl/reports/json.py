"""The JSON reporter: a command's answer as the one versioned object of ``reports.document``."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ftdsl import __version__
from ftdsl.reports.diagnostic_entry import diagnostic_entry
from ftdsl.reports.document import (
    CountsEntry,
    Document,
    FactEntry,
    FindingEntry,
    StepEntry,
    as_plain,
)
from ftdsl.reports.report import Problem, Report

if TYPE_CHECKING:
    from ftdsl.plan.model import Plan
    from ftdsl.results.run import RunResult


def render(report: Report) -> str:
    """The document as one line of ASCII JSON: no text of it can begin a line, hold a control, or
    stand for a command of a CI system (``##vso[`` acts wherever in a line it stands)."""
    text = json.dumps(_finite(as_plain(document(report))), ensure_ascii=True, allow_nan=False)
    return text.replace("##", "\\u0023\\u0023")


def document(report: Report) -> Document:
    """The typed object that ``render`` writes."""
    run, plan = report.run, report.plan
    return Document(
        schema="ftdsl.report/1",
        version=__version__,
        command=report.command,
        verdict=report.verdict,
        exit_code=report.exit_code,
        spec=report.spec,
        findings=_findings(report),
        counts=_counts(report),
        **_run_parts(run),
        steps=_steps(plan, run),
        cost=_plan_cost(plan),
        notes=report.notes,
        facts=tuple(FactEntry(fact.name, fact.value, fact.state) for fact in report.facts),
        run_id=run.run_id if run is not None else None,
        files=report.files,
    )


def _findings(report: Report) -> tuple[FindingEntry, ...]:
    found = [_problem_entry(problem) for problem in report.problems]
    found.extend(diagnostic_entry(report, one) for one in report.diagnostics)
    if report.run is not None:
        from ftdsl.reports.run_document import finding_entries

        found.extend(finding_entries(report))
    return tuple(found)


def _problem_entry(problem: Problem) -> FindingEntry:
    return FindingEntry(
        code=problem.code,
        rule="",
        severity="error",
        message=problem.message,
        path=problem.path,
        line=None,
        column=None,
        row_id=None,
        fix=None,
        help=problem.help,
    )


def _counts(report: Report) -> CountsEntry:
    if report.run is not None:
        from ftdsl.reports.run_document import total_counts

        return total_counts(report.run)
    unread = {file for file in report.files if file not in report.sources}
    total = len(report.files)
    return CountsEntry(total, total - len(unread), 0, len(unread))


def _run_parts(run: RunResult | None) -> dict[str, Any]:
    if run is None:
        return {"datasets": {}, "evals": {}, "gates": (), "trainings": {}}
    from ftdsl.reports import run_document

    return {
        "datasets": run_document.dataset_entries(run),
        "evals": run_document.eval_entries(run),
        "gates": run_document.gate_entries(run),
        "trainings": run_document.training_entries(run),
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
