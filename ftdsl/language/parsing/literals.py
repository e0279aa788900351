"""What a literal token means: numbers with their units, and strings with their escapes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date

from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix
from ftdsl.language.source import Source
from ftdsl.language.tokens import Token
from ftdsl.language.tree import Literal, LiteralKind

MAX_INT = 2**63 - 1
"""The largest count: what every reader of plans and results can hold."""

_SECONDS = {"ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "B": 1}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "n": "\n", "t": "\t", "r": "\r"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)

Value = int | float | str | bool


def literal(token: Token, source: Source, problems: list[Diagnostic]) -> Literal:
    """The constant that ``token`` writes. A mistake in it is noted in ``problems``; the value is
    then a stand-in of the same kind."""
    span = source.span(token.start, token.end)
    if token.kind == "STRING":
        return Literal("text", _text(token, source, problems), span)
    if token.kind in _READERS:
        kind, reader = _READERS[token.kind]
        value = _number(reader, token, source, problems)
        if token.kind == "FLOAT" and isinstance(value, int):
            kind = "int"
        return Literal(kind, value, span)
    if token.kind in ("ODD_STRING", "OPEN_STRING"):
        return Literal("text", token.text.strip("\"'‘’‚“”„«»"), span)
    return Literal("int", 0, span)


def _text(token: Token, source: Source, problems: list[Diagnostic]) -> str:
    inner = token.text[1:-1]
    if "\\" not in inner:
        return inner

    def unescaped(match: re.Match[str]) -> str:
        name = match[1]
        if len(name) == 5:
            char = chr(int(name[1:], 16))
            if not 0xD800 <= ord(char) <= 0xDFFF:
                return char
        elif name in _ESCAPES:
            return _ESCAPES[name]
        start = token.start + 1 + match.start()
        problems.append(_bad_escape(match[0], start, source))
        return match[0]

    return _ESCAPE.sub(unescaped, inner)


def _bad_escape(text: str, start: int, source: Source) -> Diagnostic:
    span = source.span(start, start + len(text))
    if len(text) == 6:
        return Diagnostic(
            "FT015",
            f"`{text}` is half a character",
            span,
            label="a lone surrogate",
            help="write the character itself",
        )
    return Diagnostic(
        "FT015",
        f"a string knows no escape `{text}`",
        span,
        label="not an escape",
        help=f"a backslash is written `\\\\`: `\\{text}`",
        notes=('the escapes are \\" \\\\ \\/ \\n \\t \\r and \\uXXXX',),
        fix=Fix(f"write `\\{text}`", (Edit(source.span(start, start), "\\"),)),
    )


def _number(
    reader: Callable[[str], Value], token: Token, source: Source, problems: list[Diagnostic]
) -> Value:
    span = source.span(token.start, token.end)
    try:
        value = reader(token.text) if len(token.text) <= 64 else math.inf
    except ValueError:
        problems.append(
            Diagnostic(
                "FT013",
                f"there is no day {token.text}",
                span,
                label="not in the calendar",
                help="a date is written year-month-day, such as `2026-12-31`",
            )
        )
        return "2000-01-01"
    if isinstance(value, str) or value <= MAX_INT:
        return value
    shown = token.text if len(token.text) <= 24 else f"{token.text[:20]}…"
    problems.append(
        Diagnostic(
            "FT013",
            f"the number {shown} is too large",
            span,
            label="over the largest number",
            help=f"the largest number is {MAX_INT}",
        )
    )
    return 0


def _int(text: str) -> int:
    return int(text[:-1]) * 1000 if text.endswith("k") else int(text)


def _float(text: str) -> int | float:
    if not text.endswith("k"):
        return float(text)
    value = float(text[:-1] + "e3")
    return int(value) if value.is_integer() else value


def _hundredths(text: str) -> float:
    # Reading `95e-2` rounds once; 95 / 100 would round twice for shares such as 0.07%.
    return float(text.rstrip("%p") + "e-2")


def _duration(text: str) -> float:
    number = text.rstrip("msdh")
    return float(number) * _SECONDS[text[len(number) :]]


def _size(text: str) -> int:
    number = text.rstrip("BiKMGT")
    value = float(number) * _BYTES[text[len(number) :]]
    return round(value) if math.isfinite(value) else MAX_INT + 1


def _money(text: str) -> float:
    return float(text[1:])


def _date(text: str) -> str:
    return date.fromisoformat(text).isoformat()


_READERS: dict[str, tuple[LiteralKind, Callable[[str], Value]]] = {
    "INT": ("int", _int),
    "FLOAT": ("float", _float),
    "RATIO": ("ratio", _hundredths),
    "POINTS": ("points", _hundredths),
    "DURATION": ("duration", _duration),
    "SIZE": ("size", _size),
    "MONEY": ("money", _money),
    "DATE": ("date", _date),
    "TRUE": ("bool", lambda _: True),
    "FALSE": ("bool", lambda _: False),
}
