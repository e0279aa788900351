"""``ftdsl waivers``: which rules are waived for which rows, why, and until when."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from datetime import date

from ftdsl.api import AnalysisView
from ftdsl.cli.options import add_set_option
from ftdsl.cli.session import analysed, answered
from ftdsl.cli.specs import spec_paths
from ftdsl.language.program import WaiverDef
from ftdsl.reports.report import Fact, Report

DETAILS = """
An expired waiver is an error of the spec: `ftdsl check` reports it.

examples:
  ftdsl waivers specs/support.ftspec
  ftdsl waivers specs/ --output json
"""

_SOON = 30


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``waivers``."""
    parser.add_argument("specs", nargs="+", metavar="SPEC", help="a spec, or a folder of specs")
    add_set_option(parser)


def run(arguments: Namespace) -> int:
    """List every waiver, those that end first at the top."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    seen = [analysed(str(path), arguments) for path in spec_paths(arguments.specs)]
    waivers = sorted(
        ((waiver, view) for view in seen for waiver in _declared(view)),
        key=lambda pair: (pair[0].until, pair[0].rule),
    )
    facts = tuple(_fact(waiver, view, date.today()) for waiver, view in waivers)
    failed = [view for view in seen if not view.ok]
    report = Report(
        "waivers",
        "error" if failed else "pass",
        files=tuple(view.path for view in seen),
        diagnostics=tuple(d for view in failed for d in view.diagnostics),
        sources={name: source for view in seen for name, source in view.sources.items()},
        facts=facts,
    )
    return report if facts or failed else replace(report, notes=("no waiver",))


def _declared(view: AnalysisView) -> tuple[WaiverDef, ...]:
    return view.program.waivers if view.program is not None else ()


def _fact(waiver: WaiverDef, view: AnalysisView, today: date) -> Fact:
    left = (date.fromisoformat(waiver.until) - today).days
    rows = f"{len(waiver.rows)} rows" if waiver.rows else "every row"
    when = f"until {waiver.until} ({left} days)"
    state = "missing" if left < 0 else "warn" if left <= _SOON else "ok"
    return Fact(".".join(waiver.rule), f"{rows}, {when}: {waiver.reason}  [{view.path}]", state)
