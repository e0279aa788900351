"""What steps leave on disk beside their results: all findings and all cases, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from ftdsl.results.models import (
    Case,
    CheckOutput,
    CoverageOutput,
    DedupOutput,
    EvalOutput,
    Finding,
    Removal,
    Result,
    SubValue,
    TrainOutput,
)
from ftdsl.results.preflight import PreflightOutput
from ftdsl.results.run import RunResult, StepRun

FINDINGS = "findings.jsonl"
CASES = "cases.jsonl"
REMOVED = "removed.jsonl"
REMOVED_ROWS = "removed"
"""What the rows that a dedup removes are called where rules are named."""

_Kind = TypeVar("_Kind", bound=Result)


def all_findings(run: RunResult, out: Path) -> Iterator[Finding]:
    """Every finding of ``run``, whose results lie below ``out``; those that the run itself holds
    where a step's artifact is gone. Raises ``pydantic.ValidationError`` for a damaged artifact."""
    for step in run.steps:
        if isinstance(step.output, CheckOutput):
            yield from _of_check(step.output, _file(out, step, FINDINGS))
        elif isinstance(step.output, DedupOutput | CoverageOutput | PreflightOutput | TrainOutput):
            yield from step.output.findings


def _of_check(output: CheckOutput, path: Path | None) -> Iterator[Finding]:
    """Those about rows come from the artifact, with the weight that the rule's verdict gives them;
    those about whole files and data sets stand in the output alone."""
    if path is None:
        yield from output.findings
        return
    weights = {
        outcome.rule: "error" if outcome.verdict == "fail" else "warning"
        for outcome in output.outcomes
    }
    only_here = {_place(finding): finding for finding in output.findings}
    for finding in _lines(path, Finding, ()):
        held = only_here.pop(_place(finding), None)
        if held is not None and held.help != finding.help:
            # What the whole pass knew when it was over, such as where the first good row is.
            finding = finding.model_copy(update={"help": held.help})
        weight = weights.get(finding.rule, finding.severity)
        same = weight == finding.severity
        yield finding if same else finding.model_copy(update={"severity": weight})
    yield from only_here.values()


def _place(finding: Finding) -> tuple[object, ...]:
    return finding.code, finding.rule, finding.path, finding.line, finding.row_id, finding.offset


def removed_rows(run: RunResult, out: Path) -> Iterator[Finding]:
    """Every row that a dedup removes, with the row kept in its place and where the two differ."""
    for step in run.steps:
        if isinstance(step.output, DedupOutput):
            found = _lines(_file(out, step, REMOVED), Removal, step.output.removed)
            for one in found:
                kept = SubValue(source=f"{one.kept_path}:{one.kept_line}", value=one.kept_excerpt)
                yield Finding(
                    code="FT416",
                    message=f"duplicates {one.kept_path}:{one.kept_line} "
                    f"(similarity {one.similarity:.2f}, {one.clause})",
                    severity="warning",
                    rule=REMOVED_ROWS,
                    dataset=step.output.name,
                    path=one.path,
                    line=one.line,
                    row_id=one.row_id,
                    excerpt=one.excerpt,
                    values=(kept,),
                )


def cases(step: StepRun, out: Path, own: Path | None = None) -> Iterator[Case]:
    """Every case of an eval step: from the run's ``own`` file where there is one, else from the
    step's artifact below ``out``."""
    if isinstance(step.output, EvalOutput):
        kept = own if own is not None and own.is_file() else _file(out, step, CASES)
        yield from _lines(kept, Case, step.output.cases)


def _file(out: Path, step: StepRun, name: str) -> Path | None:
    path = out / step.artifacts / name if step.artifacts else None
    return path if path is not None and path.is_file() else None


def _lines(path: Path | None, kind: type[_Kind], instead: tuple[_Kind, ...]) -> Iterator[_Kind]:
    if path is None:
        yield from instead
        return
    with path.open("rb") as stream:
        for line in stream:
            if line.strip():
                yield kind.model_validate_json(line)
