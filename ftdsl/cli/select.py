"""``ftdsl select``: one selection with the evals of its candidates."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ftdsl.cli.block import configure_block, run_block

DETAILS = """
The same as `ftdsl run --only select.NAME`. Candidates that what they state rules out are not asked.

examples:
  ftdsl select specs/support.ftspec base_model
  ftdsl select specs/support.ftspec base_model --output markdown=base.md
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``select``."""
    configure_block(parser, "select")


def run(arguments: Namespace) -> int:
    """Run the block and what it needs."""
    return run_block(arguments)
