"""``ftdsl lock``: records what was accepted, in ``ftspec.lock`` beside the spec."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ftdsl import __version__
from ftdsl.api import PlanView, RefusedError, refusal
from ftdsl.cli.options import add_run_options, add_set_option
from ftdsl.cli.run_names import run_named
from ftdsl.cli.session import answered, planned
from ftdsl.cli.usage import UsageError
from ftdsl.engine.context import Refused
from ftdsl.engine.recording import cases_part
from ftdsl.engine.store import Store
from ftdsl.plan import lock
from ftdsl.plan.lock_model import Lock
from ftdsl.plan.lock_text import render
from ftdsl.reports.report import Report
from ftdsl.results.artifacts import CASES
from ftdsl.results.models import EvalOutput
from ftdsl.results.run import RunResult, StepRun, verdict_of

DETAILS = """
The lock holds digests and counts of the data, the models' settings and files, what a training run
was made from, and the scores that a gate accepted. `locked.…` and `baseline.…` read it. Only
results that still hold go into it, so run the spec first. Commit it with the spec.

examples:
  ftdsl lock specs/support.ftspec
  ftdsl lock specs/support.ftspec --check      exit 1 if it would change
  ftdsl lock specs/support.ftspec --baseline   adopt rules on data that breaks them
  ftdsl lock specs/support.ftspec --run 20261230 --diff   choose that run's scores as baseline
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``lock``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 for a change")
    parser.add_argument(
        "--run",
        metavar="RUN",
        help="take the scores of this run as the gates' baselines, and leave all else as it is",
    )
    parser.add_argument(
        "--diff", action="store_true", help="write nothing; show what would change in the lock"
    )
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
    try:
        before = lock.read(root, spec)
    except Refused as refused:
        raise RefusedError(refusal("lock", refused, made.analysis)) from refused
    kept = lock.KeptCases(_cases_of(made, arguments))
    after = (
        _chosen(before, made, arguments, kept) if arguments.run else _updated(before, made, kept)
    )
    path = lock.lock_path(spec)
    if arguments.diff:
        return _told(made, _difference(before, after, path) or f"{path} is up to date")
    if after == before and not kept.files.missing(root, spec, after):
        return _told(made, f"{path} is up to date")
    if arguments.check:
        return replace(_told(made, f"{path} would change"), verdict="fail")
    try:
        kept.files.write(root, spec, after)
        lock.write(root, spec, after)
    except OSError as error:
        raise UsageError("FT253", f"cannot write {path}: {error.strerror or error}") from error
    return _told(made, f"{path} written")


def _updated(before: Lock, made: PlanView, kept: lock.KeptCases) -> Lock:
    """The lock with what still holds."""
    results = _held(made)
    if not any(step.output is not None for step in results.steps):
        spec = made.plan.spec
        raise UsageError(
            "FT257", f"{spec} has no result that still holds", f"run it: `ftdsl run {spec}`"
        )
    return lock.update(before, made.plan, results, kept)


def _chosen(before: Lock, made: PlanView, arguments: Namespace, kept: lock.KeptCases) -> Lock:
    """The lock with the scores of the run that somebody chose."""
    side = run_named(made.out, arguments.run)
    spec = made.plan.spec
    if side.run.spec != spec:
        raise UsageError("FT257", f"the run {side.run.run_id} is one of {side.run.spec}")
    record = side.record
    address = record.address if record is not None else ""
    after = lock.adopt(before, made.plan, side.run, address, kept)
    if after == before:
        gates = [one for one in made.plan.steps if one.step.kind == "gate"]
        if not gates:
            raise UsageError("FT257", f"{spec} has no gate, and so no baseline")
    return after


def _cases_of(made: PlanView, arguments: Namespace) -> Callable[[StepRun], Path | None]:
    """Where the cases of an eval lie: with the results, or in the folder of the chosen run."""
    store = Store(made.out)
    folder = run_named(made.out, arguments.run).folder if arguments.run else None

    def found(record: StepRun) -> Path | None:
        assert isinstance(record.output, EvalOutput), "only evals have cases"
        own = store.folder(record.id, record.key) / CASES
        files = (own,) if folder is None else (folder / cases_part(record.output), own)
        return next((one for one in files if one.is_file()), None)

    return found


def _difference(before: Lock, after: Lock, path: str) -> str:
    from difflib import unified_diff

    old, new = (render(one).splitlines() for one in (before, after))
    return "\n".join(unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm=""))


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
