"""``ftdsl lock``: records what was accepted, in ``ftspec.lock`` beside the spec."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace

from ftdsl import __version__
from ftdsl.api import PlanView, RefusedError, refusal
from ftdsl.cli.options import add_run_options, add_set_option
from ftdsl.cli.session import answered, planned
from ftdsl.cli.usage import UsageError
from ftdsl.engine.context import Refused
from ftdsl.engine.store import Store
from ftdsl.plan import lock
from ftdsl.reports.report import Report
from ftdsl.results.run import RunResult, StepRun, verdict_of

DETAILS = """
The lock holds digests and counts of the data, the models' settings and files, what a training run
was made from, and the scores that a gate accepted. `locked.…` and `baseline.…` read it. Only
results that still hold go into it, so run the spec first. Commit it with the spec.

examples:
  ftdsl lock specs/support.ftspec
  ftdsl lock specs/support.ftspec --check      exit 1 if it would change
  ftdsl lock specs/support.ftspec --baseline   adopt rules on data that breaks them
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``lock``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 for a change")
    parser.add_argument(
        "--baseline",
        action="store_true",
        help="write the rows that break rules now to NAME.baseline.toml: only new ones count then",
    )
    parser.add_argument(
        "--accept-new",
        action="store_true",
        help="with --baseline: know the rows as well that broke a rule since",
    )
    add_set_option(parser)
    add_run_options(parser)


def run(arguments: Namespace) -> int:
    """Write the lock, or say whether it would change."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    if arguments.baseline:
        from ftdsl.cli.baseline import baseline_report

        return baseline_report(arguments)
    if arguments.accept_new:
        raise UsageError("FT251", "--accept-new says nothing without --baseline")
    made = planned(arguments.spec, arguments)
    spec, root = made.plan.spec, made.analysis.root
    results = _held(made)
    if not any(step.output is not None for step in results.steps):
        raise UsageError(
            "FT257", f"{spec} has no result that still holds", f"run it: `ftdsl run {spec}`"
        )
    try:
        before = lock.read(root, spec)
    except Refused as refused:
        raise RefusedError(refusal("lock", refused, made.analysis)) from refused
    after = lock.update(before, made.plan, results)
    path = lock.lock_path(spec)
    if after == before:
        return _told(made, f"{path} is up to date")
    if arguments.check:
        return replace(_told(made, f"{path} would change"), verdict="fail")
    try:
        lock.write(root, spec, after)
    except OSError as error:
        raise UsageError("FT253", f"cannot write {path}: {error.strerror or error}") from error
    return _told(made, f"{path} written")


def _told(made: PlanView, note: str) -> Report:
    return replace(made.analysis.report, verdict="pass", notes=(note,))


def _held(made: PlanView) -> RunResult:
    """The results of all steps that are fresh, as if a run had just found them so."""
    store = Store(made.out)
    steps = []
    for planned_step in made.plan.steps:
        stored = store.read(planned_step.id, planned_step.key)
        if planned_step.state == "fresh" and stored is not None:
            steps.append(
                StepRun(
                    id=planned_step.id,
                    kind=planned_step.step.kind,
                    name=planned_step.step.name,
                    key=planned_step.key,
                    status="fresh",
                    output=stored.output,
                )
            )
    return RunResult(
        version=__version__,
        run_id="",
        spec=made.plan.spec,
        steps=tuple(steps),
        verdict=verdict_of(steps),
        exit_code=0,
    )
