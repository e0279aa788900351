"""The data of several specs looked at, whole or within a time, as one report."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ftdsl.api import AnalysisView, PlanView, RefusedError, SpecError, data_selectors, plan
from ftdsl.cli.changed import Target
from ftdsl.cli.merging import merged
from ftdsl.cli.output import publish
from ftdsl.cli.session import analysed, out_folder, policy_of, ran
from ftdsl.reports.report import Report

DATA_KINDS = ("dataset", "check", "dedup", "coverage")


def validated(targets: Sequence[Target], notes: tuple[str, ...], arguments: Namespace) -> int:
    """Publish what was found, and return the exit code."""
    reports = list(_reports(targets, arguments))
    report = merged(reports)
    told = replace(report, notes=(*notes, *report.notes), statistics=arguments.statistics)
    return publish(told, arguments)


def _reports(targets: Sequence[Target], arguments: Namespace) -> Iterator[Report]:
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
        yield from _data(target, seen, arguments)


def _examples(seen: AnalysisView) -> Iterator[Report]:
    """Only what is wrong with them: in a hook, right examples are no news."""
    from ftdsl.cli.test import examples_report

    report = examples_report([seen])
    if report.verdict != "pass":
        yield replace(report, command="validate", notes=())


def _data(target: Target, seen: AnalysisView, arguments: Namespace) -> Iterator[Report]:
    chosen = tuple(arguments.only) or selectors(seen, target.datasets)
    if not chosen:
        return
    try:
        view = ran(planned(seen, chosen, arguments), arguments)
    except RefusedError as error:
        yield replace(error.report, command="validate")
        return
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
