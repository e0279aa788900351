"""The output formats by name. A reporter is imported only when it is asked for."""

from __future__ import annotations

from ftdsl.reports.report import Report
from ftdsl.reports.style import Style

FORMATS = ("full", "concise", "json", "html", "github", "markdown")


def render(report: Report, name: str, style: Style) -> str:
    """``report`` in the format ``name``, one of ``FORMATS``, ready to write: it ends in a line
    break unless it is empty."""
    text = _render(report, name, style)
    return text if not text or text.endswith("\n") else f"{text}\n"


def _render(report: Report, name: str, style: Style) -> str:
    match name:
        case "json":
            from ftdsl.reports.json import render as render_json

            return render_json(report)
        case "html":
            from ftdsl.reports.html import render as render_html

            return render_html(report)
        case "github":
            from ftdsl.reports.github import render as render_github

            return render_github(report)
        case "markdown":
            from ftdsl.reports.markdown import render as render_markdown

            return render_markdown(report)
        case "concise":
            from ftdsl.reports.concise import render as render_concise

            return render_concise(report, style)
    from ftdsl.reports.terminal import render as render_terminal

    return render_terminal(report, style)
