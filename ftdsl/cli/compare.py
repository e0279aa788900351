"""``ftdsl compare``: two finished runs, case by case. Reads results only."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from ftdsl.cli.comparing import Sides, comparison, verdict_of
from ftdsl.cli.options import add_out_option
from ftdsl.cli.output import publish
from ftdsl.cli.run_names import run_named
from ftdsl.cli.session import out_folder
from ftdsl.cli.usage import UsageError
from ftdsl.language.project import find_root
from ftdsl.reports.report import Report

DETAILS = """
Cases and rows are paired by what they are, whatever their order. A run may also be the folder of
one that was kept elsewhere, as CI artifacts or in git. The exit code is 1 when a score is shown to
be worse (by more than `--margin`, where it is given), 5 when a margin stays undecided, else 0.

examples:
  ftdsl compare 20261230 latest
  ftdsl compare 20261230 latest --margin 1pp --output markdown=change.md
  ftdsl compare latest latest --from base --to tuned      two models of one run
  ftdsl compare artifacts/20261230T101500-1a2b3c4d latest   a run of another machine
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``compare``."""
    parser.add_argument("before", metavar="RUN", help="the earlier run's id or its beginning")
    parser.add_argument("after", metavar="RUN", help="the later run's; `latest` for the last")
    parser.add_argument("--margin", metavar="PP", help="how much worse a score may be: `1pp`")
    parser.add_argument("--from", dest="before_model", metavar="MODEL", help="of the earlier run")
    parser.add_argument("--to", dest="after_model", metavar="MODEL", help="of the later run")
    add_out_option(parser)


def run(arguments: Namespace) -> int:
    """Print what differs."""
    root = Path(arguments.root).resolve() if arguments.root else find_root(Path.cwd() / "any")
    out = out_folder(arguments, root)
    before = replace(run_named(out, arguments.before), model=arguments.before_model)
    after = replace(run_named(out, arguments.after), model=arguments.after_model)
    found = comparison(Sides(before, after), _margin(arguments.margin))
    if not found.evals:
        raise UsageError(
            "FT553",
            "the two runs have no eval in common",
            "name the models with `--from` and `--to`, or run the same evals",
        )
    verdict = verdict_of(found)
    report = Report("compare", verdict, spec=after.run.spec, comparison=found)
    return publish(report, arguments)


def _margin(word: str | None) -> float | None:
    if word is None:
        return None
    number = word.removesuffix("pp")
    try:
        points = float(number)
    except ValueError:
        points = -1.0
    if number == word or not 0 <= points <= 100:
        raise UsageError("FT252", f"`{word}` is no margin", "write points, as in `--margin 1pp`")
    return points / 100
