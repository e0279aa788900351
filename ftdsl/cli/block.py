"""What ``train``, ``eval``, ``select`` and ``gate`` share: ``run --only`` of one block."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ftdsl.cli.options import add_run_options, add_set_option
from ftdsl.cli.session import answered, planned, ran, reported
from ftdsl.reports.report import Report


def configure_block(parser: ArgumentParser, kind: str) -> None:
    """Arguments of a command that runs one block of ``kind``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("name", metavar="NAME", help=f"the {kind} block to run")
    add_set_option(parser)
    add_run_options(parser)


def run_block(arguments: Namespace) -> int:
    """Run the block and what it needs."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    kind = "preflight" if getattr(arguments, "check", False) else arguments.command
    only = (f"{kind}.{arguments.name}",)
    return reported(ran(planned(arguments.spec, arguments, only), arguments), arguments)
