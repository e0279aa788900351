"""``ftdsl train``: one training run, or its preflight, and the steps that it stands on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ftdsl.cli.block import configure_block, run_block

DETAILS = """
The same as `ftdsl run --only train.NAME`. Before anything is trained its preflight looks at every
row by the tokenizer alone: is something learned of it, is that what the assistant says, does it end
where a server stops, does a server read the same prompt. With `--check` that is all that is done.

examples:
  ftdsl train specs/support.ftspec support_lora
  ftdsl train specs/support.ftspec support_lora --check     in a pull request: trains nothing
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``train``."""
    configure_block(parser, "train")
    parser.add_argument(
        "--check", action="store_true", help="only the preflight: train nothing, ask nobody"
    )


def run(arguments: Namespace) -> int:
    """Run the block and what it needs."""
    return run_block(arguments)
