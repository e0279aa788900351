"""The command line's grammar: options every command has, help with examples, and usage errors."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from ftdsl.cli.commands import LATER, SUMMARIES, Command, load
from ftdsl.cli.usage import UsageError, unknown_command

_EXIT_CODES = """exit codes:
  0 pass · 1 findings or a failed gate · 2 could not answer (bad spec, unreadable data, usage)
  3 stopped and resumable · 4 refused or stopped by budget or permission
  5 a gate is inconclusive · 130, 143 stopped by a signal, resumable"""

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

    def _print_message(self, message: str, file: Any = None) -> None:
        from ftdsl.cli.console import print_text

        del file
        print_text(message)


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
    if name in LATER:
        raise UsageError(
            "FT259", f"`ftdsl {name}` is not in this version", "`ftdsl --help` lists what is"
        )
    if name not in SUMMARIES:
        raise unknown_command(name, list(SUMMARIES))
    return name


def all_parsers() -> dict[str, Parser]:
    """The parser of every command, in the order of the overview: what the reference page shows."""
    return {name: parser_of(name, load(name)) for name in SUMMARIES}


def parser_of(name: str, command: Command) -> Parser:
    """The parser of the command ``name``."""
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
    return parser


def parse(name: str, command: Command, words: list[str]) -> argparse.Namespace:
    """The arguments of the command ``name``, with the configuration files' defaults. Prints help
    and exits 0 when asked for help."""
    from ftdsl.cli.config import configure

    arguments = parser_of(name, command).parse_args(words)
    arguments.command = name
    configure(arguments)
    return arguments


def _add_common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("common options")
    group.add_argument("-h", "--help", action="help", help="show this text")
    group.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT[=PATH]",
        help="full (default), concise, json, jsonl, junit, github, gitlab, sarif, rdjson, azure, "
        "markdown or html; repeatable",
    )
    group.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        help="color in the terminal (default: auto); NO_COLOR and FORCE_COLOR are honoured",
    )
    group.add_argument("-q", "--quiet", action="store_true", help="print problems only")
    group.add_argument("-v", "--verbose", action="store_true", help="print everything found")
    group.add_argument("--root", metavar="DIR", help="project root (default: found from the spec)")
    group.add_argument("--config", metavar="FILE", help="TOML file with defaults and permissions")
    group.add_argument(
        "--isolated", action="store_true", help="ignore [tool.ftdsl] of pyproject.toml"
    )


def add_set_option(parser: argparse.ArgumentParser) -> None:
    """``--set``, for the commands that read a spec."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="give a `let` of the spec another value, written as in the spec; repeatable",
    )


def add_fix_options(parser: argparse.ArgumentParser) -> None:
    """``--fix``, ``--unsafe-fixes`` and ``--diff``."""
    group = parser.add_argument_group("fixing")
    group.add_argument(
        "--fix",
        action="store_true",
        help="write fixed copies of the data files, and fixes.diff, into the folder --out",
    )
    group.add_argument(
        "--unsafe-fixes", action="store_true", help="apply fixes that may change what is meant"
    )
    group.add_argument(
        "--diff", action="store_true", help="show what --fix would change; write nothing"
    )


def add_out_option(parser: argparse.ArgumentParser) -> None:
    """``--out``, for the commands that read or write results."""
    parser.add_argument("--out", metavar="DIR", help="folder of results (default: ROOT/.ftdsl)")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Options of the commands that run steps: where to write, and what the operator allows."""
    group = parser.add_argument_group("running")
    group.add_argument("--out", metavar="DIR", help="folder of results (default: ROOT/.ftdsl)")
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="let steps talk to this host; repeatable",
    )
    group.add_argument(
        "--use-proxy",
        action="store_true",
        help="ask models by way of the proxy that HTTPS_PROXY or HTTP_PROXY names",
    )
    group.add_argument(
        "--budget",
        type=_dollars,
        metavar="DOLLARS",
        help="the most US dollars that this run may spend on models (default: none)",
    )
    group.add_argument(
        "--budget-tokens",
        type=_count,
        metavar="N",
        help="the most tokens, in and out, that models may be asked for",
    )
    group.add_argument(
        "--budget-requests", type=_count, metavar="N", help="the most requests to models"
    )
    group.add_argument("--offline", action="store_true", help="refuse every step that needs a host")
    group.add_argument(
        "--allow-extern",
        action="append",
        default=[],
        metavar="MODULE",
        help="let `extern fn` declarations call this Python module; repeatable",
    )
    group.add_argument(
        "--no-baseline",
        action="store_true",
        help="report rows that the baseline knows as well",
    )
    group.add_argument(
        "--workers", type=_workers, metavar="N", help="processes for row work (default: 2)"
    )
    _add_places(group)


def _add_places(group: Any) -> None:
    """Where steps run and where they store, which no spec can say."""
    group.add_argument(
        "--engine",
        choices=("local", "ray"),
        help="where check, dedup and coverage run (default: local); `ray` without --ray-address "
        "starts a cluster of --workers processes on this machine",
    )
    group.add_argument(
        "--index",
        metavar="URL",
        help="the Redis of `drop near … { index = … }`, as in redis://127.0.0.1:6379/0",
    )
    group.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="the Ray cluster of --engine ray: `ray://host:10001`, `host:6379`, or `auto` "
        "for the one that this machine belongs to",
    )


def _dollars(word: str) -> float:
    number = word.removeprefix("$")
    if not number.isascii() or not number.replace(".", "", 1).isdigit():
        raise argparse.ArgumentTypeError(f"`{word}` is no amount of US dollars, such as `0.50`")
    return float(number)


def _count(word: str) -> int:
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"`{word}` is no whole number")
    return int(word)


def _workers(word: str) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= 512:
        raise argparse.ArgumentTypeError(f"`{word}` is not a number from 1 to 512")
    return int(word)
