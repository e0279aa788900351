"""``ftdsl train``: one training run and the data steps that it stands on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ftdsl.cli.block import configure_block, run_block

DETAILS = """
The same as `ftdsl run --only train.NAME`.

examples:
  ftdsl train specs/support.ftspec support_lora
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``train``."""
    configure_block(parser, "train")


def run(arguments: Namespace) -> int:
    """Run the block and what it needs."""
    return run_block(arguments)
