"""Mistakes on the command line: a code, a sentence, and what to type instead."""

from __future__ import annotations

from collections.abc import Sequence


class UsageError(Exception):
    """The command line cannot be acted on. ``main`` prints it and returns 2."""

    def __init__(self, code: str, message: str, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help


def unknown_command(name: str, commands: Sequence[str]) -> UsageError:
    """FT250, with the nearest command where one is near."""
    near = nearest(name, commands)
    help_line = f"did you mean `ftdsl {near}`?" if near else "`ftdsl --help` lists the commands"
    return UsageError("FT250", f"there is no command `{name}`", help_line)


def nearest(name: str, candidates: Sequence[str]) -> str | None:
    """The one candidate that ``name`` was probably meant to be."""
    from ftdsl.diagnostics.suggestion import suggest

    return suggest(name, candidates)
