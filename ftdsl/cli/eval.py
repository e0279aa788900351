"""``ftdsl eval``: one eval of every model that a gate compares."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ftdsl.cli.block import configure_block, run_block

DETAILS = """
The same as `ftdsl run --only eval.NAME`.

examples:
  ftdsl eval specs/support.ftspec golden
  ftdsl eval specs/support.ftspec golden.mini      of one model
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``eval``."""
    configure_block(parser, "eval")


def run(arguments: Namespace) -> int:
    """Run the block and what it needs."""
    return run_block(arguments)
