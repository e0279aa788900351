"""``ftdsl run``: plan and apply in one, with the report kept beside the run's record."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ftdsl.cli.options import add_run_options, add_set_option
from ftdsl.cli.session import answered, planned, ran, reported
from ftdsl.reports.report import Report

DETAILS = """
Steps whose inputs did not change are not run again. Ctrl-C finishes what is at hand, keeps it and
says how to resume. The report is written to ROOT/.ftdsl/runs/ID/report.html.

examples:
  ftdsl run specs/support.ftspec
  ftdsl run specs/support.ftspec --only gate.release    that gate and what it needs
  ftdsl run specs/support.ftspec --set context=8k       another value of a `let`
  ftdsl run specs/support.ftspec --engine ray --ray-address ray://head:10001   on a cluster
  ftdsl run specs/support.ftspec --output markdown="$GITHUB_STEP_SUMMARY"
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``run``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="STEP",
        help="only this step, kind or block, and what it needs; repeatable",
    )
    add_set_option(parser)
    add_run_options(parser)


def run(arguments: Namespace) -> int:
    """Run what is stale and print what it came to."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    made = planned(arguments.spec, arguments, tuple(arguments.only))
    return reported(ran(made, arguments), arguments)
