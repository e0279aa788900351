"""The public functions and what they return: typed results with the reports that print them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity
from ftdsl.engine.apply import apply_plan, read_plan
from ftdsl.engine.context import Policy, Refused
from ftdsl.engine.run import run_plan
from ftdsl.language.analyze import Analysis
from ftdsl.language.analyze import analyze as analyze_file
from ftdsl.language.program import Program
from ftdsl.language.project import find_root, real_path
from ftdsl.plan.model import Plan
from ftdsl.plan.planner import build_plan
from ftdsl.reports.report import Report
from ftdsl.reports.rule_places import rule_places
from ftdsl.reports.style import Style
from ftdsl.results.artifacts import all_findings, cases
from ftdsl.results.models import DedupOutput, EvalOutput, Verdict
from ftdsl.results.run import RunResult
from ftdsl.results.tables import Table

if TYPE_CHECKING:
    from ftdsl.engine.console import Console
    from ftdsl.language.source import Source

OUT = ".ftdsl"
_DATA_KINDS = ("dataset", "check", "dedup", "coverage")


class SpecError(Exception):
    """The spec has errors, so the question cannot be answered. ``analysis`` holds them."""

    def __init__(self, analysis: AnalysisView) -> None:
        super().__init__(str(analysis))
        self.analysis = analysis


class RefusedError(Exception):
    """A plan cannot be made or read. ``report`` says why."""

    def __init__(self, report: Report) -> None:
        super().__init__(_as_text(report))
        self.report = report


class _View:
    """What all results can do: show themselves as text and in a notebook."""

    @property
    def report(self) -> Report:
        raise AttributeError("report")

    def __str__(self) -> str:
        return _as_text(self.report)

    def _repr_html_(self) -> str:
        from ftdsl.reports.html import fragment

        return fragment(self.report)


@dataclass(frozen=True, repr=False)
class AnalysisView(_View):
    """A checked spec. ``program`` is None where it has errors; ``path`` is root-relative."""

    path: str
    root: Path
    program: Program | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, Source]

    @property
    def ok(self) -> bool:
        """Whether nothing is an error (warnings may be there)."""
        return not any(one.severity is Severity.ERROR for one in self.diagnostics)

    @property
    def report(self) -> Report:
        return Report(
            "check",
            "pass" if self.ok else "fail",
            spec=self.path,
            files=(self.path,),
            diagnostics=self.diagnostics,
            sources=self.sources,
        )


@dataclass(frozen=True, repr=False)
class PlanView(_View):
    """A plan together with what it was made from; ``apply`` takes it."""

    plan: Plan
    analysis: AnalysisView
    out: Path
    policy: Policy

    @property
    def report(self) -> Report:
        return replace(self.analysis.report, command="plan", verdict="pass", plan=self.plan)


@dataclass(frozen=True, repr=False)
class RunView(_View):
    """A run. ``result`` holds every step's typed output."""

    result: RunResult
    out: Path
    command: str = "run"
    root: Path | None = None
    analysis: AnalysisView | None = None

    @property
    def ok(self) -> bool:
        """Whether the verdict is ``pass``."""
        return self.result.verdict == "pass"

    @property
    def report(self) -> Report:
        before = self.analysis.report if self.analysis is not None else None
        program = self.analysis.program if self.analysis is not None else None
        return Report(
            self.command,
            self.result.verdict,
            spec=self.result.spec,
            files=(self.result.spec,),
            diagnostics=before.diagnostics if before is not None else (),
            sources=before.sources if before is not None else {},
            run=self.result,
            out=self.out,
            all_findings=partial(all_findings, self.result, self.out),
            rule_places=rule_places(program) if program is not None else {},
        )

    @property
    def findings(self) -> Table:
        """Every finding, one a row."""
        found = all_findings(self.result, self.out)
        return Table([each.model_dump(mode="json") for each in found])

    @property
    def removed(self) -> Table:
        """Every row that dedup removed with the row that it duplicates."""
        outputs = [step.output for step in self.result.steps]
        pairs = [
            {"dataset": output.name, **pair.model_dump(mode="json")}
            for output in outputs
            if isinstance(output, DedupOutput)
            for pair in output.removed
        ]
        return Table(pairs)

    def cases(self, eval_name: str, model: str) -> Table:
        """Every case of one model over one eval. KeyError where the run has none."""
        for step in self.result.steps:
            output = step.output
            if isinstance(output, EvalOutput) and (output.name, output.model) == (eval_name, model):
                return Table([case.model_dump(mode="json") for case in cases(step, self.out)])
        raise KeyError(f"eval {eval_name} of {model}")

    def rows(self, dataset: str, split: str | None = None) -> Table:
        """The rows of a dataset of the spec that dedup kept, as they stand in the files. KeyError
        for a dataset or split that the spec does not declare."""
        from ftdsl.data.rows import read_rows
        from ftdsl.dedup.removals import removed_rows

        program = self.analysis.program if self.analysis is not None else None
        declared = {each.name: each for each in (program.datasets if program is not None else ())}
        gone: set[tuple[str, int]] = set()
        for step in self.result.steps:
            if isinstance(step.output, DedupOutput) and step.output.name == dataset:
                gone |= removed_rows(self.out / step.artifacts)
        root = self.root or Path()
        read = read_rows(declared[dataset], root, split=split, exclude=frozenset(gone))
        return Table([{"path": row.path, "line": row.line, **row.value} for row in read])


