"""What the terminal can show, and the one way by which text reaches it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from typing import TextIO

from ftdsl.cli.usage import UsageError
from ftdsl.reports.inert import block, encodable
from ftdsl.reports.style import Style


def style_for(arguments: Namespace, stream: TextIO) -> Style:
    """Color, width and loudness for ``stream``, from the options and the environment."""
    return Style(
        color=_wants_color(arguments.color, stream),
        width=_columns(stream),
        quiet=arguments.quiet,
        verbose=arguments.verbose,
    )


def print_text(text: str, stream: TextIO | None = None) -> None:
    """Write ``text`` as the stream's encoding can hold it; a reader that has gone is no error."""
    target = stream or sys.stdout
    try:
        target.write(encodable(text, target.encoding or "ascii"))
        target.flush()
    except BrokenPipeError:
        _silence(target)


def print_problem(error: UsageError) -> None:
    """A usage error, on standard error."""
    lines = [f"ftdsl: error[{error.code}]: {block(error.message)}"]
    if error.help:
        lines.append(f"  = help: {block(error.help)}")
    print_text("\n".join(lines) + "\n", sys.stderr)


def _wants_color(choice: str, stream: TextIO) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _columns(stream: TextIO) -> int:
    """Columns of the terminal; 100 where there is none, so that files come out alike everywhere."""
    stated = os.environ.get("COLUMNS", "")
    if stated.isdecimal() and int(stated) > 0:
        return max(20, int(stated))
    try:
        return max(20, os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError):
        return 100


def _silence(stream: TextIO) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, stream.fileno())
    os.close(quiet)
