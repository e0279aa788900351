"""One diagnostic for a terminal, with the lines of the spec that it is about."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.reports.inert import disarmed
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style


def excerpt(report: Report, diagnostic: Diagnostic, style: Style) -> str:
    """One diagnostic with the lines that it is about, and an empty line below."""
    from ftdsl.diagnostics.render import render_full

    return disarmed(render_full(diagnostic, report.sources, color=style.color)) + "\n"
