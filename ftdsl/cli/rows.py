"""``ftdsl rows``: every row that breaks a rule, with the values that broke it; every row that a
dedup removes, with the row kept in its place."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from ftdsl.api import RunView
from ftdsl.cli.options import add_run_options, add_set_option
from ftdsl.cli.session import answered, planned, ran
from ftdsl.cli.usage import UsageError, nearest
from ftdsl.reports.report import Report
from ftdsl.results.artifacts import REMOVED_ROWS, removed_rows
from ftdsl.results.models import CheckOutput, DedupOutput, Finding

DETAILS = """
Reads the data again only where it, or a rule, changed since. The exit code is 0 when the question
could be answered, whatever the rows are.

examples:
  ftdsl rows specs/support.ftspec spelled
  ftdsl rows specs/support.ftspec support.spelled --output concise
  ftdsl rows specs/support.ftspec spelled --output json | jq -r '.findings[].row_id'
  ftdsl rows specs/support.ftspec removed
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``rows``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument(
        "rule",
        metavar="RULE",
        help="a rule's name, or DATASET.RULE; `removed` for what dedup removes",
    )
    add_set_option(parser)
    add_run_options(parser)


def run(arguments: Namespace) -> int:
    """Print every finding of the rule."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    is_removed = arguments.rule.rpartition(".")[2] == REMOVED_ROWS
    view = ran(planned(arguments.spec, arguments, ("dedup" if is_removed else "check",)), arguments)
    if any(step.output is None for step in view.result.steps):
        return view.report
    names = _rules(view)
    wanted = [name for name in names if arguments.rule in (name, name.partition(".")[2])]
    if not wanted:
        words = [*names, *(name.partition(".")[2] for name in names)]
        near = nearest(arguments.rule, words)
        help_line = f"did you mean `{near}`?" if near else f"the rules are {', '.join(names)}"
        raise UsageError("FT258", f"there is no rule `{arguments.rule}`", help_line)

    def chosen() -> Iterator[Finding]:
        every = view.report.all_findings
        if is_removed:
            every = partial(removed_rows, view.result, view.out)
        for finding in every() if every is not None else ():
            if f"{finding.dataset}.{finding.rule}" in wanted:
                yield finding

    outputs = view.result.model_copy(update={"verdict": "pass", "exit_code": 0})
    return replace(
        view.report, verdict="pass", run=outputs, all_findings=chosen, only_findings=True
    )


def _rules(view: RunView) -> list[str]:
    """``DATASET.RULE`` of every rule that ran."""
    outputs = [step.output for step in view.result.steps]
    removed = [f"{one.name}.{REMOVED_ROWS}" for one in outputs if isinstance(one, DedupOutput)]
    return removed + [
        f"{output.name}.{outcome.rule}"
        for output in outputs
        if isinstance(output, CheckOutput)
        for outcome in output.outcomes
    ]
