"""Statements about a whole dataset, and verdict conditions: what they come to in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftdsl.data.rows import Row
from ftdsl.language import catalog
from ftdsl.language.program import Expr
from ftdsl.plan.expressions import source_of, spelled
from ftdsl.quality.across.aggregates import AGGREGATES, Aggregate, aggregate
from ftdsl.quality.across.disagreements import Disagreements, NearConflicts, Place
from ftdsl.quality.across.relations import NAMED, NamesRows
from ftdsl.quality.across.shifts import Shift
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.functions import EACH
from ftdsl.quality.operators import BINARY, UNARY
from ftdsl.results.distribution import Distribution


def is_aggregate(expr: Expr) -> bool:
    """Whether ``expr`` is a call over all rows."""
    return expr.op == "call" and expr.value in AGGREGATES


def aggregates_in(expr: Expr) -> Iterator[Expr]:
    """The aggregate calls of ``expr``, left to right; none lies inside another."""
    if is_aggregate(expr):
        yield expr
        return
    for one in expr.args:
        yield from aggregates_in(one)


def _row_arguments(call: Expr) -> int:
    """How many of its first arguments are columns; the others are constants."""
    parameters = catalog.AGGREGATES[str(call.value)].parameters
    return sum(one.type.startswith("rows(") for one in parameters) or 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """One aggregate that compares duplicates: those that ``dedup`` removed, or rows with nearly
    the same ``text``, from ``similarity`` on."""

    number: int
    text: Expr | None = None
    similarity: float = 0.0


class Statement:
    """One expression over the whole dataset. Feed it every block, or merge what others were fed;
    then ask for its value. ``locked`` are the distributions to compare with, by the expression that
    they are of, spelled out."""

    def __init__(
        self,
        expr: Expr,
        evaluator: Evaluator,
        locked: Mapping[str, Distribution] | None = None,
    ) -> None:
        self.expr = expr
        self._evaluator = evaluator
        self._calls = list(aggregates_in(expr))
        self._states: list[Aggregate] = [
            aggregate(str(one.value), (arg.value for arg in one.args[_row_arguments(one) :]))
            for one in self._calls
        ]
        for source, shift in self._shifts():
            shift.reference = (locked or {}).get(source)

    def _shifts(self) -> Iterator[tuple[str, Shift]]:
        """Its aggregates that read the lock, each with the expression that it is of."""
        for call, state in zip(self._calls, self._states, strict=True):
            if isinstance(state, Shift):
                yield spelled(call.args[0]), state

    def unlocked(self) -> bool:
        """Whether it compares with what was never locked."""
        return any(shift.reference is None for _, shift in self._shifts())

    def distributions(self) -> dict[str, Distribution]:
        """What a lock keeps for it, by the expression that it is of."""
        return {source: shift.distribution() for source, shift in self._shifts()}

    def moved(self) -> list[tuple[str, str]]:
        """The parts of the rows that moved most: which, and their shares then and now."""
        found = dict(self._shifts())
        return [(f"{name}: {part}", told) for name, s in found.items() for part, told in s.moved()]

    def add(self, block: Block) -> None:
        """Take in the rows of ``block``."""
        for call, state in zip(self._calls, self._states, strict=True):
            if call.value == "count":
                state.add([None] * len(block))
                continue
            if isinstance(state, Disagreements):
                continue
            columns = [
                self._evaluator.column(one, block) for one in call.args[: _row_arguments(call)]
            ]
            state.add(columns[0] if len(columns) == 1 else list(zip(*columns, strict=True)))

    def dump(self) -> list[Any]:
        """The states of its aggregates as JSON."""
        return [state.dump() for state in self._states]

    def merge(self, dumped: list[Any]) -> None:
        """Take in what another copy of the statement was fed."""
        for state, one in zip(self._states, dumped, strict=True):
            state.merge(one)

    def value(self, measures: Mapping[str, float]) -> Any:
        """What the expression comes to; None where a part of it has no value."""
        return scalar(self.expr, measures, self._found())

    def comparisons(self) -> list[Comparison]:
        """What it asks about duplicates, in written order."""
        found: list[Comparison] = []
        for number, (call, state) in enumerate(zip(self._calls, self._states, strict=True)):
            if isinstance(state, NearConflicts):
                found.append(Comparison(number, call.args[0], state.similarity))
            elif isinstance(state, Disagreements):
                found.append(Comparison(number))
        return found

    def compare(
        self, which: Comparison, pairs: Sequence[tuple[Place, Place]], rows: list[Row]
    ) -> None:
        """Take in pairs of a row and the one that it duplicates; ``rows`` holds all of them."""
        call, state = self._calls[which.number], self._states[which.number]
        assert isinstance(state, Disagreements), "only these compare duplicates"
        values = self._evaluator.column(call.args[0 if which.text is None else 1], rows)
        places = [(row.path, row.line) for row in rows]
        state.compare(pairs, dict(zip(places, values, strict=True)))

    def disagreements(self) -> list[tuple[Place, Any, Place, Any]]:
        """The first pairs that do not agree: place and value of both."""
        states = [one for one in self._states if isinstance(one, Disagreements)]
        return [pair for state in states for pair in state.found]

    def causes(self) -> list[tuple[str, int, str]]:
        """(source, row, why) of the first rows that its aggregates name, by number from 0."""
        return [
            (source_of(call), row, why)
            for call, state in zip(self._calls, self._states, strict=True)
            if isinstance(state, NamesRows)
            for row, why in state.causes()
        ][:NAMED]

    def parts(self, measures: Mapping[str, float]) -> list[tuple[str, Any]]:
        """(source, value) of every aggregate and measure, in written order."""
        found = self._found()
        return [(source_of(one), scalar(one, measures, found)) for one in _quantities(self.expr)]

    def _found(self) -> dict[int, Any]:
        return {
            id(call): state.value() for call, state in zip(self._calls, self._states, strict=True)
        }


def _quantities(expr: Expr) -> Iterator[Expr]:
    if is_aggregate(expr) or expr.op == "measure":
        yield expr
        return
    for one in expr.args:
        yield from _quantities(one)


def scalar(expr: Expr, measures: Mapping[str, float], found: Mapping[int, Any]) -> Any:
    """The value of an expression that reads no row. ``found`` are its aggregates by identity.
    Null where a part is null and nothing handles it."""
    if id(expr) in found:
        return found[id(expr)]
    if expr.op == "literal":
        return expr.value
    if expr.op == "measure":
        return measures.get(str(expr.value))
    args = [scalar(one, measures, found) for one in expr.args]
    if expr.op == "??":
        return args[1] if args[0] is None else args[0]
    if expr.op == "and":
        return bool(args[0]) and bool(args[1])
    if expr.op == "or":
        return bool(args[0]) or bool(args[1])
    if expr.op == "list":
        return args
    if expr.op == "call" and expr.value == "has":
        return args[0] is not None
    if any(one is None for one in args):
        return None
    if expr.op == "call":
        return EACH[str(expr.value)](*args)
    return UNARY[expr.op](*args) if expr.op in UNARY else BINARY[expr.op](*args)
