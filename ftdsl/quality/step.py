"""The step ``check``: one pass over a dataset's rows, then a verdict for every rule."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ftdsl.data.rows import Part, parts, resolve_files
from ftdsl.engine.context import Context, Progress
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.aggregates import Quantile
from ftdsl.quality.examination import Examination, locked_measures, measured
from ftdsl.quality.outcomes import (
    as_findings,
    dataset_outcome,
    file_outcomes,
    row_outcome,
    spec_line,
    waiver_findings,
)
from ftdsl.quality.statements import Statement
from ftdsl.quality.tally import Tally
from ftdsl.quality.worker import artifact_name
from ftdsl.quality.workers import Workers
from ftdsl.results.models import CheckOutput, Finding, RuleOutcome

ARTIFACT = "findings.jsonl"
SMALL = 8 << 20
"""Bytes below which starting worker processes costs more than it saves."""
_COPY = 1 << 20


def run_check(step: CheckStep, context: Context) -> CheckOutput:
    """Read the dataset once and decide every rule. All findings are in ``findings.jsonl``, in the
    order of the rows. The result does not depend on the number of workers. Raises Refused
    (FT300-FT308, FT358, FT359) and Stopped."""
    examination = Examination(step, context.root)
    for left_over in context.work.glob("findings*"):
        left_over.unlink()
    files = resolve_files(step.dataset, context.root)
    size = sum(file.stamp.size for file in files)
    pieces = (part for file in files for part in parts(file))
    progress = context.progress(f"check {step.name}", size, "bytes")
    with closing(progress), _Sink(examination, context.work) as sink:
        if size < SMALL or context.policy.workers < 2:
            _alone(examination, pieces, sink, context, progress)
        else:
            _shared(step, pieces, sink, context, progress)
        for file in files:
            file.assert_unchanged()
    return _Conclusion(examination, sink, context.root).output()


class _Sink:
    """Takes in the tallies in order, and puts the parts' findings into one file."""

    def __init__(self, examination: Examination, work: Path) -> None:
        self.tally = Tally(len(examination.rules), len(examination.step.waivers))
        self.statements: dict[int, Statement] = examination.statements()
        self.sizes = {name: Quantile() for name in examination.sized}
        self.work = work
        self._file = (work / ARTIFACT).open("wb")

    def take(self, index: int, tally: Tally) -> None:
        """The tally of part ``index``, whose findings are in its own file."""
        self.tally.merge(tally)
        for number, dumped in tally.states["statements"]:
            self.statements[number].merge(dumped)
        for name, dumped in tally.states["sizes"].items():
            self.sizes[name].merge(dumped)
        part = self.work / artifact_name(index)
        with part.open("rb") as source:
            while data := source.read(_COPY):
                self._file.write(data)
        part.unlink()

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()


def _alone(
    examination: Examination,
    pieces: Iterator[Part],
    sink: _Sink,
    context: Context,
    progress: Progress,
) -> None:
    def tick(_records: int) -> None:
        context.checkpoint()

    with _no_cycles():
        for index, part in enumerate(pieces):
            with (sink.work / artifact_name(index)).open("wb") as artifact:
                tally = examination.examine(part, artifact, tick)
            sink.take(index, tally)
            progress.advance(_bytes(part))


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Keep the collector from looking for cycles: rows hold none, and it takes a fifth of the
    time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _shared(
    step: CheckStep, pieces: Iterator[Part], sink: _Sink, context: Context, progress: Progress
) -> None:
    count = context.policy.workers
    with Workers(count, step, context.root, context.work) as workers:
        for index, part, tally in workers.tallies(pieces, context.checkpoint):
            sink.take(index, tally)
            progress.advance(_bytes(part))


def _bytes(part: Part) -> int:
    return (part.file.stamp.size if part.end is None else part.end) - part.start


