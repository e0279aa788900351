"""The scores of a block of answers: which arguments each scorer is given, case by case."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ftdsl.data.rows import Row
from ftdsl.engine.context import Context
from ftdsl.evaluation.scorers import COLUMN_SCORERS, SCORERS, Unscorable
from ftdsl.language import catalog
from ftdsl.language.program import Expr, ScoreDef
from ftdsl.models.answer import Answer
from ftdsl.plan.prices import Price
from ftdsl.quality.expressions import Block, Evaluator

Scored = list[float | Unscorable]

_ANSWER: dict[str, Callable[[Answer], Any]] = {
    "output": lambda answer: answer.text,
    "output.latency": lambda answer: answer.latency,
    "output.first_token": lambda answer: answer.first_token,
    "output.tokens": lambda answer: answer.completion_tokens,
    "output.finish_reason": lambda answer: answer.finish_reason,
    "output.confidence": lambda answer: (
        None if answer.logprob is None else math.exp(min(0.0, answer.logprob))
    ),
}
_COST = "output.cost"


class Scoring:
    """The scores of one eval over its cases. ``root`` is where the files lie that scorers read;
    ``context`` is the step's, for scorers with a model of their own; ``price`` is what the answers
    cost."""

    def __init__(
        self,
        evaluator: Evaluator,
        root: Path,
        context: Context | None = None,
        price: Price | None = None,
    ) -> None:
        self._evaluator = evaluator
        self._root = root
        self._context = context
        self._price = price
        self._verdicts: Mapping[Expr, Sequence[float | Unscorable]] = {}

    def column(
        self,
        score: ScoreDef,
        rows: Sequence[Row],
        answers: Sequence[Answer],
        verdicts: Mapping[Expr, Sequence[float | Unscorable]] | None = None,
    ) -> Scored:
        """The score of each answer against its row, or why it has none. ``verdicts`` are those of
        the judges that the score calls, for each answer. Raises OSError for a file that the score
        names and that cannot be read."""
        self._verdicts = verdicts or {}
        reasons: list[Unscorable | None] = [None] * len(rows)
        given = dict(_read_of(score.value, answers, reasons, self._price))
        value = self._lifted(score.value, rows, given, reasons)
        column = self._evaluator.column(value, Block(list(rows), given))
        return [
            _in_range(found) if reason is None else reason
            for found, reason in zip(column, reasons, strict=True)
        ]

    def _lifted(
        self,
        expr: Expr,
        rows: Sequence[Row],
        given: dict[str, list[Any]],
        reasons: list[Unscorable | None],
    ) -> Expr:
        """``expr`` with every scorer call computed into ``given`` and read as a field of it."""
        if expr in self._verdicts:
            return _given(expr, self._verdicts[expr], given, reasons)
        args = tuple(self._lifted(one, rows, given, reasons) for one in expr.args)
        expr = replace(expr, args=args)
        if expr.op != "call" or expr.value not in {*SCORERS, *COLUMN_SCORERS}:
            return expr
        block = Block(list(rows), given)
        columns = [
            self._evaluator.column(one, block) for one in self._with_files(str(expr.value), args)
        ]
        if expr.value in COLUMN_SCORERS:
            assert self._context is not None, "a step gives its context"
            at_once = COLUMN_SCORERS[str(expr.value)](*columns, context=self._context)
            return _given(expr, at_once, given, reasons)
        scorer = SCORERS[str(expr.value)]
        found: list[float] = []
        for case, values in enumerate(zip(*columns, strict=True)):
            if None in values:  # behind a guard, such as `has(topic) and …`, that does not hold
                found.append(0.0)
                continue
            try:
                found.append(scorer(*values))
            except Unscorable as reason:
                reasons[case] = reasons[case] or reason
                found.append(0.0)
        return _given(expr, found, given, reasons)

    def _with_files(self, scorer: str, args: Sequence[Expr]) -> list[Expr]:
        """The arguments, the text of a file in the place of its path."""
        parameters = catalog.SCORERS[scorer].parameters
        paths = {place for place, one in enumerate(parameters) if one.type == "path"}
        return [
            replace(arg, value=(self._root / str(arg.value)).read_text(encoding="utf-8"))
            if place in paths
            else arg
            for place, arg in enumerate(args)
        ]


def _given(
    expr: Expr,
    values: Sequence[float | Unscorable],
    given: dict[str, list[Any]],
    reasons: list[Unscorable | None],
) -> Expr:
    """A field with the value of ``expr`` for each case; a case without one has its reason."""
    column: list[float] = []
    for case, value in enumerate(values):
        if isinstance(value, Unscorable):
            reasons[case] = reasons[case] or value
        column.append(0.0 if isinstance(value, Unscorable) else value)
    name = f"scorer {len(given)}"  # no field can have a name with a space
    given[name] = column
    return Expr("field", expr.type, value=name)


def expected_column(
    scores: Sequence[ScoreDef], evaluator: Evaluator, rows: Sequence[Row]
) -> list[str]:
    """What the first score that compares texts expects of each case, for reports; else ""."""
    for call in (part for score in scores for part in score.value.walk()):
        if call.op == "call" and call.value in SCORERS and len(call.args) > 1:
            wanted = call.args[1]
            if wanted.op != "literal" and wanted.type.name == "text":
                column = evaluator.column(wanted, Block(list(rows), {"output": [""] * len(rows)}))
                return [one if isinstance(one, str) else "" for one in column]
    return [""] * len(rows)


def _read_of(
    value: Expr,
    answers: Sequence[Answer],
    reasons: list[Unscorable | None],
    price: Price | None,
) -> Iterator[tuple[str, list[Any]]]:
    """Each part of the answers that ``value`` reads. A case whose answer lacks one has no score."""
    read = {str(one.value) for one in value.walk() if one.op == "field"}
    for name in sorted(read & {*_ANSWER, _COST}):
        column = (
            [_cost(answer, price) for answer in answers]
            if name == _COST
            else [_ANSWER[name](answer) for answer in answers]
        )
        for case, one in enumerate(column):
            if one is None:
                reasons[case] = Unscorable(f"`{name}` is not known of this answer")
                column[case] = 0
        yield name, column


def _cost(answer: Answer, price: Price | None) -> float | None:
    """Dollars for one answer, asked now or found in the cache; None where that is not known."""
    if price is None or answer.prompt_tokens is None or answer.completion_tokens is None:
        return None
    return price.of(answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens)


def _in_range(found: object) -> float | Unscorable:
    number = float(found) if isinstance(found, int | float) else float("nan")
    return number if 0 <= number <= 1 else Unscorable(f"it comes to {number:g}, not to 0 … 1")
