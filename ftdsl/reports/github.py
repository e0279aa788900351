"""Annotations for GitHub Actions: ``::error file=…,line=…,col=…,title=…::message``.

GitHub shows at most ten errors and ten warnings of one step, so the worst come first and a notice
says how many were left out. Every text is made inert first and then escaped as the runner
unescapes it, so that no data can begin a command of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ftdsl.reports.document import FindingEntry
from ftdsl.reports.findings import told_with_gates
from ftdsl.reports.inert import line
from ftdsl.reports.report import Report
from ftdsl.reports.summary import VERDICT_WORDS, excused_text

LIMIT = 10


def chunks(report: Report) -> Iterator[str]:
    """At most ten annotations of each severity, a notice when something was left out, and
    one that counts what was excused."""
    shown, left_out = annotated(report)
    for entry in shown:
        yield _command(entry.severity, _properties(entry), _message(entry)) + "\n"
    if left_out:
        title = f"ftdsl: {VERDICT_WORDS[report.verdict]}, +{left_out:,} more"
        rest = f"+{left_out:,} more: see the report, or run ftdsl on your machine"
        yield _command("notice", {"title": title}, rest) + "\n"
    if told := excused_text(report.run):
        yield _command("notice", {"title": "ftdsl: excused"}, told) + "\n"


def annotated(report: Report, limit: int = LIMIT) -> tuple[list[FindingEntry], int]:
    """The worst ``limit`` errors and warnings, the first of every rule before the second of any,
    and how many findings are left out."""
    ranked: dict[str, list[tuple[int, int, FindingEntry]]] = {"error": [], "warning": []}
    seen: Counter[tuple[str, str, str, str]] = Counter()
    total = 0
    for total, each in enumerate(told_with_gates(report), start=1):
        entry = each.entry
        rule = (entry.severity, entry.code, entry.dataset, entry.rule)
        seen[rule] += 1
        group = ranked[entry.severity]
        if len(group) < limit or seen[rule] < group[-1][0]:
            group.append((seen[rule], total, entry))
            group.sort(key=lambda one: one[:2])
            del group[limit:]
    shown = [entry for group in ranked.values() for _, _, entry in group]
    return shown, total - len(shown)


def _message(finding: FindingEntry) -> str:
    return f"{finding.message}: {finding.help}" if finding.help else finding.message


def _properties(finding: FindingEntry) -> dict[str, str]:
    title = f"{finding.code} {finding.rule}".strip()
    found: dict[str, str] = {}
    if finding.path:
        found["file"] = finding.path
    elif finding.spec_path:
        found["file"] = finding.spec_path
    number = finding.line if finding.path else finding.spec_line
    if number is not None:
        found["line"] = str(number)
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
