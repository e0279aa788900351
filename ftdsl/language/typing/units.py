"""Values in a wrong unit: what was expected, and what was probably meant."""

from __future__ import annotations

import re

from ftdsl.diagnostics.diagnostic import Fix
from ftdsl.language import tree
from ftdsl.language.program import Expr, Type
from ftdsl.language.reporting import replace
from ftdsl.language.types import PLAIN_NUMBERS, SAMPLES, describe
from ftdsl.language.typing.values import number

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SCALES = {"ratio": "{}%", "points": "{}pp", "money": "${}"}
"""Units whose plain number leaves no doubt about what was meant."""


def bare(node: tree.Expr) -> tree.Expr:
    """``node`` without its parentheses."""
    while isinstance(node, tree.Paren):
        node = node.inner
    return node


def is_bare_number(node: tree.Expr) -> bool:
    """Whether ``node`` is a plain number as written, such as ``1`` or ``0.5``."""
    node = bare(node)
    return isinstance(node, tree.Literal) and node.kind in PLAIN_NUMBERS


def expected(wanted: str, given: Expr) -> str:
    """What should have stood there, in words, with the number that was given in the right unit."""
    sample = "" if wanted in ("text", "bool") else SAMPLES.get(wanted, "")
    if wanted in _SCALES and given.op == "literal" and isinstance(given.value, int | float):
        sample = _SCALES[wanted].format(number(given.value))
    return f"{describe(Type(wanted))} such as `{sample}`" if sample else describe(Type(wanted))


def unit_help(node: tree.Expr, given: Expr, wanted: str) -> tuple[str, Fix | None]:
    """Help and fix for a plain number where a unit is wanted."""
    if not isinstance(node, tree.Literal):
        return "", None
    if node.kind == "text" and wanted == "date" and _DATE.fullmatch(str(given.value)):
        return "a date is written without quotes", replace(node.span, str(given.value))
    if node.kind not in PLAIN_NUMBERS:
        return "", None
    if not isinstance(given.value, int | float):
        return "", None
    shown = number(given.value)
    if wanted in _SCALES:
        meant = _SCALES[wanted].format(shown)
        if wanted == "ratio" and 0 < given.value < 1:
            share = f"{number(given.value * 100)}%"
            return f"write `{share}`, or `{meant}` if you mean the percentage", None
        return f"did you mean `{meant}`?", replace(node.span, meant)
    if wanted == "duration":
        return f"say which unit: `{shown}s`, `{shown}m` or `{shown}h`", None
    if wanted == "size":
        return f"say which unit: `{shown}KiB` or `{shown}MiB`", None
    return "", None


def kind_help(wanted: Expr, blamed: Expr, node: tree.Expr) -> tuple[str, Fix | None]:
    """Help and fix for a value of another kind than the one beside it."""
    if isinstance(node, tree.Literal) and wanted.type.name == "text":
        quoted = f'"{blamed.source}"'
        return f"a text is written in quotes: `{quoted}`", replace(node.span, quoted)
    if isinstance(node, tree.Literal) and _NUMBER.fullmatch(str(blamed.value)):
        meant = str(blamed.value)
        if wanted.type.name in PLAIN_NUMBERS:
            return f"a number is written without quotes: `{meant}`", replace(node.span, meant)
        return "", None
    if wanted.type.name in PLAIN_NUMBERS and blamed.type.name == "text" and blamed.op != "literal":
        return f"to count something of the text, write `words({blamed.source})`", None
    return "", None
