"""``ftdsl apply``: runs a saved plan, unless something that it was made from has moved."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from ftdsl.api import apply
from ftdsl.cli.options import add_run_options
from ftdsl.cli.session import answered, console_of, policy_of, reported
from ftdsl.cli.specs import existing
from ftdsl.reports.report import Report

DETAILS = """
examples:
  ftdsl plan specs/support.ftspec -o plan.json
  ftdsl apply plan.json
  ftdsl apply plan.json --engine ray --ray-address auto   data steps on the cluster of this machine
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``apply``."""
    parser.add_argument("plan", metavar="PLAN", help="a file that `ftdsl plan -o` wrote")
    add_run_options(parser)


def run(arguments: Namespace) -> int:
    """Run the plan's steps, or say what moved."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    view = apply(
        existing(Path(arguments.plan)),
        root=arguments.root,
        out=arguments.out,
        policy=policy_of(arguments),
        console=console_of(arguments),
    )
    return reported(replace(view, command="apply"), arguments)
