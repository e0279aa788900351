"""GitLab's code quality report: a JSON array of issues, each with a fingerprint and a place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ftdsl.reports.document import FindingEntry
from ftdsl.reports.findings import told_with_gates
from ftdsl.reports.fingerprint import Fingerprints
from ftdsl.reports.inert import line
from ftdsl.reports.json import array
from ftdsl.reports.report import Report

_SEVERITIES = {"error": "major", "warning": "minor"}


def chunks(report: Report) -> Iterator[str]:
    """The array, one issue a line."""
    names = Fingerprints(report)
    found = (_issue(report, each.entry, names) for each in told_with_gates(report))
    yield from array(found, break_lines=True)


def _issue(report: Report, entry: FindingEntry, names: Fingerprints) -> dict[str, Any]:
    path, number = located(report, entry)
    issue: dict[str, Any] = {
        "description": line(f"{entry.message}: {entry.help}" if entry.help else entry.message),
        "check_name": line(f"{entry.code} {entry.rule}".strip()),
        "fingerprint": names.of(entry),
        "severity": _SEVERITIES[entry.severity],
        "location": {"path": line(path), "lines": {"begin": number}},
    }
    if entry.path and entry.spec_path:
        other = {"path": line(entry.spec_path), "lines": {"begin": entry.spec_line or 1}}
        issue["other_locations"] = [other]
    return issue


def located(report: Report, entry: FindingEntry) -> tuple[str, int]:
    """A path and a line for formats that need both: of the finding, else of its rule, else the
    spec's first line."""
    if entry.path:
        return entry.path, entry.line or 1
    if entry.spec_path:
        return entry.spec_path, entry.spec_line or 1
    return report.spec or next(iter(report.files), ".") or ".", 1
