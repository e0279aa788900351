"""``ftdsl validate``: data rules, dedup and coverage. Reads data; no network, no training."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ftdsl import __version__
from ftdsl.api import AnalysisView, PlanView, SpecError, data_selectors
from ftdsl.cli.options import add_run_options, add_set_option
from ftdsl.cli.session import analysed, answered, out_folder, policy_of, ran
from ftdsl.cli.specs import spec_paths
from ftdsl.reports.report import Report
from ftdsl.results.exits import exit_code
from ftdsl.results.run import RunResult, StepRun, verdict_of

DETAILS = """
A dataset whose files and rules did not change is not read again.

examples:
  ftdsl validate specs/support.ftspec
  ftdsl validate specs/                                  every spec below a folder
  ftdsl validate specs/support.ftspec -q --changed FILE…   in a commit hook
  ftdsl validate specs/support.ftspec --output github
"""

_DATA = ("dataset", "check", "dedup", "coverage")


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``validate``."""
    parser.add_argument("specs", nargs="+", metavar="SPEC", help="a spec, or a folder of specs")
    parser.add_argument(
        "--changed",
        nargs="*",
        metavar="FILE",
        help="only datasets that read one of these files; all of a spec that is among them",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="STEP",
        help="only this step, kind or block, and what it needs; repeatable",
    )
    add_set_option(parser)
    add_run_options(parser)


def run(arguments: Namespace) -> int:
    """Look at the data of every spec and print what was found, once."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    reports = [_one(path, arguments) for path in spec_paths(arguments.specs)]
    return reports[0] if len(reports) == 1 else _merged(reports)


def _one(path: Path, arguments: Namespace) -> Report:
    try:
        seen = analysed(str(path), arguments)
        made = _planned(seen, arguments)
    except SpecError as error:
        return replace(error.analysis.report, verdict="error")
    notes: tuple[str, ...] = ()
    if arguments.changed is not None:
        touched, unknown = _touched(made, arguments.changed)
        notes = tuple(f"{name} is no source of {made.plan.spec} (FT266)" for name in unknown)
        if not touched:
            return Report("validate", "pass", spec=seen.path, files=(seen.path,), notes=notes)
        made = _planned(seen, arguments, touched)
    view = ran(made, arguments)
    return replace(view.report, notes=notes)


def _planned(seen: AnalysisView, arguments: Namespace, only: Sequence[str] = ()) -> PlanView:
    from ftdsl.api import plan

    if not seen.ok or seen.program is None:
        raise SpecError(seen)
    chosen = tuple(only) or tuple(arguments.only) or data_selectors(seen.program)
    out = out_folder(arguments, seen.root)
    return plan(seen, out=out, only=chosen, policy=policy_of(arguments))


def _touched(made: PlanView, changed: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Selectors of the steps that read a changed file, and the files that nothing reads."""
    root = made.analysis.root
    names = {word: _below(Path(word), root) for word in changed}
    of_spec = {file.path for file in made.plan.files}
    data_steps = [planned for planned in made.plan.steps if planned.step.kind in _DATA]
    reads = {
        planned.id: {name.removeprefix("file ") for name in planned.inputs}
        for planned in data_steps
    }
    known = of_spec.union(*reads.values()) if reads else of_spec
    unknown = tuple(word for word, name in names.items() if name not in known)
    wanted = {name for name in names.values() if name is not None}
    if wanted & of_spec:
        return tuple(reads), unknown
    named = {each.step.name for each in data_steps if wanted & reads[each.id]}
    return tuple(each.id for each in data_steps if each.step.name in named), unknown


def _below(path: Path, root: Path) -> str | None:
    full = path.resolve()
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else None


def _merged(reports: Sequence[Report]) -> Report:
    """One report over several specs: names of datasets begin with their spec's."""
    runs = [(report, report.run) for report in reports if report.run is not None]
    steps = tuple(_renamed(step, report.spec) for report, run in runs for step in run.steps)
    failed = any(report.verdict == "error" for report in reports)
    verdict = verdict_of(steps, refused=failed)
    signal = next((run.signal for _, run in runs if run.signal is not None), None)
    merged = RunResult(
        version=__version__,
        run_id=runs[-1][1].run_id if runs else "",
        spec="",
        steps=steps,
        diagnostics=tuple(d for _, run in runs for d in run.diagnostics),
        verdict=verdict,
        exit_code=exit_code(verdict, signal),
        signal=signal,
        seconds=sum(run.seconds for _, run in runs),
    )
    return Report(
        "validate",
        verdict,
        files=tuple(dict.fromkeys(name for report in reports for name in report.files)),
        diagnostics=tuple(dict.fromkeys(d for report in reports for d in report.diagnostics)),
        sources={k: v for report in reports for k, v in report.sources.items()},
        notes=tuple(note for report in reports for note in report.notes),
        run=merged,
    )


def _renamed(step: StepRun, spec: str) -> StepRun:
    prefix = Path(spec).stem
    output = step.output
    if output is not None:
        output = output.model_copy(update={"name": f"{prefix}.{output.name}"})
    return step.model_copy(
        update={"id": f"{prefix}/{step.id}", "name": f"{prefix}.{step.name}", "output": output}
    )
