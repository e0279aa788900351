"""What values an expression can have, and whether conditions can hold together."""

from __future__ import annotations

import math
from itertools import pairwise

from ftdsl.language import catalog
from ftdsl.language.program import Expr
from ftdsl.language.tree import BinaryOp
from ftdsl.record import fresh, record

Interval = tuple[float, float]
Facts = list[tuple[Expr, bool]]

ANYTHING: Interval = (-math.inf, math.inf)
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
NEGATED: dict[str, BinaryOp] = {
    "==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<",
}  # fmt: skip
FLIPPED: dict[str, BinaryOp] = {
    "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip
_RELATIONS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MAX_BRANCHES = 64

_VIEW_MINIMA = {
    view.name: view.minimum
    for entry in catalog.FORMATS.values()
    for view in entry.views
    if view.minimum is not None
}
_MEASURES = {entry.name.rpartition("SCORE")[2]: entry for entry in catalog.MEASURES}


def interval(expr: Expr) -> Interval:
    """The closed interval that a quantity lies in, as far as the catalog tells."""
    if expr.op == "literal" and isinstance(expr.value, int | float):
        return _point(expr.value)
    if expr.op == "field":
        low = _VIEW_MINIMA.get(str(expr.value))
        return (low if low is not None else -math.inf, math.inf)
    if expr.op == "measure":
        return _measured(str(expr.value))
    if expr.op == "call":
        entry = catalog.FUNCTIONS.get(str(expr.value))
        if entry is None:
            return ANYTHING
        low = -math.inf if entry.minimum is None else entry.minimum
        return (low, math.inf if entry.maximum is None else entry.maximum)
    if expr.op == "neg":
        low, high = interval(expr.args[0])
        return (-high, -low)
    if expr.op in ("+", "-", "*"):
        return _combined(expr.op, interval(expr.args[0]), interval(expr.args[1]))
    return ANYTHING


def _point(value: float) -> Interval:
    try:
        return (float(value), float(value))
    except OverflowError:
        return ANYTHING


def _measured(name: str) -> Interval:
    """By the measure's ending: in ``golden.exact.mean`` the declared names come first."""
    parts = name.split(".")
    for start in range(len(parts)):
        tail = ".".join(parts[start:])
        entry = _MEASURES.get(tail) or _MEASURES.get(f".{tail}")
        if entry is not None:
            low = -math.inf if entry.minimum is None else entry.minimum
            return (low, math.inf if entry.maximum is None else entry.maximum)
    return ANYTHING


def _combined(op: str, left: Interval, right: Interval) -> Interval:
    if op == "-":
        op, right = "+", (-right[1], -right[0])
    if op == "+":
        return _clean(left[0] + right[0], left[1] + right[1])
    corners = [a * b if a and b else 0.0 for a in left for b in right]
    return _clean(min(corners), max(corners))


def _clean(low: float, high: float) -> Interval:
    return (-math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high)


def key(expr: Expr) -> tuple[object, ...]:
    """What makes two expressions the same: everything but where and how they were written."""
    return (expr.op, expr.value, *(key(argument) for argument in expr.args))


def impossible(facts: Facts) -> bool:
    """Whether the facts, each an expression and whether it holds, can never hold together.

    False where that is not known. Looks at comparisons, memberships and what the catalog says a
    quantity can be; alternatives are tried one by one, up to a small number.
    """
    return _Search().impossible(facts, _Store())


@record(frozen=False)
class _Store:
    """What is known of each quantity, text and statement on one branch."""

    ranges: dict[tuple[object, ...], tuple[float, bool, float, bool]] = fresh(default_factory=dict)
    members: dict[tuple[object, ...], frozenset[object]] = fresh(default_factory=dict)
    excluded: dict[tuple[object, ...], frozenset[object]] = fresh(default_factory=dict)
    relations: dict[tuple[object, ...], frozenset[str]] = fresh(default_factory=dict)
    statements: dict[tuple[object, ...], bool] = fresh(default_factory=dict)

    def copy(self) -> _Store:
        return _Store(
            dict(self.ranges),
            dict(self.members),
            dict(self.excluded),
            dict(self.relations),
            dict(self.statements),
        )


class _Search:
    def __init__(self) -> None:
        self.branches = 0

    def impossible(self, facts: Facts, store: _Store) -> bool:
        """Adds the facts one by one; splits at an alternative."""
        waiting = list(facts)
        alternatives: list[Facts] = []
        while waiting:
            expr, holds = waiting.pop()
            if expr.op == "not":
                waiting.append((expr.args[0], not holds))
            elif expr.op in ("and", "or"):
                sides = [(expr.args[0], holds), (expr.args[1], holds)]
                if (expr.op == "and") is holds:
                    waiting.extend(reversed(sides))
                else:
                    alternatives.append(sides)
            elif _contradicts(store, expr, holds):
                return True
        if not alternatives or self.branches >= _MAX_BRANCHES:
            return False
        first, rest = alternatives[0], alternatives[1:]
        for side in first:
            self.branches += 1
            more: Facts = [side, *((_either(one), True) for one in rest)]
            if not self.impossible(more, store.copy()):
                return False
        return True


def _either(sides: Facts) -> Expr:
    """The alternatives as one expression again, for the next round."""
    parts = [expr if holds else Expr("not", expr.type, (expr,)) for expr, holds in sides]
    return Expr("or", parts[0].type, tuple(parts))


def _contradicts(store: _Store, expr: Expr, holds: bool) -> bool:
    """Adds one fact to ``store``; True if it cannot hold with the others."""
    if expr.op == "literal":
        return expr.value is not holds
    if expr.op in COMPARISONS:
        op = expr.op if holds else NEGATED[expr.op]
        return _compare(store, op, expr.args[0], expr.args[1])
    if expr.op == "in" and expr.args[1].op == "list":
        items = expr.args[1].args
        if all(item.op == "literal" for item in items):
            return _member(store, expr.args[0], frozenset(item.value for item in items), holds)
    known = store.statements.setdefault(key(expr), holds)
    return known is not holds


def _compare(store: _Store, op: str, left: Expr, right: Expr) -> bool:
    if left.op == "literal" and right.op != "literal":
        left, right, op = right, left, FLIPPED[op]
    if right.op == "literal" and not isinstance(right.value, int | float):
        return _member(store, left, frozenset([right.value]), op == "==")
    if right.op == "literal" and not isinstance(right.value, bool):
        return _bound(store, left, op, interval(right)[0])
    if right.op == "literal":
        return _contradicts(store, left, (op == "==") is right.value)
    return _relate(store, op, left, right)


def _bound(store: _Store, term: Expr, op: str, value: float) -> bool:
    """Narrows the range of ``term``; True once it is empty."""
    name = key(term)
    if op == "!=":
        gone = store.excluded[name] = store.excluded.get(name, frozenset()) | {value}
        low, _, high, _ = store.ranges.get(
            name, (*interval(term)[:1], False, interval(term)[1], False)
        )
        return low == high and low in gone
    low, low_open, high, high_open = store.ranges.get(
        name, (interval(term)[0], False, interval(term)[1], False)
    )
    if op in (">", ">=", "==") and (value, op == ">") > (low, low_open):
        low, low_open = value, op == ">"
    if op in ("<", "<=", "==") and (value, op != "<") < (high, not high_open):
        high, high_open = value, op == "<"
    if term.type.name == "int":
        low, low_open = (_floor(low) + 1 if low_open else _ceil(low)), False
        high, high_open = (_ceil(high) - 1 if high_open else _floor(high)), False
    store.ranges[name] = (low, low_open, high, high_open)
    if low == high and low in store.excluded.get(name, frozenset()):
        return True
    return low > high or (low == high and (low_open or high_open))


def _ceil(value: float) -> float:
    return value if math.isinf(value) else math.ceil(value)


def _floor(value: float) -> float:
    return value if math.isinf(value) else math.floor(value)


def _member(store: _Store, term: Expr, values: frozenset[object], holds: bool) -> bool:
    if term.op == "literal":
        return (term.value in values) is not holds
    name = key(term)
    if not holds:
        store.excluded[name] = store.excluded.get(name, frozenset()) | values
    elif name in store.members:
        store.members[name] &= values
    else:
        store.members[name] = values
    left = store.members.get(name)
    return left is not None and not left - store.excluded.get(name, frozenset())


def _relate(store: _Store, op: str, left: Expr, right: Expr) -> bool:
    """Keeps which of <, = and > are still possible between two terms."""
    one, other = key(left), key(right)
    if repr(one) > repr(other):
        left, right, one, other, op = right, left, other, one, FLIPPED[op]
    possible = store.relations.get((one, other))
    if possible is None:
        (low, high), (floor, ceiling) = interval(left), interval(right)
        possible = frozenset(
            "=" if one == other else "".join(
                ("<" if low < ceiling else "", ">" if high > floor else "",
                 "=" if low <= ceiling and floor <= high else "")
            )
        )  # fmt: skip
    store.relations[one, other] = possible & frozenset(_RELATIONS[op])
    return not store.relations[one, other]


def rising(values: list[float]) -> bool:
    """Whether each value is larger than the one before."""
    return all(before < after for before, after in pairwise(values))
