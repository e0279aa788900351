"""``ftdsl plan``: what would run, why, and what it would cost. Runs nothing, calls nobody."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from ftdsl.cli.options import add_run_options, add_set_option
from ftdsl.cli.session import answered, planned, ran
from ftdsl.cli.usage import UsageError
from ftdsl.plan.model import Plan
from ftdsl.reports.report import Report

DETAILS = """
A saved plan is for review: `ftdsl apply` runs it only while nothing that it was made from moved.
What a training takes is estimated from the size of its files, until its preflight has looked at
all rows: `--exact` makes it do so first, which reads data, trains nothing and asks nobody.

examples:
  ftdsl plan specs/support.ftspec
  ftdsl plan specs/support.ftspec --exact          rows, tokens, steps, time, money
  ftdsl plan specs/support.ftspec -o plan.json
  ftdsl plan specs/support.ftspec --only train.support_lora --output json
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``plan``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("-o", dest="save", metavar="PLAN", help="write the plan to this file")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="STEP",
        help="only this step, kind or block, and what it needs; repeatable",
    )
    parser.add_argument(
        "--exact",
        action="store_true",
        help="first check the data and make the trainings' preflights, so that figures are exact",
    )
    add_set_option(parser)
    add_run_options(parser)


def run(arguments: Namespace) -> int:
    """Print the plan, and save it where asked to."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    made = planned(arguments.spec, arguments, tuple(arguments.only))
    if arguments.exact and (ids := _preflights(made.plan)):
        found = ran(planned(arguments.spec, arguments, ids), arguments)
        if found.result.verdict != "pass":
            return found.report
        made = planned(arguments.spec, arguments, tuple(arguments.only))
    if arguments.save is None:
        return made.report
    if arguments.set:
        raise UsageError(
            "FT260",
            "a plan with --set cannot be saved: `apply` reads the spec as it is written",
            "change the spec, or use `ftdsl run --set`",
        )
    _save(made.plan.model_dump_json(indent=1), Path(arguments.save))
    return replace(made.report, notes=(f"plan: {arguments.save}",))


def _preflights(plan: Plan) -> tuple[str, ...]:
    """The preflights of the trainings that would run."""
    stale = [one.step.name for one in plan.stale if one.step.kind == "train"]
    return tuple(f"preflight.{name}" for name in stale)


def _save(text: str, path: Path) -> None:
    from ftdsl.cli.output import write

    write(path, text + "\n")
