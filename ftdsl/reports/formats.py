"""The output formats: what each is for and where it stops. A reporter is imported only when it is
asked for, and those that can hold every finding write while they read."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.record import record
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style


@record
class Format:
    """One format: who reads it, and what it leaves out when there is too much."""

    reader: str
    limit: str


_ALL = "none: every finding, written as it is read"

FORMATS: dict[str, Format] = {
    "full": Format("people at a terminal", "the first of each rule, then a count; all with `-v`"),
    "concise": Format("editors and `grep`: `path:line:column: severity[CODE] message`", _ALL),
    "json": Format("programs: one versioned object", _ALL),
    "jsonl": Format("programs that stream: one finding a line, a summary last", _ALL),
    "junit": Format(
        "test reports of every CI system: a block is a suite, a rule a test case",
        "the first 10 findings in a rule's failure text, then a count",
    ),
    "github": Format(
        "annotations of GitHub Actions",
        "GitHub shows 10 errors and 10 warnings of a step: the worst, then `+N more`",
    ),
    "gitlab": Format("the code quality report of GitLab", _ALL),
    "sarif": Format(
        "code scanning: SARIF 2.1.0",
        "GitHub takes 25,000 results of a run: the worst; `properties.leftOut` counts the others",
    ),
    "rdjson": Format("reviewdog, which comments on the lines of a pull request", _ALL),
    "azure": Format(
        "issues of Azure Pipelines",
        "Azure shows 10 errors and 10 warnings of a task: the worst, then `+N more`",
    ),
    "markdown": Format(
        "job summaries (1 MiB) and pull request comments (65,536 characters)",
        "60,000 characters, 25 findings: the worst, then a count",
    ),
    "html": Format(
        "people: the whole report in one file that asks no other machine",
        "2 MB: the first of each rule, then a count",
    ),
}


def render(report: Report, name: str, style: Style) -> str:
    """``report`` in the format ``name``, a key of ``FORMATS``, as one text: it ends in a line break
    unless it is empty."""
    return "".join(chunks(report, name, style))


def chunks(report: Report, name: str, style: Style) -> Iterator[str]:
    """The same, piece by piece, so that no more than a piece is held in memory."""
    last = ""
    for chunk in _program_format(report, name) or _people_format(report, name, style):
        if chunk:
            yield chunk
            last = chunk
    if last and not last.endswith("\n"):
        yield "\n"


def _people_format(report: Report, name: str, style: Style) -> Iterator[str]:
    match name:
        case "html":
            from ftdsl.reports.html import render as render_html

            return iter((render_html(report),))
        case "markdown":
            from ftdsl.reports.markdown import render as render_markdown

            return iter((render_markdown(report),))
        case "concise":
            from ftdsl.reports.concise import chunks as concise_chunks

            return concise_chunks(report, style)
    from ftdsl.reports.terminal import render as render_terminal

    return iter((render_terminal(report, style),))


def _program_format(report: Report, name: str) -> Iterator[str] | None:
    match name:
        case "json":
            from ftdsl.reports import json as reporter

            return reporter.chunks(report)
        case "jsonl":
            from ftdsl.reports import jsonl

            return jsonl.chunks(report)
        case "junit":
            from ftdsl.reports import junit

            return junit.chunks(report)
        case "sarif":
            from ftdsl.reports import sarif

            return sarif.chunks(report)
    return _review_format(report, name)


def _review_format(report: Report, name: str) -> Iterator[str] | None:
    match name:
        case "github":
            from ftdsl.reports import github

            return github.chunks(report)
        case "azure":
            from ftdsl.reports import azure

            return azure.chunks(report)
        case "gitlab":
            from ftdsl.reports import gitlab

            return gitlab.chunks(report)
        case "rdjson":
            from ftdsl.reports import rdjson

            return rdjson.chunks(report)
    return None
