"""Several reports of one command as one: all findings, and the worst verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from ftdsl import __version__
from ftdsl.reports.report import Report
from ftdsl.results.exits import exit_code
from ftdsl.results.models import Finding, Verdict
from ftdsl.results.run import RunResult, StepRun

_WORST: tuple[Verdict, ...] = ("stopped", "error", "refused", "fail", "inconclusive", "pass")


def merged(reports: Sequence[Report]) -> Report:
    """One report. Where they are of several specs, names of datasets begin with their spec's. Of
    none, one that says so."""
    if not reports:
        return Report("validate", "pass", notes=("no data step reads what changed",))
    if len(reports) == 1:
        return reports[0]
    specs = list(dict.fromkeys(report.spec for report in reports))
    prefixes = _prefixes(specs)
    verdict = worst(report.verdict for report in reports)
    runs = [(prefixes[report.spec], report) for report in reports if report.run is not None]
    return Report(
        "validate",
        verdict,
        spec=specs[0] if len(specs) == 1 else "",
        files=tuple(dict.fromkeys(name for report in reports for name in report.files)),
        diagnostics=tuple(dict.fromkeys(d for report in reports for d in report.diagnostics)),
        sources={name: one for report in reports for name, one in report.sources.items()},
        notes=tuple(note for report in reports for note in report.notes),
        run=_run(runs, verdict) if runs else None,
        all_findings=partial(_findings, runs),
        rule_places={
            (f"{prefix}{dataset}", rule): span
            for prefix, report in runs
            for (dataset, rule), span in report.rule_places.items()
        },
    )


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; ``pass`` for none."""
    found = set(verdicts)
    return next((verdict for verdict in _WORST if verdict in found), "pass")


def _prefixes(specs: Sequence[str]) -> dict[str, str]:
    """``support.`` for ``specs/support.ftspec``; the whole path where two specs share a name."""
    if len(specs) <= 1:
        return dict.fromkeys(specs, "")
    stems = [Path(spec).stem for spec in specs]
    unique = len(set(stems)) == len(stems)
    return {
        spec: f"{stem if unique else spec.removesuffix('.ftspec')}."
        for spec, stem in zip(specs, stems, strict=True)
    }


def _run(runs: Sequence[tuple[str, Report]], verdict: Verdict) -> RunResult:
    steps: dict[str, StepRun] = {}
    every = [(prefix, report.run) for prefix, report in runs if report.run is not None]
    for prefix, run in every:
        for step in run.steps:
            renamed = _renamed(step, prefix)
            steps.setdefault(renamed.id, renamed)
    signal = next((run.signal for _, run in every if run.signal is not None), None)
    specs = {run.spec for _, run in every}
    return RunResult(
        version=__version__,
        run_id=every[-1][1].run_id,
        spec=specs.pop() if len(specs) == 1 else "",
        steps=tuple(steps.values()),
        diagnostics=tuple(one for _, run in every for one in run.diagnostics),
        verdict=verdict,
        exit_code=exit_code(verdict, signal),
        signal=signal,
        seconds=sum(run.seconds for _, run in every),
    )


def _renamed(step: StepRun, prefix: str) -> StepRun:
    if not prefix:
        return step
    output = step.output
    if output is not None:
        output = output.model_copy(update={"name": f"{prefix}{output.name}"})
        found = getattr(output, "findings", None)
        if found is not None:
            named = tuple(_named(each, prefix) for each in found)
            output = output.model_copy(update={"findings": named})
    folder = prefix.removesuffix(".")
    known = {"id": f"{folder}/{step.id}", "name": f"{prefix}{step.name}", "output": output}
    return step.model_copy(update=known)


def _findings(runs: Sequence[tuple[str, Report]]) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for prefix, report in runs:
        every: Callable[[], Iterable[Finding]] | None = report.all_findings
        mine = set()
        for finding in every() if every is not None else ():
            key = (report.spec, finding.dataset)
            mine.add(key)
            if key not in seen:
                yield _named(finding, prefix)
        seen |= mine


def _named(finding: Finding, prefix: str) -> Finding:
    if not prefix:
        return finding
    return finding.model_copy(update={"dataset": f"{prefix}{finding.dataset}"})
