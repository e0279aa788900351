"""The command line's grammar: options every command has, help with examples, and usage errors."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from ftdsl.cli.commands import SUMMARIES, Command
from ftdsl.cli.usage import UsageError, unknown_command

_EXIT_CODES = """exit codes:
  0 pass · 1 findings or a failed gate · 2 could not answer (bad spec, unreadable data, usage)
  3 stopped and resumable · 4 refused or stopped by budget or permission
  5 a gate is inconclusive"""

_INTRODUCTION = """One checked spec for fine-tuning: data, training, evaluation and gates.

commands:
{commands}

examples:
  ftdsl check specs/support.ftspec        is the spec right? (reads no data)
  ftdsl plan specs/support.ftspec         what would run, why, and what it costs
  ftdsl run specs/support.ftspec          run it
  ftdsl explain FT110                     what a code means and how to mend it

{exit_codes}

`ftdsl COMMAND --help` shows a command's options and examples."""


class Parser(argparse.ArgumentParser):
    """Usage errors are values of ours, not argparse's exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError("FT251", message, f"`{self.prog} --help` shows what it takes")


def overview() -> str:
    """The text of ``ftdsl --help``, written without importing any command."""
    width = max(map(len, SUMMARIES)) + 2
    lines = (f"  {name:<{width}}{summary}" for name, summary in SUMMARIES.items())
    body = _INTRODUCTION.format(commands="\n".join(lines), exit_codes=_EXIT_CODES)
    return f"usage: ftdsl COMMAND [options]\n\n{body}\n"


def known_command(words: list[str]) -> str:
    """The command that ``words`` begin with. UsageError with the nearest name otherwise."""
    name = words[0]
    if name.startswith("-"):
        raise UsageError("FT251", f"unrecognized option: {name}", "`ftdsl --help` lists commands")
    if name not in SUMMARIES:
        raise unknown_command(name, list(SUMMARIES))
    return name


def parse(name: str, command: Command, words: list[str]) -> argparse.Namespace:
    """The arguments of the command ``name``. Prints help and exits 0 when asked for help."""
    parser = Parser(
        prog=f"ftdsl {name}",
        description=f"{SUMMARIES[name][0].upper()}{SUMMARIES[name][1:]}.",
        epilog=f"{command.DETAILS.strip()}\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    command.configure(parser)
    _add_common(parser)
    arguments = parser.parse_args(words)
    arguments.command = name
    return arguments


def _add_common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("common options")
    group.add_argument("-h", "--help", action="help", help="show this text")
    group.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT[=PATH]",
        help="full (default), concise, json, html, github or markdown; repeatable",
    )
    group.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="color in the terminal; NO_COLOR and FORCE_COLOR are honoured",
    )
    group.add_argument("-q", "--quiet", action="store_true", help="print problems only")
    group.add_argument("-v", "--verbose", action="store_true", help="print everything found")
    group.add_argument("--root", metavar="DIR", help="project root (default: found from the spec)")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Options of the commands that run steps: where to write, and what the operator allows."""
    group = parser.add_argument_group("running")
    group.add_argument("--out", metavar="DIR", help="where results go (default: ROOT/.ftdsl)")
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="let steps talk to this host; repeatable",
    )
    group.add_argument("--offline", action="store_true", help="refuse every step that needs a host")
    group.add_argument(
        "--allow-extern",
        action="append",
        default=[],
        metavar="MODULE",
        help="let `extern fn` declarations call this Python module; repeatable",
    )


def interactive() -> bool:
    """Whether a person may be looking at standard error."""
    return sys.stderr.isatty()
