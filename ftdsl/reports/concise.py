"""One line for each finding, ``path:line:column: severity[CODE] message``, as editors read it."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.document import FindingEntry
from ftdsl.reports.findings import entries
from ftdsl.reports.inert import line
from ftdsl.reports.numbers import plural
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style
from ftdsl.reports.summary import MOODS, TONES, VERDICT_WORDS, excused_text, names_no_rule


def chunks(report: Report, style: Style) -> Iterator[str]:
    """The lines; a last one with the verdict unless ``style`` is quiet."""
    found = 0
    for finding in entries(report):
        found += 1
        yield finding_line(finding, style) + "\n"
    yield from (f"{told}\n" for told in _gates(report))
    if not style.quiet and not report.only_findings:
        yield from (f"{line(fact.name)}: {line(fact.value)}\n" for fact in report.facts)
        word = VERDICT_WORDS[report.verdict]
        tone = TONES[MOODS[report.verdict]]
        told = ", ".join(filter(None, (plural(found, "finding"), excused_text(report.run))))
        yield style.paint(f"{word}: {told}", tone) + "\n"


def _gates(report: Report) -> Iterator[str]:
    if report.run is None:
        return
    from ftdsl.reports.run_document import gate_entries

    for gate in gate_entries(report.run):
        if gate.verdict != "pass":
            told = f"{gate.verdict}: {gate.candidate}: {gate.requirement}"
            yield f"gate {line(gate.name)}: {line(told)}"


def finding_line(finding: FindingEntry, style: Style) -> str:
    """One finding on one line. A help line follows the message after a dash."""
    place = ":".join(str(part) for part in (finding.path, finding.line, finding.column) if part)
    tone = "red" if finding.severity == "error" else "yellow"
    head = style.paint(f"{finding.severity}[{finding.code}]", tone)
    rule = f" {finding.rule}:" if names_no_rule(finding) else ""
    help_text = f" ({line(finding.help)})" if finding.help else ""
    lead = f"{line(place)}: " if place else ""
    return f"{lead}{head}{line(rule)} {line(finding.message)}{help_text}"
