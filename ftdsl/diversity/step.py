"""The step ``coverage``: shares and statements over the rows that dedup kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ftdsl.data.rows import read_blocks
from ftdsl.dedup.removals import removed_rows
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.diversity.duplicates import compare_duplicates, disagreeing
from ftdsl.diversity.groups import Cells, Clusters, Grouping, grouping
from ftdsl.diversity.shares import bars, entropy
from ftdsl.diversity.verdict import group_findings, statement_finding
from ftdsl.engine.context import Context, Refused
from ftdsl.language.program import GroupDef
from ftdsl.plan.expressions import source_of
from ftdsl.plan.steps import CoverageStep
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.statements import Statement
from ftdsl.results.models import CoverageGroup, CoverageOutput, Finding, RuleOutcome, SubValue

# Combinations of a `cross` that are counted.
CELLS = 10_000
# Rows read together.
_BATCH = 1024


def run_coverage(step: CoverageStep, context: Context) -> CoverageOutput:
    """Count the groups and settle the statements.

    Memory: the different values of a field, eight bytes a row for a quantile, a sample of 20,000
    texts for clusters. Raises Refused (FT300-FT308).
    """
    defs = step.coverage.groups
    groupings = [grouping(one.key) for one in defs]
    measures = {f"locked.{name}": value for name, value in step.locked.items()}
    evaluator = Evaluator(step.dataset, context.root, measures)
    statements = [Statement(expect, evaluator) for expect in step.coverage.expects]
    rows = 0
    for turn in range(max([1, *(made.passes for made in groupings)])):
        for block in _blocks(step, context, turn):
            for made in groupings:
                if turn < made.passes:
                    made.add(evaluator.column(made.subject, block), turn)
            if turn == 0:
                rows += len(block)
                for statement in statements:
                    statement.add(block)
    for one, made in zip(defs, groupings, strict=True):
        _assert_countable(one, made)
    compared = [statement for statement in statements if statement.compares()]
    if compared:
        compare_duplicates(step, context, compared)
    groups = tuple(_group(one, made, rows) for one, made in zip(defs, groupings, strict=True))
    outcomes = tuple(_outcome(statement, measures) for statement in statements)
    named = [disagreeing(statement) for statement in statements]
    findings = tuple(
        _findings(step, rows, groups, groupings, tuple(zip(outcomes, named, strict=True)))
    )
    failed = any(finding.severity == "error" for finding in findings)
    return CoverageOutput(
        name=step.name,
        rows=rows,
        groups=groups,
        outcomes=outcomes,
        findings=findings,
        verdict="fail" if failed else "pass",
    )


def _assert_countable(group: GroupDef, made: Grouping) -> None:
    if isinstance(made, Cells) and made.cells() > CELLS:
        raise Refused(
            Diagnostic(
                "FT428",
                f"`{source_of(group.key)}` makes {made.cells():,} combinations",
                group.span or Span("", 0, 0),
                help=f"up to {CELLS:,} are counted; cross fields of few values, or buckets of them",
            )
        )


def _blocks(step: CoverageStep, context: Context, turn: int) -> Iterator[Block]:
    dedup = f"dedup.{step.name}"
    removed = removed_rows(context.artifacts(dedup)) if dedup in step.needs else frozenset()
    label = f"coverage {step.name}" + (": clusters" if turn else "")
    progress = context.progress(label)
    batch: list[Any] = []
    for rows in read_blocks(step.dataset, context.root, exclude=removed):
        batch += rows
        if len(batch) >= _BATCH:
            yield Block(batch)
            progress.advance(len(batch))
            context.checkpoint()
            batch = []
    if batch:
        yield Block(batch)
        progress.advance(len(batch))
    progress.close()


def _group(group: GroupDef, made: Grouping, rows: int) -> CoverageGroup:
    counts = made.counts()
    bits = entropy(list(counts.values()))
    return CoverageGroup(
        source=source_of(group.key),
        bars=bars(counts, group.buckets, rows, made.possible(), made.notes()),
        entropy=bits,
        effective=2**bits if any(counts.values()) else 0.0,
    )


def _outcome(statement: Statement, measures: dict[str, float]) -> RuleOutcome:
    """A statement without a value, such as the mean of nothing, does not hold."""
    holds = bool(statement.value(measures))
    source = source_of(statement.expr)
    return RuleOutcome(
        rule=source,
        kind="dataset",
        verdict="pass" if holds else "fail",
        checked=1,
        failing=int(not holds),
        rate=float(not holds),
        value=", ".join(f"{part} = {_shown(value)}" for part, value in statement.parts(measures)),
        requirement=source,
    )


def _shown(value: Any) -> str:
    if value is None:
        return "no value"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _findings(
    step: CoverageStep,
    rows: int,
    groups: Sequence[CoverageGroup],
    groupings: Sequence[Grouping],
    outcomes: Sequence[tuple[RuleOutcome, tuple[SubValue, ...]]],
) -> Iterator[Finding]:
    if rows == 0 and step.dataset.allow_empty:
        return
    if rows == 0:
        yield Finding(
            code="FT414",
            message="no row is left to cover anything",
            dataset=step.name,
            help="see what the check and the dedup of this dataset say",
        )
    for definition, group, made in zip(step.coverage.groups, groups, groupings, strict=True):
        if isinstance(made, Clusters) and rows and made.different < made.k:
            yield Finding(
                code="FT412",
                message=f"{made.different} different texts cannot fill {made.k} clusters",
                severity="warning",
                rule=f"by {group.source}",
                dataset=step.name,
                help=f"write `k: {max(2, made.different // 10)}`",
            )
        if rows and not any(bar.rows for bar in group.bars):
            yield Finding(
                code="FT414",
                message=f"no row has a value for `{group.source}`",
                rule=f"by {group.source}",
                dataset=step.name,
            )
        named = [bucket.key for bucket in definition.buckets if bucket.key is not None]
        yield from group_findings(step.name, group, named)
    for outcome, pairs in outcomes:
        if outcome.verdict == "fail":
            yield statement_finding(step.name, outcome, pairs)