def analyze(
    spec: str | Path, *, root: str | Path | None = None, overrides: Mapping[str, str] | None = None
) -> AnalysisView:
    """Check ``spec`` without reading data. ``overrides`` gives ``let`` names other values, written
    as in a spec. FileNotFoundError where there is no such file."""
    path = real_path(Path(spec))
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {spec}")
    place = Path(root).resolve() if root is not None else find_root(path)
    found = analyze_file(path, place, dict(overrides or {}))
    return view_of(found, path, place)


def view_of(found: Analysis, path: Path, root: Path) -> AnalysisView:
    """``found`` with the places that it is about."""
    return AnalysisView(
        path=path.relative_to(root).as_posix(),
        root=root,
        program=found.program,
        diagnostics=tuple(found.diagnostics),
        sources=found.sources,
    )


def plan(
    spec: str | Path | AnalysisView,
    *,
    root: str | Path | None = None,
    out: str | Path | None = None,
    only: Sequence[str] = (),
    overrides: Mapping[str, str] | None = None,
    policy: Policy | None = None,
) -> PlanView:
    """What would run, why, and what it would cost. Calls nobody and runs nothing. ``only`` narrows
    it to steps, kinds or blocks and what they need. SpecError for a spec with errors, RefusedError
    for a name that is not there or a damaged lock file."""
    seen = spec if isinstance(spec, AnalysisView) else analyze(spec, root=root, overrides=overrides)
    program = _program(seen)
    place = Path(out).absolute() if out is not None else seen.root / OUT
    allowed = policy or Policy()
    try:
        made = build_plan(program, seen.root, place, allowed, only=tuple(only))
    except Refused as refused:
        raise RefusedError(refusal("plan", refused, seen)) from refused
    return PlanView(made, seen, place, allowed)


def apply(
    planned: PlanView | str | Path,
    *,
    root: str | Path | None = None,
    out: str | Path | None = None,
    policy: Policy | None = None,
    console: Console | None = None,
) -> RunView:
    """Run a plan. One that was saved to a file runs only while nothing that it was made from has
    moved; the result then says what did. SpecError and RefusedError as for ``plan``."""
    if isinstance(planned, PlanView):
        seen, place = planned.analysis, planned.out
        allowed = policy or planned.policy
        result = run_plan(planned.plan, seen.root, place, allowed, console=console)
        return RunView(result, place, "apply", seen.root, seen)
    try:
        saved = read_plan(Path(planned))
    except Refused as refused:
        raise RefusedError(refusal("apply", refused, None)) from refused
    base = Path(root).resolve() if root is not None else _root_with(saved.spec, Path(planned))
    seen = analyze(base / saved.spec, root=base)
    place = Path(out).absolute() if out is not None else base / OUT
    try:
        result = apply_plan(saved, _program(seen), base, place, policy, console=console)
    except Refused as refused:
        raise RefusedError(refusal("apply", refused, seen)) from refused
    return RunView(result, place, "apply", base, seen)


def validate(
    spec: str | Path | AnalysisView,
    *,
    root: str | Path | None = None,
    out: str | Path | None = None,
    only: Sequence[str] = (),
    overrides: Mapping[str, str] | None = None,
    policy: Policy | None = None,
    console: Console | None = None,
) -> RunView:
    """Data rules, dedup and coverage: no network, no training. ``only`` narrows it further."""
    seen = spec if isinstance(spec, AnalysisView) else analyze(spec, root=root, overrides=overrides)
    chosen = tuple(only) or data_selectors(_program(seen))
    made = plan(seen, out=out, only=chosen, policy=policy)
    return replace(apply(made, console=console), command="validate")


def data_selectors(program: Program) -> tuple[str, ...]:
    """The kinds of steps that look at data, of those that the program has."""
    there = {
        "dataset": program.datasets,
        "check": program.datasets,
        "dedup": program.dedups,
        "coverage": program.coverages,
    }
    return tuple(kind for kind in _DATA_KINDS if there[kind])


def refusal(command: str, refused: Refused, seen: AnalysisView | None) -> Report:
    """The report of a command that was turned away before anything ran."""
    verdict: Verdict = "refused" if refused.exit_code == 4 else "error"
    return Report(
        command,
        verdict,
        spec=seen.path if seen is not None else "",
        files=(seen.path,) if seen is not None else (),
        diagnostics=(refused.diagnostic,),
        sources=seen.sources if seen is not None else {},
    )


def _program(seen: AnalysisView) -> Program:
    if not seen.ok or seen.program is None:
        raise SpecError(seen)
    return seen.program


def _root_with(spec: str, plan_file: Path) -> Path:
    """The project that a saved plan's root-relative ``spec`` belongs to: that of the working
    directory, that of the plan file, or either folder itself."""
    here, beside = Path.cwd(), plan_file.resolve().parent
    for root in (find_root(here / "any"), find_root(beside / "any"), here, beside):
        if (root / spec).is_file():
            return root
    return find_root(here / "any")


def _as_text(report: Report) -> str:
    from ftdsl.reports.terminal import render

    return render(report, Style()).rstrip("\n")
