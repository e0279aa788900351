"""Issues of Azure Pipelines: ``##vso[task.logissue type=error;sourcepath=…;linenumber=…]message``.

The agent keeps ten errors and ten warnings of one task, so the worst come first. Text is made inert
and then escaped as the agent unescapes it, so that no data can begin a command of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.document import FindingEntry
from ftdsl.reports.github import annotated
from ftdsl.reports.inert import line
from ftdsl.reports.report import Report
from ftdsl.reports.summary import excused_text

_ESCAPES = {"%": "%AZP25", "\r": "%0D", "\n": "%0A"}
_PROPERTY_ESCAPES = {";": "%3B", "]": "%5D"}


def chunks(report: Report) -> Iterator[str]:
    """At most ten commands of each severity, and a line with how many were left out."""
    shown, left_out = annotated(report)
    for entry in shown:
        yield _command(entry) + "\n"
    if left_out:
        yield f"ftdsl: +{left_out:,} more: see the report, or run ftdsl on your machine\n"
    if told := excused_text(report.run):
        yield f"ftdsl: {told}\n"


def _command(entry: FindingEntry) -> str:
    known = {
        "type": entry.severity,
        "sourcepath": entry.path or entry.spec_path,
        "linenumber": entry.line if entry.path else entry.spec_line,
        "columnnumber": entry.column,
        "code": f"{entry.code} {entry.rule}".strip(),
    }
    told = "".join(f"{key}={_property(str(value))};" for key, value in known.items() if value)
    message = f"{entry.message}: {entry.help}" if entry.help else entry.message
    return f"##vso[task.logissue {told}]{_escaped(message)}"


def _escaped(text: str) -> str:
    shown = line(text).replace("##", "\u266f#")
    for sign, escape in _ESCAPES.items():
        shown = shown.replace(sign, escape)
    return shown


def _property(text: str) -> str:
    shown = _escaped(text)
    for sign, escape in _PROPERTY_ESCAPES.items():
        shown = shown.replace(sign, escape)
    return shown
