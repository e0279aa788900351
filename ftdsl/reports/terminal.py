"""The full report for a terminal: diagnostics with excerpts, findings, what ran, the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ftdsl.reports.excerpt import excerpt
from ftdsl.reports.inert import block, line
from ftdsl.reports.numbers import plural
from ftdsl.reports.report import Fact, Problem, Report
from ftdsl.reports.style import Style

if TYPE_CHECKING:
    from ftdsl.diagnostics.diagnostic import Diagnostic

_STATES = {"ok": ("✓", "green"), "warn": ("△", "yellow"), "missing": ("✗", "red")}


def render(report: Report, style: Style) -> str:
    """The report as text, in colors if ``style`` wants them. Quiet leaves only what is wrong; a
    report with nothing wrong is then empty."""
    return "\n".join(_parts(report, style))


def _parts(report: Report, style: Style) -> Iterator[str]:
    for problem in report.problems:
        yield _problem(problem, style)
    for diagnostic in _diagnostics(report):
        yield excerpt(report, diagnostic, style)
    if report.run is not None:
        from ftdsl.reports.terminal_run import run_lines

        yield from run_lines(report, style)
    elif report.plan is not None and not style.quiet:
        from ftdsl.reports.terminal_plan import plan_lines

        yield from plan_lines(report, report.plan, style)
    if report.comparison is not None:
        from ftdsl.reports.terminal_compare import comparison_lines

        yield from comparison_lines(report.comparison, report.verdict, style)
    if report.command == "runs" and not style.quiet:
        from ftdsl.reports.run_history import history_lines

        yield from history_lines(report.history, style)
    if report.next is not None and report.command == "next":
        from ftdsl.reports.next_words import next_lines

        yield from next_lines(report.next, style)
    if report.facts:
        yield from _facts(report, style)
    if not style.quiet:
        yield from (block(note) for note in report.notes)
    yield from _closing(report, style)


def _diagnostics(report: Report) -> Iterator[Diagnostic]:
    yield from report.diagnostics
    if report.run is not None:
        yield from report.run.diagnostics
        for step in report.run.steps:
            yield from step.diagnostics


def _problem(problem: Problem, style: Style) -> str:
    place = f"{line(problem.path)}: " if problem.path else ""
    head = style.paint(f"error[{problem.code}]", "red")
    lines = [f"{place}{head}: {block(problem.message)}"]
    if problem.help:
        lines.append(f"  = help: {block(problem.help)}")
    return "\n".join(lines) + "\n"


def _facts(report: Report, style: Style) -> Iterator[str]:
    shown = [fact for fact in report.facts if not style.quiet or fact.state in ("warn", "missing")]
    width = min(32, max((len(fact.name) for fact in shown), default=0))
    marked = any(fact.state for fact in report.facts)
    for fact in shown:
        yield _fact(fact, width, marked, style)


def _fact(fact: Fact, width: int, marked: bool, style: Style) -> str:
    mark, tone = _STATES.get(fact.state, (" ", "dim"))
    lead = f"{style.paint(mark, tone)} " if marked else ""
    return (
        f"{lead}{style.paint(f'{line(fact.name):<{width}}', 'bold')}  {line(fact.value)}".rstrip()
    )


def _closing(report: Report, style: Style) -> Iterator[str]:
    """How many diagnostics there are, where anything was checked and nothing ran."""
    if report.run is not None or report.command not in ("check", "fmt", "test", "waivers"):
        return
    warnings = len(report.diagnostics) - report.errors
    if report.diagnostics:
        told = [plural(report.errors, "error")] if report.errors else []
        told += [plural(warnings, "warning")] if warnings else []
        specs = f" in {plural(len(report.files), 'spec')}" if len(report.files) > 1 else ""
        yield style.paint(f"{' and '.join(told)}{specs}", "red" if report.errors else "yellow")
    elif report.command == "check" and not style.quiet:
        yield style.paint(f"{plural(len(report.files), 'spec')} right", "green")
