"""The rules of a check, ready to be asked of a block of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from ftdsl.data.places import places
from ftdsl.data.rows import Row
from ftdsl.data.rows import text as text_of
from ftdsl.language.program import Expr, RuleDef
from ftdsl.language.remedies import fix_name, remedies
from ftdsl.plan.expressions import source_of
from ftdsl.privacy.masking import masked
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.measures.corrections import spelling_choices
from ftdsl.quality.measures.listed import likely
from ftdsl.quality.offence import EXCERPT, Offence, Offences
from ftdsl.quality.statements import is_aggregate

REASON = 400
"""Characters of the reason for a value."""
VALUE = 160
"""Characters of a value that a finding shows."""
_PARTS = 12
_NOT_SHOWN = frozenset({"row", "messages"})


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What a row rule says of one block: rows asked, the indices of those that fail, and how many
    rows that it is about a sample left unasked."""

    checked: int
    failing: list[int]
    left_out: int = 0


class RowRule:
    """One ``each … must …`` rule."""

    def __init__(self, rule: RuleDef, evaluator: Evaluator) -> None:
        if rule.must is None:
            raise ValueError(f"{rule.name} is no row rule")
        self.rule = rule
        self.must = rule.must
        self._evaluator = evaluator
        samples = rule.where is not None and any(map(_is_sample, rule.where.walk()))
        self._about = _without_sample(rule.where) if samples and rule.where is not None else None
        shown = [*_shown(rule.where), *_shown(rule.must)] if rule.where else _shown(rule.must)
        by_source = {source_of(one): one for one in shown}
        self._parts = list(by_source.items())[:_PARTS]
        self._offences = Offences(rule.must, evaluator)
        listed = [one for one in remedies(rule) if one.choices]
        self._listed = {(view, one.choices) for one in listed for view in one.views}
        self._spelled = [
            view
            for one in remedies(rule)
            if one.fix.name == "choose_spelling"
            for view in one.views
        ]
        self.fix = fix_name(tuple(one.fix for one in remedies(rule)))
        self.message = f"{rule.doc or rule.name}: must {source_of(rule.must)}"

    def ask(self, block: Block) -> RowOutcome:
        """Which rows of ``block`` the rule is about, and which of them fail it. A row for which
        the statement has no value fails."""
        selected = self._selected(block)
        held = self._evaluator.column(self.must, block, selected)
        left_out = self._left_out(block, len(held)) if self._about is not None else 0
        if all(held):
            return RowOutcome(len(held), [], left_out)
        rows = range(len(block)) if selected is None else selected
        failing = [i for i, one in zip(rows, held, strict=True) if not one]
        return RowOutcome(len(held), failing, left_out)

    def _left_out(self, block: Block, asked: int) -> int:
        """Rows that the rule is about and that its sample leaves out."""
        if self._about is None or self._about.op == "literal":
            return len(block) - asked
        return sum(map(bool, self._evaluator.column(self._about, block))) - asked

    def _selected(self, block: Block) -> list[int] | None:
        if self.rule.where is None:
            return None
        wanted = self._evaluator.column(self.rule.where, block)
        selected = [i for i, one in enumerate(wanted) if one]
        return None if len(selected) == len(block) else selected

    @property
    def sources(self) -> list[str]:
        """The parts of the predicate that help to see why it failed, as written."""
        return [name for name, _ in self._parts]

    def values(self, block: Block, failing: list[int]) -> list[list[str]]:
        """For each failing row what ``sources`` came to on it."""
        columns = [self._told(one, block, failing) for _, one in self._parts]
        return [[column[k] for column in columns] for k in range(len(failing))]

    def evidence(self, values: list[str]) -> list[dict[str, str]]:
        """The values of one row, each with its source."""
        named = zip(self.sources, values, strict=True)
        return [{"source": source, "value": value} for source, value in named]

    def offence(self, block: Block, index: int, values: list[str]) -> Offence:
        """What in the failing row ``index`` is to blame. ``values`` are its parts, as told."""
        found = self._offences.of(block, index, values)
        return found or Offence(row_excerpt(block.rows[index]))

    def help(self, row: Row) -> str:
        """What is likely meant, or only a person can choose; "" where there is nothing."""
        choices: dict[str, tuple[str, ...]] = {}
        for view in self._spelled:
            for place in places(row, view):
                choices |= spelling_choices(place.text)
        told = [f"`{word}` may be {' or '.join(right)}" for word, right in choices.items()]
        told += [
            f"{shown(place.text)} is likely {shown(right)}"
            for view, known in sorted(self._listed)
            for place in places(row, view)
            if (right := likely(place.text, known)) is not None
        ]
        return ", ".join(told[:_PARTS])

    def _told(self, expr: Expr, block: Block, failing: list[int]) -> list[str]:
        """The values of ``expr``; a bad one with where in the row it comes from."""
        values = self._evaluator.column(expr, block, failing)
        reason = self._evaluator.reason(str(expr.value)) if expr.op == "call" else None
        if reason is None:
            return [shown(one) for one in values]
        given = [self._evaluator.column(one, block, failing) for one in expr.args]
        return [
            _explained(one, reason(*args) if one or one is False else "")
            for one, args in zip(values, zip(*given, strict=True), strict=True)
        ]


def _is_sample(expr: Expr) -> bool:
    return expr.op == "call" and expr.value == "sampled"


def _without_sample(expr: Expr) -> Expr:
    """``expr`` as it would be if every text were in the sample."""
    if _is_sample(expr):
        return Expr("literal", expr.type, value=True)
    args = tuple(map(_without_sample, expr.args))
    if expr.op == "and" and any(one.op == "literal" and one.value is True for one in args):
        return next((one for one in args if one.op != "literal" or one.value is not True), args[0])
    return replace(expr, args=args)


def _shown(expr: Expr | None) -> Iterator[Expr]:
    """The calls and fields in ``expr`` whose value helps to see why it failed, left to right."""
    if expr is None or expr.op == "literal":
        return
    is_call = expr.op == "call" and not is_aggregate(expr)
    if is_call or (expr.op == "field" and expr.value not in _NOT_SHOWN):
        yield expr
    for one in expr.args:
        yield from _shown(one)


def _explained(value: Any, reason: str) -> str:
    return f"{shown(value)} ({_cut(reason, REASON)})" if reason else shown(value)


def shown(value: Any) -> str:
    """A value as a report shows it: texts in quotes, cut, personal data and secrets masked."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        value = _cut(value, VALUE)
    return _cut(orjson.dumps(value, default=str).decode(), VALUE * 2)


def _cut(text: str, limit: int) -> str:
    """``text`` with what is delicate in it masked, and no longer than ``limit``."""
    return masked(text, limit) + ("…" if len(text) > limit else "")


def row_excerpt(row: Row) -> str:
    """The start of the row's text, masked."""
    return masked(text_of(row), EXCERPT)
