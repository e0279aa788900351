"""``ftdsl validate``: data rules, dedup and coverage. Reads data; no network, no training."""

from __future__ import annotations

import argparse
import math
from argparse import ArgumentParser, Namespace

from ftdsl.cli.changed import Selection, selected
from ftdsl.cli.options import add_fix_options, add_run_options, add_set_option
from ftdsl.cli.output import publish
from ftdsl.cli.replies import may_reply, reply
from ftdsl.cli.specs import chosen_specs
from ftdsl.cli.usage import UsageError
from ftdsl.reports.report import Report

DETAILS = """
A dataset whose files and rules did not change is not read again. Without a SPEC, all specs of the
project are looked at.

`--changed` narrows it to what a commit touches: a changed data file to the datasets that read it, a
changed example file to the examples of its rule, a changed spec to all of that. Without a FILE, git
tells what is staged, deletions included, or what differs between the two refs that pre-commit and
prek name; where nothing is staged, everything is looked at.

examples:
  ftdsl validate specs/support.ftspec
  ftdsl validate specs/                                  every spec below a folder
  ftdsl validate -q --changed --max-seconds 20           in a commit hook
  ftdsl validate --changed data/support/part-1.jsonl     what one file touches
  ftdsl validate specs/support.ftspec --output github --output junit=report.xml
  ftdsl validate specs/support.ftspec --engine ray     on all cores by Ray; --ray-address: elsewhere
  ftdsl validate specs/support.ftspec --index redis://127.0.0.1:6379   the rows of earlier runs
  ftdsl validate specs/support.ftspec --diff             what safe fixes would change
  ftdsl validate specs/support.ftspec --fix --out fixed  fixed copies, and fixed/fixes.diff
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``validate``."""
    parser.add_argument(
        "specs", nargs="*", metavar="SPEC", help="a spec, or a folder of specs (default: all)"
    )
    parser.add_argument(
        "--changed",
        nargs="*",
        metavar="FILE",
        help="only what these files touch; without a FILE, what git says has changed",
    )
    parser.add_argument(
        "--max-seconds",
        type=_seconds,
        metavar="N",
        help="the cheapest datasets that fit into N seconds; the others are put off, by name",
    )
    parser.add_argument(
        "--fail-on-skip", action="store_true", help="exit 3 where --max-seconds put anything off"
    )
    parser.add_argument(
        "--allow-empty",
        action="store_true",
        help="a pattern that matches no file, and a dataset without rows, are fine",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="STEP",
        help="only this step, kind or block, and what it needs; repeatable",
    )
    parser.add_argument(
        "--statistics", action="store_true", help="count the findings of each rule, and show no row"
    )
    add_set_option(parser)
    add_fix_options(parser)
    add_run_options(parser)


def run(arguments: Namespace) -> int:
    """Look at the data of every spec and print what was found, once."""
    if _wants_fixes(arguments):
        from ftdsl.cli.mending import mended_report

        return mended_report(arguments)
    if arguments.fail_on_skip and arguments.max_seconds is None:
        raise UsageError("FT251", "--fail-on-skip says nothing without --max-seconds")
    if arguments.only and (arguments.changed is not None or arguments.max_seconds is not None):
        raise UsageError("FT251", "--only cannot stand beside --changed or --max-seconds")
    paths = chosen_specs(arguments)
    if may_reply(arguments):
        code = reply(paths, arguments)
        if code is not None:
            return code
    found = selected(paths, arguments)
    notes = _notes(found, len(paths), str(paths[0]))
    if not found.targets:
        return publish(Report("validate", "pass", notes=notes), arguments)
    from ftdsl.cli.validation import validated

    return validated(paths, found.targets, notes, arguments)


def _wants_fixes(arguments: Namespace) -> bool:
    """Whether fixes are asked for. UsageError (FT375) for options that do not go together."""
    if arguments.fix and not arguments.out:
        raise UsageError("FT375", "`--fix` needs a folder for the fixed copies", "add `--out DIR`")
    if arguments.fix and arguments.diff:
        raise UsageError("FT375", "`--fix` writes and `--diff` does not", "leave one of them out")
    if arguments.unsafe_fixes and not (arguments.fix or arguments.diff):
        raise UsageError("FT375", "`--unsafe-fixes` fixes nothing by itself", "add `--fix`")
    wanted = bool(arguments.fix or arguments.diff)
    if wanted and (arguments.changed is not None or arguments.max_seconds is not None):
        raise UsageError("FT375", "fixes do not go with --changed or --max-seconds")
    return wanted


def _notes(found: Selection, specs: int, only: str) -> tuple[str, ...]:
    """What was named and touches nothing. One spec is named, of many there is no use in a list."""
    of = only if specs == 1 else f"any of {specs} specs"
    return tuple(f"{name} is no source of {of} (FT266)" for name in found.unread)


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"`{word}` is not a number of seconds")
    return seconds
