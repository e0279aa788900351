"""The step ``coverage``: shares and statements over the rows that dedup kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from ftdsl.data.rows import DataFile, Part, Places, chunks, places_of, portions, resolve_files
from ftdsl.dedup.removals import removed_rows
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.diversity.clusters import Clusters, Encoders
from ftdsl.diversity.covering import (
    Covered,
    cover,
    evaluator_of,
    measures_of,
)
from ftdsl.diversity.duplicates import compare_duplicates, disagreeing
from ftdsl.diversity.groups import Cells, Groups, groups_of
from ftdsl.diversity.lengths import measured
from ftdsl.diversity.shares import bars, entropy
from ftdsl.diversity.verdict import group_findings, statement_finding
from ftdsl.embeddings.encoder import Encoder, encoder
from ftdsl.engine.context import Context, Refused
from ftdsl.language.program import GroupDef
from ftdsl.plan.expressions import source_of
from ftdsl.plan.steps import CoverageStep
from ftdsl.privacy.masking import masked_name
from ftdsl.quality.statements import Statement
from ftdsl.results.coverage import CoverageGroup
from ftdsl.results.models import (
    CoverageOutput,
    Finding,
    RuleOutcome,
    SubValue,
)

# Combinations of a `cross` that are counted.
CELLS = 10_000
# Bytes of the parts that are handed to a cluster together.
_PORTION = 16 << 20


def run_coverage(step: CoverageStep, context: Context) -> CoverageOutput:
    """Count the groups and settle the statements.

    Memory: the different values of a field, eight bytes a row for a quantile, a sample of 20,000
    texts for clusters. Raises Refused (FT300-FT308, FT428, FT435-FT437).
    """
    defs = step.coverage.groups
    encoders = _encoders(context)
    groupings, lengths = groups_of(step.coverage, encoders), measured(step.dataset)
    evaluator, measures = evaluator_of(step, context.root), measures_of(step)
    statements = [Statement(expect, evaluator) for expect in step.coverage.expects]
    handed = _portions(step, context)
    rows = 0
    for turn in range(max([1, *(made.passes for made in groupings)])):
        for covered in _covered(step, context, encoders, turn, handed, groupings):
            for made, dumped in zip(groupings, covered.groups, strict=True):
                if turn < made.passes:
                    made.merge(dumped, turn)
            if turn == 0:
                rows += covered.rows
                for one, counts in zip(lengths, covered.lengths, strict=True):
                    one.merge(counts)
                for statement, told in zip(statements, covered.statements, strict=True):
                    statement.merge(told)
    for group, made in zip(defs, groupings, strict=True):
        _assert_countable(group, made)
    compared = [statement for statement in statements if statement.comparisons()]
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
        lengths=tuple(one for one in (each.histogram() for each in lengths) if one is not None),
        outcomes=outcomes,
        findings=findings,
        verdict="fail" if failed else "pass",
    )


def _encoders(context: Context) -> Encoders:
    """The sentence encoders of the run, each made once."""

    @cache
    def made(name: str, span: Span | None) -> Encoder:
        return encoder(name, context, span)

    return made


def _assert_countable(group: GroupDef, made: Groups) -> None:
    if isinstance(made, Cells) and made.cells() > CELLS:
        raise Refused(
            Diagnostic(
                "FT428",
                f"`{source_of(group.key)}` makes {made.cells():,} combinations",
                group.span or Span("", 0, 0),
                help=f"up to {CELLS:,} are counted; cross fields of few values, or buckets of them",
            )
        )


_Portion = tuple[tuple[Part, ...], Places]


def _portions(step: CoverageStep, context: Context) -> list[_Portion]:
    """The parts of the dataset as they are handed out, and the rows to leave out of each."""
    dedup = f"dedup.{step.name}"
    removed = removed_rows(context.artifacts(dedup)) if dedup in step.needs else frozenset()
    parts = list(chunks(resolve_files(step.dataset, context.root), context.cache))
    runs = list(portions(parts, _PORTION if context.policy.engine != "local" else 1))
    left_out = iter(places_of(parts, removed))
    return [(run, frozenset().union(*(next(left_out) for _ in run))) for run in runs]


def _covered(
    step: CoverageStep,
    context: Context,
    encoders: Encoders,
    turn: int,
    handed: Sequence[_Portion],
    groupings: Sequence[Groups],
) -> Iterator[Covered]:
    """What each part of the dataset came to, in order."""
    progress = context.progress(f"coverage {step.name}" + (": clusters" if turn else ""))
    engine = context.engine
    found = engine.submit(tuple, [made.found(turn) for made in groupings])
    near = None if engine.distributed else encoders
    opening = step.model_dump_json(), str(context.root), near, turn, found
    blocks = ((*opening, *portion) for portion in handed)
    over: DataFile | None = None
    for answer in engine.map(cover, blocks, context.checkpoint):
        for covered in answer:
            if covered.file == over:
                continue
            over = covered.file if covered.ends else over
            yield covered
            progress.advance(covered.rows)
    progress.close()


def _group(group: GroupDef, made: Groups, rows: int) -> CoverageGroup:
    counts = made.counts()
    bits = entropy(list(counts.values()))
    found = bars(counts, group.buckets, rows, made.possible(), made.notes())
    shown = [part.map() for part in made.parts if isinstance(part, Clusters)]
    return CoverageGroup(
        source=source_of(group.key),
        bars=tuple(bar.model_copy(update={"key": masked_name(bar.key)}) for bar in found),
        entropy=bits,
        effective=2**bits if any(counts.values()) else 0.0,
        map=shown[0] if shown else None,
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
    groupings: Sequence[Groups],
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
        for part in made.parts:
            if isinstance(part, Clusters) and rows and part.different < part.k:
                yield Finding(
                    code="FT412",
                    message=f"{part.different} different texts cannot fill {part.k} clusters",
                    severity="warning",
                    rule=f"by {group.source}",
                    dataset=step.name,
                    help=f"write `k: {max(2, part.different // 10)}`",
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
