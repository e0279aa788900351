"""The command line's reference page, from the parsers themselves."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from ftdsl.cli.commands import SUMMARIES, load
from ftdsl.cli.options import overview, parser_of


def command_page() -> str:
    """Markdown: the overview, then every command with its options and examples."""
    lines = ["```", overview().rstrip("\n"), "```", ""]
    for name in SUMMARIES:
        lines += _command(name)
    return "\n".join(lines).rstrip("\n") + "\n"


def _command(name: str) -> Iterator[str]:
    parser = parser_of(name, load(name))
    yield f"## `ftdsl {name}`"
    yield ""
    yield parser.description or ""
    yield ""
    yield "| argument | does |"
    yield "|---|---|"
    for group in parser._action_groups:
        if group.title == "common options":
            continue  # the same for all commands: said once, below the overview
        for action in group._group_actions:
            yield f"| {_invocation(action)} | {(action.help or '').replace('|', chr(92) + '|')} |"
    yield ""
    yield from ("```", load(name).DETAILS.strip(), "```", "")


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
