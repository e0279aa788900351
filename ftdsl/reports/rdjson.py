"""The Reviewdog Diagnostic Format: one JSON object whose diagnostics carry ranges and suggestions.

Its columns are counted in bytes of UTF-8 from 1, so a place in a spec is converted, and the column
in a data file, whose text is not at hand, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.reports.document import FindingEntry
from ftdsl.reports.findings import Told, told_with_gates
from ftdsl.reports.gitlab import located
from ftdsl.reports.inert import block, line
from ftdsl.reports.json import array, encoded
from ftdsl.reports.report import Report

_SEVERITIES = {"error": "ERROR", "warning": "WARNING"}


def chunks(report: Report) -> Iterator[str]:
    """The object, one diagnostic a line."""
    severity = "ERROR" if report.verdict == "fail" else "WARNING"
    yield f'{{"source": {encoded({"name": "ftdsl"})}, "severity": "{severity}", "diagnostics": '
    yield from array(
        (_diagnostic(report, one) for one in told_with_gates(report)), break_lines=True
    )
    yield "}\n"


def _diagnostic(report: Report, told: Told) -> dict[str, Any]:
    entry = told.entry
    found: dict[str, Any] = {
        "message": block(_message(entry)),
        "location": _location(report, told),
        "severity": _SEVERITIES[entry.severity],
        "code": {"value": line(f"{entry.code} {entry.rule}".strip())},
    }
    if entry.path and entry.spec_path:
        start = {"line": entry.spec_line or 1}
        place = {"path": line(entry.spec_path), "range": {"start": start}}
        found["related_locations"] = [{"message": "the rule", "location": place}]
    suggestions = list(_suggestions(report, told.diagnostic))
    if suggestions:
        found["suggestions"] = suggestions
    return found


def _message(entry: FindingEntry) -> str:
    values = (f"{value.source} = {value.value[:300]}" for value in entry.values)
    return "\n".join((entry.message, *values, *([f"help: {entry.help}"] if entry.help else [])))


def _location(report: Report, told: Told) -> dict[str, Any]:
    path, number = located(report, told.entry)
    span = told.diagnostic.span if told.diagnostic is not None else None
    exact = _range(report, span) if span is not None else None
    return {"path": line(path), "range": exact or {"start": {"line": number}}}


def _range(report: Report, span: Span) -> dict[str, Any] | None:
    source = report.sources.get(span.path)
    if source is None:
        return None
    ends = []
    for offset in (span.start, span.end):
        number, column = source.position(min(offset, len(source.text)))
        before = source.line(number)[: column - 1]
        ends.append({"line": number, "column": len(before.encode("utf-8", "replace")) + 1})
    return {"start": ends[0], "end": ends[1]}


def _suggestions(report: Report, diagnostic: Diagnostic | None) -> Iterator[dict[str, Any]]:
    """The edits of a fix, where all are of the file that the diagnostic is about."""
    if diagnostic is None or diagnostic.fix is None:
        return
    for edit in diagnostic.fix.edits:
        place = _range(report, edit.span)
        if place is not None and edit.span.path == diagnostic.span.path:
            yield {"range": place, "text": block(edit.replacement)}
