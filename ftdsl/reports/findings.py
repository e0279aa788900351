"""The findings of a report as a stream, and which of them come first where a format has a limit.

A run may have found far more than memory should hold. Every call of ``told`` reads the artifacts
anew, so that a format takes as many passes as it needs and holds only what it shows.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity
from ftdsl.reports.diagnostic_entry import diagnostic_entry
from ftdsl.reports.document import FindingEntry
from ftdsl.reports.report import Problem, Report

if TYPE_CHECKING:
    from ftdsl.results.models import Requirement
    from ftdsl.results.run import RunResult

_WEIGHTS = {"error": 0, "warning": 1}


@dataclass(frozen=True, slots=True)
class Told:
    """One finding, and the diagnostic it was made from where it is about a spec."""

    entry: FindingEntry
    diagnostic: Diagnostic | None = None


def told(report: Report) -> Iterator[Told]:
    """Everything found: problems, diagnostics of specs, findings of data. Not the gates."""
    for problem in report.problems:
        yield Told(_problem_entry(problem))
    for one in report.diagnostics:
        yield Told(diagnostic_entry(report, one), one)
    if report.plan is not None:
        warnings = (one for one in report.plan.problems if one.severity is Severity.WARNING)
        yield from (Told(diagnostic_entry(report, one), one) for one in warnings)
    if report.run is not None:
        yield from _of_run(report, report.run)


def entries(report: Report) -> Iterator[FindingEntry]:
    """The same without the diagnostics."""
    return (each.entry for each in told(report))


def told_with_gates(report: Report) -> Iterator[Told]:
    """``told`` after the requirements of gates that did not pass, as findings: for formats that
    know findings only."""
    if report.run is not None:
        yield from (Told(each) for each in _gate_findings(report.run))
    yield from told(report)


@dataclass(frozen=True, slots=True)
class Worst:
    """Which findings come first: ``chosen`` are their places in the stream, ``left_out`` how many
    there are besides. ``rules`` are the code and rule of all of them."""

    chosen: frozenset[int]
    errors: int
    warnings: int
    left_out: int
    rules: tuple[tuple[str, str], ...]

    @property
    def total(self) -> int:
        """How many there are in all."""
        return self.errors + self.warnings


def worst(report: Report, limit: int) -> Worst:
    """The ``limit`` worst of ``told_with_gates``: errors before warnings; of one severity the first
    finding of every rule before the second of any, so that no rule hides another."""
    seen: Counter[tuple[str, str, str, str]] = Counter()
    severities: Counter[str] = Counter()
    rules: dict[tuple[str, str], None] = {}

    def keys() -> Iterator[tuple[int, int, int]]:
        for index, each in enumerate(told_with_gates(report)):
            entry = each.entry
            rule = (entry.severity, entry.code, entry.dataset, entry.rule)
            seen[rule] += 1
            severities[entry.severity] += 1
            rules[entry.code, entry.rule] = None
            yield _WEIGHTS[entry.severity], seen[rule], index

    kept = heapq.nsmallest(limit, keys())
    errors, warnings = severities["error"], severities["warning"]
    left_out = errors + warnings - len(kept)
    chosen = frozenset(index for _, _, index in kept)
    return Worst(chosen, errors, warnings, left_out, tuple(rules))


def worst_first(report: Report, selection: Worst) -> Iterator[Told]:
    """What was chosen: the errors, then the warnings, each in the order in which they stand."""
    for severity, there in (("error", selection.errors), ("warning", selection.warnings)):
        if there:
            for index, each in enumerate(told_with_gates(report)):
                if index in selection.chosen and each.entry.severity == severity:
                    yield each


@dataclass(slots=True)
class Few:
    """The first findings of one rule, and how many there are in all."""

    first: list[Told]
    total: int = 0


def by_rule(report: Report, shown: int) -> dict[tuple[str, str], Few]:
    """The first ``shown`` findings by (dataset, rule), or by (path of the spec, "") for those about
    specs."""
    groups: dict[tuple[str, str], Few] = {}
    for each in told(report):
        entry = each.entry
        key = (entry.dataset, entry.rule) if entry.dataset else (entry.path, "")
        few = groups.setdefault(key, Few([]))
        few.total += 1
        if len(few.first) < shown:
            few.first.append(each)
    return groups


def _of_run(report: Report, run: RunResult) -> Iterator[Told]:
    from ftdsl.reports.run_document import finding_entries

    for one in run.diagnostics:
        yield Told(diagnostic_entry(report, one), one)
    for step in run.steps:
        for one in step.diagnostics:
            yield Told(diagnostic_entry(report, one), one)
    for entry in finding_entries(report, run):
        yield Told(_placed(report, entry))


def _placed(report: Report, entry: FindingEntry) -> FindingEntry:
    """``entry`` with the place of its rule in the spec, where that is known."""
    path, line = report.rule_place(entry.dataset, entry.rule, entry.code)
    return replace(entry, spec_path=path, spec_line=line) if path else entry


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


def _gate_findings(run: RunResult) -> Iterator[FindingEntry]:
    from ftdsl.results.models import GateOutput
    from ftdsl.results.rating import RateOutput

    for step in run.steps:
        if isinstance(step.output, GateOutput | RateOutput):
            for requirement in step.output.requirements:
                if requirement.verdict != "pass":
                    yield _gate_finding(step.output.name, requirement, run.spec)


def _gate_finding(name: str, requirement: Requirement, spec: str) -> FindingEntry:
    where = f" on {requirement.slice}" if requirement.slice else ""
    return FindingEntry(
        code="gate",
        rule=name,
        severity="error" if requirement.verdict == "fail" else "warning",
        message=f"{requirement.candidate}{where}: {requirement.requirement} "
        f"({requirement.verdict})",
        path=spec,
        line=requirement.spec_line,
        column=None,
        row_id=None,
        fix=None,
        help=requirement.note,
    )
