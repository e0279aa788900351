"""Rows that dedup removed, beside those that stand for them: do they agree?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from ftdsl.data.rows import Row, read_blocks
from ftdsl.dedup.removals import read_removals
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.plan.steps import CoverageStep
from ftdsl.privacy.masking import masked
from ftdsl.quality.statements import Statement
from ftdsl.results.models import SubValue

_LEAKAGE = " against "
_LONGEST = 160


def compare_duplicates(
    step: CoverageStep, context: Context, statements: Sequence[Statement]
) -> None:
    """Hand the removed rows of the dataset to ``statements``, each with the one kept in its place.
    Rows that were removed for leakage have theirs in another dataset and take no part. Memory: the
    rows of all pairs. Raises Refused: FT386 where the dataset has no dedup block."""
    dedup = f"dedup.{step.name}"
    if dedup not in step.needs:
        span = step.coverage.span or Span("", 0, 0)
        message = (
            f"`disagreements(…)` asks about duplicates, and `{step.name}` has no `dedup` block"
        )
        help = f"add one: `dedup {step.name} {{ drop near on prompt }}`"
        raise Refused(Diagnostic("FT386", message, span, help=help))
    pairs = [
        ((one.path, one.line), (one.kept_path, one.kept_line))
        for one in read_removals(context.artifacts(dedup))
        if _LEAKAGE not in one.clause
    ]
    wanted = {place for pair in pairs for place in pair}
    rows: list[Row] = []
    for block in read_blocks(step.dataset, context.root) if wanted else ():
        rows += [row for row in block if (row.path, row.line) in wanted]
        context.checkpoint()
    for statement in statements:
        statement.compare(pairs, rows)


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
