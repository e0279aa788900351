"""One line for each finding, ``path:line:column: severity[CODE] message``, as editors read it."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.document import Document, FindingEntry
from ftdsl.reports.inert import line
from ftdsl.reports.json import document
from ftdsl.reports.numbers import plural
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style
from ftdsl.reports.summary import MOODS, TONES, VERDICT_WORDS


def render(report: Report, style: Style) -> str:
    """The lines; a last one with the verdict unless ``style`` is quiet."""
    return "\n".join(_lines(report, document(report), style))


def _lines(report: Report, found: Document, style: Style) -> Iterator[str]:
    for finding in found.findings:
        yield finding_line(finding, style)
    for gate in found.gates:
        if gate.verdict != "pass":
            told = f"{gate.verdict}: {gate.candidate}: {gate.requirement}"
            yield f"gate {line(gate.name)}: {line(told)}"
    if not style.quiet and not report.only_findings:
        yield from (f"{line(fact.name)}: {line(fact.value)}" for fact in found.facts)
        word = VERDICT_WORDS[found.verdict]
        tone = TONES[MOODS[found.verdict]]
        yield style.paint(f"{word}: {plural(len(found.findings), 'finding')}", tone)


def finding_line(finding: FindingEntry, style: Style) -> str:
    """One finding on one line. A help line follows the message after a dash."""
    place = ":".join(str(part) for part in (finding.path, finding.line, finding.column) if part)
    tone = "red" if finding.severity == "error" else "yellow"
    head = style.paint(f"{finding.severity}[{finding.code}]", tone)
    rule = (
        f" {finding.rule}:" if finding.rule and f"`{finding.rule}`" not in finding.message else ""
    )
    help_text = f" ({line(finding.help)})" if finding.help else ""
    lead = f"{line(place)}: " if place else ""
    return f"{lead}{head}{line(rule)} {line(finding.message)}{help_text}"
