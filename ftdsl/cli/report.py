"""``ftdsl report``: a finished run again, in any format. Reads results only."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from ftdsl.api import RunView
from ftdsl.cli.options import add_out_option
from ftdsl.cli.output import publish
from ftdsl.cli.round_page import with_round
from ftdsl.cli.session import keep_page, out_folder
from ftdsl.cli.usage import UsageError
from ftdsl.engine.runs import read_run, run_ids
from ftdsl.language.project import find_root
from ftdsl.reports.report import Fact, Report

DETAILS = """
The exit code is that of the run.

examples:
  ftdsl report                                 the newest run
  ftdsl report --list                          all runs
  ftdsl report 20261231T235959-1a2b3c --output html=run.html
  ftdsl report --output json | jq .gates
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``report``."""
    parser.add_argument(
        "id", nargs="?", default="latest", metavar="RUN", help="a run's id or its beginning"
    )
    parser.add_argument("--list", action="store_true", help="list all runs, the newest first")
    add_out_option(parser)


def run(arguments: Namespace) -> int:
    """Print one run's report, or the list of all."""
    root = Path(arguments.root).resolve() if arguments.root else find_root(Path.cwd() / "any")
    out = out_folder(arguments, root)
    if arguments.list:
        return publish(Report("report", "pass", facts=tuple(_listed(out))), arguments)
    found = read_run(out, arguments.id)
    if found is None:
        known = run_ids(out)
        help_line = f"the newest is {known[0]}" if known else f"nothing has been run below {out}"
        raise UsageError("FT257", f"there is no run `{arguments.id}`", help_line)
    view = RunView(found, out, "report", root)
    report = with_round(view)
    keep_page(view, report)
    return publish(replace(report, command="report"), arguments)


def _listed(out: Path) -> list[Fact]:
    facts = []
    for run_id in run_ids(out):
        found = read_run(out, run_id)
        told = f"{found.verdict}, {found.spec}" if found is not None else "its record is damaged"
        facts.append(Fact(run_id, told))
    return facts
