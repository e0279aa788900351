"""The data of several specs looked at, whole or within a time, as one report."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ftdsl.api import (
    AnalysisView,
    PlanView,
    RefusedError,
    RunView,
    SpecError,
    data_selectors,
    plan,
)
from ftdsl.cli.changed import Target
from ftdsl.cli.check_cache import file_of
from ftdsl.cli.merging import merged
from ftdsl.cli.output import publish, text_of
from ftdsl.cli.replies import Grounds, keep, matched, may_reply, sizes_of, stamp
from ftdsl.cli.session import analysed, out_folder, policy_of, ran
from ftdsl.language.reads import reads_of
from ftdsl.plan.baseline import baseline_path
from ftdsl.plan.lock import lock_path
from ftdsl.reports.report import Report

_FILE = "file "
_GLOB = frozenset("*?[")
DATA_KINDS = ("dataset", "check", "dedup", "coverage")


def validated(
    paths: Sequence[Path], targets: Sequence[Target], notes: tuple[str, ...], arguments: Namespace
) -> int:
    """Publish what was found, and return the exit code."""
    runs: list[tuple[PlanView, RunView]] = []
    reports = list(_reports(targets, arguments, runs))
    code = publish(_told(reports, notes, arguments), arguments)
    if may_reply(arguments) and len(runs) == len(reports) and all(map(_is_done, runs)):
        again = _told([_unchanged(view).report for _, view in runs], notes, arguments)
        keep(paths, arguments, _grounds(runs), text_of(again, arguments), code)
    return code


def _told(reports: list[Report], notes: tuple[str, ...], arguments: Namespace) -> Report:
    report = merged(reports)
    return replace(report, notes=(*notes, *report.notes), statistics=arguments.statistics)


def _is_done(run: tuple[PlanView, RunView]) -> bool:
    """Whether a run made now would have nothing to do."""
    result = run[1].result
    return not result.diagnostics and all(one.status in ("fresh", "done") for one in result.steps)


def _unchanged(view: RunView) -> RunView:
    """The run as it would be told if it were made again."""
    again = {"status": "fresh", "reasons": (), "seconds": 0.0}
    steps = tuple(one.model_copy(update=again) for one in view.result.steps)
    result = view.result.model_copy(update={"steps": steps, "seconds": 0.0})
    return replace(view, result=result)


def _grounds(runs: Sequence[tuple[PlanView, RunView]]) -> Grounds:
    """What the answer of runs that had nothing to do stands on."""
    found = Grounds()
    for planned_, view in runs:
        seen, out = planned_.analysis, view.out
        root = seen.root
        names = [file.path for file in planned_.plan.files]
        names += [lock_path(seen.path), baseline_path(seen.path)]
        for step in planned_.plan.steps:
            files = [name for name in step.inputs if name.startswith(_FILE)]
            names += [name.removeprefix(_FILE) for name in files]
        for read in reads_of(seen.program) if seen.program is not None else ():
            if _GLOB.isdisjoint(read.pattern):
                names.append(read.pattern)
            else:
                found.patterns.append((str(root), read.pattern, matched(str(root), read.pattern)))
        of_spec = [file_of(name, root) for name in seen.sources]
        for path in (*of_spec, *(root / name for name in names)):
            found.files[str(path)] = stamp(str(path))
        made = [out / "runs" / view.result.run_id / "run.json"]
        for record in view.result.steps:
            made += [one for one in (out / record.artifacts).rglob("*") if one.is_file()]
        found.made.update(sizes_of(made))
        found.runs[str(out)] = view.result.run_id
    return found


def _reports(
    targets: Sequence[Target], arguments: Namespace, runs: list[tuple[PlanView, RunView]]
) -> Iterator[Report]:
    examined: list[tuple[Target, AnalysisView]] = []
    for target in targets:
        try:
            seen = analysed(str(target.path), arguments)
            if not seen.ok:
                raise SpecError(seen)
            if target.examples:
                yield from _examples(seen)
        except SpecError as error:
            yield replace(error.analysis.report, command="validate", verdict="error")
            continue
        examined.append((target, seen))
    if arguments.max_seconds is not None:
        from ftdsl.cli.time_limit import within

        yield from within(examined, arguments)
        return
    for target, seen in examined:
        yield from _data(target, seen, arguments, runs)


def _examples(seen: AnalysisView) -> Iterator[Report]:
    """Only what is wrong with them: in a hook, right examples are no news."""
    from ftdsl.cli.test import examples_report

    report = examples_report([seen])
    if report.verdict != "pass":
        yield replace(report, command="validate", notes=())


def _data(
    target: Target,
    seen: AnalysisView,
    arguments: Namespace,
    runs: list[tuple[PlanView, RunView]],
) -> Iterator[Report]:
    chosen = tuple(arguments.only) or selectors(seen, target.datasets)
    if not chosen:
        return
    try:
        made = planned(seen, chosen, arguments)
        view = ran(made, arguments)
    except RefusedError as error:
        yield replace(error.report, command="validate")
        return
    runs.append((made, view))
    yield view.report


def selectors(seen: AnalysisView, datasets: tuple[str, ...] | None) -> tuple[str, ...]:
    """What to run for some datasets of a spec, or for all."""
    program = seen.program
    if program is None:
        return ()
    if datasets is None:
        return data_selectors(program)
    there = {
        "dataset": {each.name for each in program.datasets},
        "check": {each.name for each in program.datasets},
        "dedup": {each.dataset for each in program.dedups},
        "coverage": {each.dataset for each in program.coverages},
    }
    return tuple(
        f"{kind}.{name}" for name in datasets for kind in DATA_KINDS if name in there[kind]
    )


def planned(seen: AnalysisView, only: tuple[str, ...], arguments: Namespace) -> PlanView:
    """A plan for some steps of a spec. RefusedError where none can be made."""
    out = out_folder(arguments, seen.root)
    return plan(seen, out=out, only=only, policy=policy_of(arguments))
