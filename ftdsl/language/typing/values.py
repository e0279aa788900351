"""Constants: folding arithmetic over literals, and writing typed expressions as text again."""

from __future__ import annotations

import math

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.language.program import Expr, Type, Value

_LOOSENESS = {
    "or": 1, "and": 2, "not": 3, "in": 4, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4,
    "??": 5, "+": 6, "-": 6, "*": 7, "/": 7, "neg": 8,
}  # fmt: skip
_ATOM = 9


def literal(value: Value, kind: Type, source: str = "", span: Span | None = None) -> Expr:
    """A constant."""
    return Expr("literal", kind, value=value, source=source or written(value, kind), span=span)


def is_constant(expr: Expr) -> bool:
    """Whether ``expr`` is a literal or a list of literals."""
    return expr.op == "literal" or (
        expr.op == "list" and all(item.op == "literal" for item in expr.args)
    )


def fold(op: str, kind: Type, args: tuple[Expr, ...]) -> Value:
    """The value of arithmetic over literals; None where it is not one, or has no finite value."""
    numbers = [arg.value for arg in args if arg.op == "literal"]
    if len(numbers) != len(args) or op not in ("+", "-", "*", "/", "neg"):
        return None
    plain = [number for number in numbers if isinstance(number, int | float)]
    if len(plain) != len(args):
        return None
    try:
        result = _computed(op, plain)
    except (ZeroDivisionError, OverflowError):
        return None
    if kind.name in ("int", "size"):
        return result if isinstance(result, int) or not result.is_integer() else int(result)
    try:
        number = float(result)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _computed(op: str, numbers: list[int | float]) -> int | float:
    if op == "neg":
        return -numbers[0]
    left, right = numbers
    if op == "+":
        return left + right
    if op == "-":
        return left - right
    return left * right if op == "*" else left / right


def written(value: Value, kind: Type) -> str:
    """A constant as one writes it in a spec."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if kind.name == "date" else '"' + value.replace('"', '\\"') + '"'
    if value is None:
        return "none"
    if kind.name == "ratio":
        return f"{number(value * 100)}%"
    if kind.name == "points":
        return f"{number(value * 100)}pp"
    if kind.name == "money":
        return f"${number(value)}"
    return f"{number(value)}{ {'duration': 's', 'size': 'B'}.get(kind.name, '') }"


def number(value: int | float) -> str:
    """A number without a needless tail: ``95``, not ``95.00000000000001``."""
    if isinstance(value, int):
        return str(value)
    rounded = float(f"{value:.12g}")
    return str(int(rounded)) if rounded.is_integer() and abs(rounded) < 1e15 else repr(rounded)


def text_of(op: str, value: Value, args: tuple[Expr, ...]) -> str:
    """An expression's text from those of its parts, for expressions nobody wrote."""
    if op == "call":
        return f"{value}({', '.join(arg.source for arg in args)})"
    if op == "list":
        return f"[{', '.join(arg.source for arg in args)}]"
    level = _LOOSENESS.get(op, _ATOM)
    parts = [
        f"({arg.source})" if _LOOSENESS.get(arg.op, _ATOM) < level else arg.source for arg in args
    ]
    if op == "not":
        return f"not {parts[0]}"
    return f"-{parts[0]}" if op == "neg" else f" {op} ".join(parts)
