"""Calls of a spec's own functions, replaced by the function's body."""

from __future__ import annotations

from collections.abc import Mapping

from ftdsl.language.program import Expr, Type
from ftdsl.language.typing.values import fold, literal, text_of
from ftdsl.record import replace

MAX_DEPTH = 150
"""Levels that an expression may have once functions are inlined."""


def measure(expr: Expr) -> tuple[int, int]:
    """How many parts ``expr`` has, and how many levels."""
    nodes, deepest = 0, 0
    stack = [(expr, 1)]
    while stack:
        node, level = stack.pop()
        nodes, deepest = nodes + 1, max(deepest, level)
        stack.extend((arg, level + 1) for arg in node.args)
    return nodes, deepest


def substitute(body: Expr, arguments: Mapping[str, Expr]) -> Expr:
    """``body`` with its parameters replaced; constants are folded and texts written anew."""
    if body.op == "param":
        given = arguments[str(body.value)]
        return given if body.type.optional else replace(given, type=_required(given, body))
    if not body.args:
        return body
    args = tuple(substitute(arg, arguments) for arg in body.args)
    if all(new is old for new, old in zip(args, body.args, strict=True)):
        return body
    value = fold(body.op, body.type, args)
    if value is not None:
        return literal(value, body.type, span=body.span)
    return replace(body, args=args, source=text_of(body.op, body.value, args))


def _required(given: Expr, parameter: Expr) -> Type:
    return replace(given.type, optional=parameter.type.optional)
