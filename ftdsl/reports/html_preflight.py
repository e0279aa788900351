"""What was checked before a training, as a card: each check, the rows in tokens, what was found."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.markup import Markup, tag
from ftdsl.reports.preflight import resolved_lines, split_text
from ftdsl.reports.summary import MARKS, MOODS
from ftdsl.results.models import Finding
from ftdsl.results.preflight import PreflightCheck, PreflightOutput


def preflight_card(output: PreflightOutput) -> Markup:
    """One preflight."""
    told = f"{output.target} from {output.base}"
    lines = (*map(split_text, output.splits), *resolved_lines(output.resolved, output.rules))
    head = tag("div", tag("h3", output.name), tag("span", told, class_="soft small push"),
               class_="head")  # fmt: skip
    checks = tag("table", tag("tbody", *map(_check, output.checks)))
    return tag(
        "article",
        head,
        tag("div", checks, class_="scroll"),
        *(tag("p", one, class_="soft small") for one in lines),
        *_findings(output),
        class_="card",
    )


def _check(check: PreflightCheck) -> Markup:
    mood = MOODS.get(check.verdict, "quiet")
    return tag(
        "tr",
        tag("td", tag("span", MARKS[mood], class_=f"mark {mood}")),
        tag("td", check.name, class_="soft name"),
        tag("td", check.told),
    )


def _findings(output: PreflightOutput) -> Iterator[Markup]:
    if output.findings:
        rows = map(_finding, output.findings)
        table = tag("div", tag("table", tag("tbody", *rows)), class_="scroll")
        yield tag("details", tag("summary", f"What was found ({len(output.findings)})"), table)


def _finding(finding: Finding) -> Markup:
    place = f"{finding.path}:{finding.line}" if finding.path else ""
    help_ = tag("div", finding.help, class_="soft small") if finding.help else None
    return tag(
        "tr",
        tag("td", tag("code", finding.code)),
        tag("td", tag("code", place)),
        tag("td", finding.message, help_),
    )