class _Conclusion:
    """Verdicts from what one pass over the rows has gathered."""

    def __init__(self, examination: Examination, sink: _Sink, root: Path) -> None:
        self.examination = examination
        self.step = examination.step
        self.tally = sink.tally
        self.sink = sink
        self.root = root

    def output(self) -> CheckOutput:
        """The result of the step."""
        rules, rule_findings = self._rules()
        outcomes = [*file_outcomes(self.tally), *rules]
        findings = [*self._of_files(), *rule_findings, *self._of_waivers()]
        failed = any(one.verdict == "fail" for one in outcomes)
        failed |= any(one.severity == "error" and one.code == "FT354" for one in findings)
        return CheckOutput(
            name=self.step.name,
            counts=self.tally.counts,
            splits=self.tally.splits,
            outcomes=tuple(outcomes),
            findings=tuple(findings),
            statistics=measured(self.sink.sizes),
            verdict="fail" if failed else "pass",
        )

    def _of_files(self) -> list[Finding]:
        findings = [f for code in sorted(self.tally.codes) for f in as_findings(self.tally, code)]
        for name, (path, line, rows) in sorted(self.tally.unknown.items()):
            findings.append(
                Finding(
                    code="FT342",
                    message=f"field `{name}` is in no schema; {rows} rows have it",
                    severity="warning",
                    dataset=self.step.name,
                    path=path,
                    line=line,
                    help=f"declare it, such as `{name}: text?`, or leave it out of the file",
                )
            )
        if not self.tally.checked:
            findings.append(self._no_rows())
        splits = self.step.dataset.split_names if self.tally.checked else ()
        findings += [self._empty_split(one) for one in splits if not self.tally.splits.get(one)]
        return findings

    def _no_rows(self) -> Finding:
        span = self.step.dataset.span
        return Finding(
            code="FT354",
            message=f"dataset `{self.step.name}` has no row that can be checked",
            dataset=self.step.name,
            path=span.path if span is not None else "",
            line=spec_line(span, self.root),
            help="see that its source names the right files and that its schema fits them",
        )

    def _empty_split(self, split: str) -> Finding:
        span = self.step.dataset.span
        return Finding(
            code="FT355",
            message=f"split `{split}` of dataset `{self.step.name}` has no row",
            severity="warning",
            dataset=self.step.name,
            path=span.path if span is not None else "",
            line=spec_line(span, self.root),
            help="give it a larger share, or more rows",
        )

    def _rules(self) -> tuple[list[RuleOutcome], list[Finding]]:
        outcomes: list[RuleOutcome] = []
        findings: list[Finding] = []
        for index, rule in enumerate(self.examination.rules):
            if rule.expect is None:
                outcome = row_outcome(rule, self.tally.rules[index], self.root)
                weight = "error" if outcome.verdict == "fail" else "warning"
                findings += as_findings(self.tally, rule.name, severity=weight)
            else:
                outcome, found = self._dataset_rule(index)
                findings += found
            outcomes.append(outcome)
        return outcomes, findings

    def _dataset_rule(self, index: int) -> tuple[RuleOutcome, list[Finding]]:
        rule = self.examination.rules[index]
        waivers = [k for k, one in enumerate(self.step.waivers) if one.rule[1] == rule.name]
        statement = self.sink.statements[index]
        outcome, values = dataset_outcome(
            rule, statement, locked_measures(self.step), bool(waivers), self.root
        )
        if outcome.waived:
            self.tally.waived[waivers[0]].add("")
        if not outcome.failing:
            return outcome, []
        span = rule.span or self.step.dataset.span
        finding = Finding(
            code="FT351",
            message=f"{rule.doc or rule.name}: {outcome.requirement}",
            severity="error" if outcome.verdict == "fail" else "warning",
            rule=rule.name,
            dataset=self.step.name,
            path=span.path if span is not None else "",
            line=spec_line(span, self.root),
            values=tuple(values),
        )
        return outcome, [finding]

    def _of_waivers(self) -> list[Finding]:
        return waiver_findings(self.step.waivers, self.tally.waived, self.step.name, self.root)
