"""``ftdsl cache``: what ftdsl keeps, how much of it, and how to be rid of it."""

from __future__ import annotations

import os
import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ftdsl.api import OUT
from ftdsl.cli.check_cache import folder
from ftdsl.cli.options import add_out_option
from ftdsl.cli.output import publish
from ftdsl.cli.usage import UsageError
from ftdsl.language.project import find_root
from ftdsl.reports.numbers import plural, size
from ftdsl.reports.report import Fact, Report

DETAILS = """
`cache` folders hold nothing that decides an outcome: clearing them costs time, never a result.
Finished results (`steps`) and runs are shown, and only --results removes them.

examples:
  ftdsl cache
  ftdsl cache --clear
  ftdsl cache --clear --results      finished results too: the next run does all work again
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``cache``."""
    parser.add_argument("--clear", action="store_true", help="remove the caches")
    parser.add_argument(
        "--results", action="store_true", help="with --clear: finished results and runs as well"
    )
    add_out_option(parser)


def run(arguments: Namespace) -> int:
    """Show the folders, or clear them."""
    if arguments.results and not arguments.clear:
        raise UsageError("FT251", "--results goes with --clear", "`ftdsl cache --help`")
    places = _places(arguments)
    if arguments.clear:
        spared = () if arguments.results else ("results", "runs")
        for name, place in places.items():
            if name not in spared:
                _remove(place)
    facts = tuple(Fact(name, _told(place)) for name, place in places.items())
    notes = ("cleared",) if arguments.clear else ()
    return publish(Report("cache", "pass", facts=facts, notes=notes), arguments)


def _places(arguments: Namespace) -> dict[str, Path]:
    root = Path(arguments.root).resolve() if arguments.root else find_root(Path.cwd() / "any")
    out = Path(arguments.out).resolve() if arguments.out else root / OUT
    return {
        "diagnostics": folder() / "check",
        "replies": folder() / "replies",
        "crash reports": folder() / "crashes",
        "project cache": out / "cache",
        "unfinished work": out / "work",
        "results": out / "steps",
        "runs": out / "runs",
    }


def _told(place: Path) -> str:
    count, total = 0, 0
    for here, _, names in os.walk(place):
        for name in names:
            count += 1
            total += (Path(here) / name).lstat().st_size
    return f"{plural(count, 'file')}, {size(total)}, {place}"


def _remove(place: Path) -> None:
    if not place.exists():
        return
    try:
        shutil.rmtree(place)
    except OSError as error:
        raise UsageError("FT253", f"cannot clear {place}: {error.strerror or error}") from error
