"""Types of the expression language: units, what fits where, and what an operation yields."""

from __future__ import annotations

from functools import lru_cache

from ftdsl.language.program import Expr, Type

TEXT, INT, FLOAT, BOOL = Type("text"), Type("int"), Type("float"), Type("bool")
RATIO, POINTS, DURATION = Type("ratio"), Type("points"), Type("duration")
MONEY, SIZE, DATE = Type("money"), Type("size"), Type("date")
ROW, ROWS, MESSAGE = Type("row"), Type("rows"), Type("message")

QUANTITIES = frozenset({"int", "float", "ratio", "points", "duration", "money", "size"})
PLAIN_NUMBERS = frozenset({"int", "float"})
_SIMPLE = frozenset({*QUANTITIES, "text", "bool", "date", "row", "rows", "message"})

DESCRIPTIONS = {
    "text": "a text",
    "int": "a whole number",
    "float": "a number",
    "ratio": "a ratio",
    "points": "a difference in points",
    "duration": "a duration",
    "money": "an amount of money",
    "size": "a size",
    "date": "a date",
    "bool": "a yes-or-no value",
    "list": "a list",
    "row": "a row",
    "rows": "all rows",
    "message": "a message",
    "number": "a quantity",
    "share": "a ratio",
    "any": "a value",
    "regex": "a pattern",
    "path": "a path",
    "optional": "a value that may be null",
    "locked": "the word `locked`",
}

PLURALS = {
    "text": "texts",
    "int": "whole numbers",
    "float": "numbers",
    "number": "quantities",
    "bool": "yes-or-no values",
    "message": "messages",
    "ratio": "ratios",
    "date": "dates",
}

SAMPLES = {
    "ratio": "95%",
    "points": "1pp",
    "duration": "2s",
    "money": "$40",
    "size": "10MiB",
    "date": "2026-12-31",
    "int": "400",
    "float": "0.85",
    "text": '"…"',
    "bool": "true",
    "share": "95%",
}


def list_of(element: Type) -> Type:
    """The type of a list of ``element``."""
    return Type("list", element=element)


@lru_cache(maxsize=256)
def parse_type(text: str) -> Type:
    """The type that the catalog writes as ``text``, ``text?`` or ``list(text)``."""
    if text.endswith("?"):
        inner = parse_type(text[:-1])
        return Type(inner.name, optional=True, element=inner.element)
    if text.startswith("list("):
        return list_of(parse_type(text[5:-1]))
    return Type(text)


def required(kind: Type) -> Type:
    """``kind`` without the possibility of null."""
    return Type(kind.name, element=kind.element) if kind.optional else kind


def describe(kind: Type) -> str:
    """``kind`` in words, with an article: ``a ratio``, ``a text that may be null``."""
    if kind.name == "list" and kind.element is not None and kind.element.name != "any":
        words = f"a list of {PLURALS.get(kind.element.name, kind.element.name)}"
    else:
        words = DESCRIPTIONS.get(kind.name, f"a {kind.name}")
    return f"{words} that may be null" if kind.optional else words


def fits(wanted: str, given: Expr) -> bool:
    """Whether ``given`` may stand where the catalog type ``wanted`` is asked for (null aside)."""
    return any(_fits_one(option, given) for option in wanted.split("|"))


def _fits_one(wanted: str, given: Expr) -> bool:
    name = given.type.name
    if wanted in ("any", "optional"):
        return name not in ("rows",)
    if wanted == "number":
        return name in QUANTITIES
    if wanted == "share":
        return name in ("ratio", "float") or (given.op == "literal" and given.value in (0, 1))
    if wanted in ("regex", "path"):
        return name == "text"
    if wanted == "float":
        return name in PLAIN_NUMBERS
    if wanted.startswith("list("):
        return name == "list" and _element_fits(wanted[5:-1], given.type)
    return name == wanted


def _element_fits(wanted: str, given: Type) -> bool:
    element = given.element
    if element is None or wanted == "any" or element.name == "any":
        return True
    if wanted == "number":
        return element.name in QUANTITIES
    return element.name == wanted or (wanted == "float" and element.name == "int")


def assignable(wanted: Type, given: Type) -> bool:
    """Whether a value of ``given`` may be passed as ``wanted``: the same, or int as float."""
    if given.optional and not wanted.optional:
        return False
    if wanted.name == "list" and given.name == "list":
        return (
            wanted.element is None
            or given.element is None
            or given.element.name == "any"
            or assignable(wanted.element, given.element)
        )
    return wanted.name == given.name or (wanted.name == "float" and given.name == "int")


def join(first: Type, second: Type) -> Type | None:
    """The type that holds both: the same type, or float for int and float."""
    optional = first.optional or second.optional
    if first.name == second.name:
        return Type(first.name, optional, first.element or second.element)
    if {first.name, second.name} == PLAIN_NUMBERS:
        return Type("float", optional)
    return None


def arithmetic(op: str, left: str, right: str) -> str | None:
    """The type of ``left op right`` by their names, or None where it means nothing."""
    if left not in QUANTITIES or right not in QUANTITIES:
        return None
    if op in "+-":
        return _sum(left, right)
    return _product(left, right) if op == "*" else _quotient(left, right)


def _sum(left: str, right: str) -> str | None:
    if left == right:
        return left
    if {left, right} == PLAIN_NUMBERS:
        return "float"
    if right == "points" and left in ("ratio", "float"):
        return left
    if left == "points" and right in ("ratio", "float"):
        return right
    return None


def _product(left: str, right: str) -> str | None:
    if left in PLAIN_NUMBERS and right in PLAIN_NUMBERS:
        return "int" if left == right == "int" else "float"
    if {left, right} <= {"ratio", "int", "float"}:
        return "ratio" if left == right else "float"
    for unit, factor in ((left, right), (right, left)):
        if factor in ("int", "float", "ratio"):
            return unit
    return None


def _quotient(left: str, right: str) -> str | None:
    if left == right or (left in PLAIN_NUMBERS and right in ("int", "float", "ratio")):
        return "float"
    if right in ("int", "float", "ratio"):
        return left
    return None
