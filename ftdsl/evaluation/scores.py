"""The scores of a block of outputs: which arguments each scorer is given, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ftdsl.data.rows import Row
from ftdsl.evaluation.scorers import SCORERS, Unscorable
from ftdsl.language.program import Expr, ScoreDef
from ftdsl.quality.expressions import Block, Evaluator

Scored = list[float | Unscorable]


def score_column(
    score: ScoreDef, evaluator: Evaluator, rows: Sequence[Row], outputs: Sequence[str]
) -> Scored:
    """The score of each output against its row, or why it has none."""
    lifted: dict[str, list[Any]] = {"output": list(outputs)}
    reasons: list[Unscorable | None] = [None] * len(rows)
    value = _lifted(score.value, evaluator, rows, lifted, reasons)
    column = evaluator.column(value, Block(list(rows), lifted))
    return [
        float(found) if reason is None else reason
        for found, reason in zip(column, reasons, strict=True)
    ]


def expected_column(
    scores: Sequence[ScoreDef], evaluator: Evaluator, rows: Sequence[Row]
) -> list[str]:
    """What the first score that compares texts expects of each case, for reports; else ""."""
    for score in scores:
        args = score.value.args
        if score.value.value in SCORERS and len(args) > 1 and args[1].op != "literal":
            column = evaluator.column(args[1], Block(list(rows), {"output": [""] * len(rows)}))
            return [one if isinstance(one, str) else "" for one in column]
    return [""] * len(rows)


def _lifted(
    expr: Expr,
    evaluator: Evaluator,
    rows: Sequence[Row],
    given: dict[str, list[Any]],
    reasons: list[Unscorable | None],
) -> Expr:
    """``expr`` with every scorer call computed into ``given`` and read from there as a field."""
    args = tuple(_lifted(one, evaluator, rows, given, reasons) for one in expr.args)
    expr = replace(expr, args=args)
    if expr.op != "call" or expr.value not in SCORERS:
        return expr
    scorer = SCORERS[str(expr.value)]
    block = Block(list(rows), given)
    columns = [evaluator.column(one, block) for one in args]
    found: list[float] = []
    for case, values in enumerate(zip(*columns, strict=True)):
        try:
            found.append(scorer(*values))
        except Unscorable as reason:
            reasons[case] = reason
            found.append(0.0)
    name = f"scorer {len(given)}"  # no field can have a name with a space
    given[name] = found
    return Expr("field", expr.type, value=name)
