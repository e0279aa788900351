"""The command line's reference page, from the parsers themselves."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from ftdsl.cli.commands import SUMMARIES, load
from ftdsl.cli.options import overview, parser_of


def command_page() -> str:
    """Markdown: the overview, then every command with its options and examples."""
    lines = ["```", overview().rstrip("\n"), "```", ""]
    lines += ["## Options of every command", "", *_table(_parser("check"), common=True), ""]
    for name in SUMMARIES:
        lines += _command(name)
    return "\n".join(lines).rstrip("\n") + "\n"


def _parser(name: str) -> argparse.ArgumentParser:
    return parser_of(name, load(name))


def _command(name: str) -> Iterator[str]:
    parser = _parser(name)
    yield f"## `ftdsl {name}`"
    yield ""
    yield parser.description or ""
    yield ""
    rows = list(_table(parser, common=False))
    if len(rows) > 2:
        yield from (*rows, "")
    yield from ("```", load(name).DETAILS.strip(), "```", "")


def _table(parser: argparse.ArgumentParser, *, common: bool) -> Iterator[str]:
    yield "| argument | does |"
    yield "|---|---|"
    for group in parser._action_groups:
        if (group.title == "common options") is common:
            for action in group._group_actions:
                help_text = (action.help or "").replace("|", "\\|")
                yield f"| {_invocation(action)} | {help_text} |"


def _invocation(action: argparse.Action) -> str:
    if not action.option_strings:
        name = str(action.metavar or action.dest)
        return f"`{name}…`" if action.nargs in ("+", "*") else f"`{name}`"
    value = "" if action.nargs == 0 else f" {action.metavar or _choices(action)}"
    return ", ".join(f"`{option}{value}`" for option in action.option_strings)


def _choices(action: argparse.Action) -> str:
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper()
