"""What a requirement asks: a weighted sum of measures, compared with a bound."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.language.program import Expr
from ftdsl.record import record

_FLIPPED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}
_SLACK = 1e-12  # what rounding may add to a sum of shares


class Undecidable(Exception):
    """The condition is no comparison of a weighted sum; the message says what it is instead."""


@record
class Condition:
    """The sum of weight times measure, compared by ``op`` with ``bound``. The candidate's measures
    are called as in the spec; the baseline's begin with ``baseline.``."""

    weights: tuple[tuple[str, float], ...]
    op: str
    bound: float

    def verdict(self, low: float, high: float) -> str:
        """``pass`` if the condition holds for all of [low, high], ``fail`` if for none of it."""
        if self.op in ("<=", "<"):
            return Condition((), _FLIPPED[self.op], -self.bound).verdict(-high, -low)
        strict = _SLACK if self.op == ">" else -_SLACK
        if low >= self.bound + strict:
            return "pass"
        return "fail" if high < self.bound + strict else "inconclusive"


def conditions(expr: Expr) -> Iterator[Condition]:
    """The comparisons that ``expr`` joins with ``and``. Raises ``Undecidable``."""
    if expr.op == "and":
        for one in expr.args:
            yield from conditions(one)
        return
    if expr.op not in _FLIPPED:
        raise Undecidable(f"`{expr.op}` is no comparison by size")
    left, right = (linear(one) for one in expr.args)
    op = expr.op
    if set(left) <= {""}:  # the bound was written first
        left, right, op = right, left, _FLIPPED[op]
    total = dict(left)
    for name, weight in right.items():
        total[name] = total.get(name, 0.0) - weight
    bound = -total.pop("", 0.0)
    yield Condition(tuple((n, w) for n, w in total.items() if w != 0.0), op, bound)


def linear(expr: Expr) -> dict[str, float]:
    """The weight of each measure in ``expr``; "" is the constant. Raises ``Undecidable``."""
    if expr.op == "measure":
        return {str(expr.value): 1.0}
    if expr.op == "literal" and isinstance(expr.value, int | float):
        return {"": float(expr.value)}
    if expr.op == "neg":
        return _scaled(linear(expr.args[0]), -1.0)
    if expr.op in ("+", "-"):
        left, right = (linear(one) for one in expr.args)
        sign = 1.0 if expr.op == "+" else -1.0
        return {
            name: left.get(name, 0.0) + sign * right.get(name, 0.0)
            for name in dict.fromkeys((*left, *right))
        }
    if expr.op in ("*", "/"):
        return _product(expr)
    raise Undecidable(f"`{expr.source or expr.op}` is no sum of measures")


def _product(expr: Expr) -> dict[str, float]:
    left, right = (linear(one) for one in expr.args)
    if expr.op == "*" and set(left) <= {""}:
        left, right = right, left
    if not set(right) <= {""}:
        raise Undecidable(f"`{expr.source}` multiplies or divides measures with each other")
    factor = right.get("", 0.0)
    if expr.op == "/" and factor == 0:
        raise Undecidable(f"`{expr.source}` divides by zero")
    return _scaled(left, factor if expr.op == "*" else 1 / factor)


def _scaled(weights: dict[str, float], factor: float) -> dict[str, float]:
    return {name: weight * factor for name, weight in weights.items()}
