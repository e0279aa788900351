"""Rows that are duplicates of one another: do they agree?

``disagreements`` asks about the rows that the dataset's dedup block removed, ``near_conflicts``
about rows with nearly one text, which are grouped here as ``drop near`` would.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from ftdsl.data.rows import Row, read_blocks
from ftdsl.dedup.removals import read_removals
from ftdsl.dedup.step import run_dedup
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Aside, Context, Refused
from ftdsl.language.program import DedupDef, DropDef
from ftdsl.plan.steps import CoverageStep, DedupStep
from ftdsl.privacy.masking import masked
from ftdsl.quality.statements import Comparison, Statement
from ftdsl.results.models import Removal, SubValue

_LEAKAGE = " against "
_LONGEST = 160

_Pairs = list[tuple[tuple[str, int], tuple[str, int]]]


def compare_duplicates(
    step: CoverageStep, context: Context, statements: Sequence[Statement]
) -> None:
    """Hand the duplicates that ``statements`` ask about to them, each with the row that it
    duplicates. Rows that were removed for leakage have theirs in another dataset and take no part.
    Memory: the rows of all pairs. Raises Refused: FT386 where a statement asks about the dataset's
    dedup block and there is none."""
    for number, statement in enumerate(statements):
        for which in statement.comparisons():
            if which.text is None:
                pairs = _pairs(_removed(step, context))
            else:
                aside = Aside(context, context.work / f"near-{number}-{which.number}")
                pairs = _pairs(_near(step, aside, which))
            statement.compare(which, pairs, _rows(step, context, pairs))


def _removed(step: CoverageStep, context: Context) -> Iterable[Removal]:
    dedup = f"dedup.{step.name}"
    if dedup not in step.needs:
        span = step.coverage.span or Span("", 0, 0)
        message = (
            f"`disagreements(…)` asks about duplicates, and `{step.name}` has no `dedup` block"
        )
        help = (
            f"add one: `dedup {step.name} {{ drop near on prompt }}`, or ask for "
            "`near_conflicts(…)`, which needs none"
        )
        raise Refused(Diagnostic("FT386", message, span, help=help))
    return read_removals(context.artifacts(dedup))


def _near(step: CoverageStep, context: Context, which: Comparison) -> Iterable[Removal]:
    """What `drop near` would remove: rows that are nearly an earlier one."""
    assert which.text is not None, "near rows have a text"
    drop = DropDef("near", (which.text,), similarity=which.similarity, span=step.coverage.span)
    grouped = DedupStep(
        id=f"{step.id}.near",
        name=step.name,
        dataset=step.dataset,
        dedup=DedupDef(step.name, (drop,), span=step.coverage.span),
    )
    return run_dedup(grouped, context).removed


def _pairs(removed: Iterable[Removal]) -> _Pairs:
    return [
        ((one.path, one.line), (one.kept_path, one.kept_line))
        for one in removed
        if _LEAKAGE not in one.clause
    ]


def _rows(step: CoverageStep, context: Context, pairs: _Pairs) -> list[Row]:
    wanted = {place for pair in pairs for place in pair}
    rows: list[Row] = []
    for block in read_blocks(step.dataset, context.root) if wanted else ():
        rows += [row for row in block if (row.path, row.line) in wanted]
        context.checkpoint()
    return rows


def disagreeing(statement: Statement) -> tuple[SubValue, ...]:
    """The first pairs that do not agree, as a finding shows them."""
    return tuple(
        SubValue(
            source=f"{removed[0]}:{removed[1]}",
            value=f"{_shown(one)}, and {_shown(other)} at its duplicate {kept[0]}:{kept[1]}",
        )
        for removed, one, kept, other in statement.disagreements()
    )


def _shown(value: Any) -> str:
    text = masked(orjson.dumps(value).decode())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
