"""Annotations for GitHub Actions: ``::error file=…,line=…,col=…,title=…::message``.

GitHub shows at most ten errors and ten warnings of one step, so the worst come first and the last
place says how many were left out. Every text is made inert first and then escaped as the runner
unescapes it, so that no data can begin a command of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.document import Document, FindingEntry
from ftdsl.reports.inert import line
from ftdsl.reports.json import document
from ftdsl.reports.numbers import plural
from ftdsl.reports.report import Report
from ftdsl.reports.summary import VERDICT_WORDS

LIMIT = 10


def render(report: Report) -> str:
    """At most ten annotations of each severity, and a notice when something was left out."""
    return "\n".join(_lines(document(report)))


def _lines(found: Document) -> Iterator[str]:
    errors = [each for each in found.findings if each.severity == "error"]
    warnings = [each for each in found.findings if each.severity == "warning"]
    gates = [each for each in found.gates if each.verdict != "pass"]
    for gate in gates[:LIMIT]:
        level = "error" if gate.verdict == "fail" else "warning"
        told = f"{gate.candidate}: {gate.requirement} ({gate.verdict})"
        yield _command(level, {"title": f"gate {gate.name}"}, told)
    for group in (errors, warnings):
        for finding in group[:LIMIT]:
            yield _command(finding.severity, _properties(finding), _message(finding))
    left_out = sum(max(0, len(group) - LIMIT) for group in (errors, warnings, gates))
    if left_out:
        yield _command(
            "notice",
            {"title": f"ftdsl: {VERDICT_WORDS[found.verdict]}"},
            f"{plural(left_out, 'more finding')}: see the report, or run ftdsl on your machine",
        )


def _message(finding: FindingEntry) -> str:
    return f"{finding.message}: {finding.help}" if finding.help else finding.message


def _properties(finding: FindingEntry) -> dict[str, str]:
    title = f"{finding.code} {finding.rule}".strip()
    found: dict[str, str] = {}
    if finding.path:
        found["file"] = finding.path
    if finding.line is not None:
        found["line"] = str(finding.line)
    if finding.column is not None:
        found["col"] = str(finding.column)
    return {**found, "title": title}


def _command(name: str, properties: dict[str, str], message: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {told}::{_data(message)}"


def _data(text: str) -> str:
    return line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
