"""A diagnostic as an entry of the JSON document."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.reports.document import FindingEntry
from ftdsl.reports.report import Report


def diagnostic_entry(report: Report, one: Diagnostic) -> FindingEntry:
    """A diagnostic about a spec, with its place worked out."""
    path, line, column = report.place(one)
    return FindingEntry(
        code=one.code,
        rule="",
        severity=one.severity.value,
        message=one.message,
        path=path,
        line=line,
        column=column,
        row_id=None,
        fix=one.fix.title if one.fix is not None else None,
        help=one.help,
    )
