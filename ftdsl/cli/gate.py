"""``ftdsl gate``: one gate with the evals and trainings that decide it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ftdsl.cli.block import configure_block, run_block

DETAILS = """
The same as `ftdsl run --only gate.NAME`.

examples:
  ftdsl gate specs/support.ftspec release
  ftdsl gate specs/support.ftspec release --output github
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``gate``."""
    configure_block(parser, "gate")


def run(arguments: Namespace) -> int:
    """Run the block and what it needs."""
    return run_block(arguments)
