"""Mistakes in the characters and single tokens of a file, found before it is parsed."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator

from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Severity
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language.source import Source
from ftdsl.language.tokens import Token, foreign_meaning

_ODD_CHARACTERS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff"
    "\u00ad\u180e\u2028\u2029\u2060-\u2064\u200b-\u200d\ufeff\ud800-\udfff]|\r(?!\n)|\t"
)
MAX_FAULTS = 50
"""Odd characters of one file that are told."""
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset(
    "\u00ad\u180e\u2028\u2029\u2060\u2061\u2062\u2063\u2064\u200b\u200c\u200d\ufeff"
)
_CONFLICT = re.compile(r"^<{7} .*$", re.MULTILINE)
_UNITS = ("k", "%", "pp", "ms", "s", "m", "h", "d", "B", "KiB", "MiB", "GiB", "TiB")
_MEANT_UNITS = {
    "K": "k", "KB": "KiB", "MB": "MiB", "GB": "GiB", "TB": "TiB", "kb": "KiB", "mb": "MiB",
    "gb": "GiB", "sec": "s", "secs": "s", "min": "m", "mins": "m", "hr": "h", "hours": "h",
    "day": "d", "days": "d", "percent": "%", "pct": "%",
}  # fmt: skip
_UNIT = re.compile(r"(\$?)([0-9]+(?:\.[0-9]+)?)(.*)", re.DOTALL)


def character_faults(source: Source, tokens: list[Token]) -> list[Diagnostic]:
    """Control, direction and invisible characters, each place once; of tabs the first alone."""
    found = []
    tabbed = False
    strings = [token for token in tokens if token.kind in ("STRING", "OPEN_STRING")]
    starts = [token.start for token in strings]
    for match in _ODD_CHARACTERS.finditer(source.text):
        char, start = match[0], match.start()
        if char == "\ufeff" and start == 0:
            continue
        before = bisect_right(starts, start)
        in_text = before > 0 and start < strings[before - 1].end
        if char == "\t" and not in_text:
            if not tabbed:
                found.append(_tab(source, start))
            tabbed = True
        else:
            found.append(_character(source, start, in_text))
        if len(found) >= MAX_FAULTS:
            break
    return found


def _tab(source: Source, start: int) -> Diagnostic:
    return Diagnostic(
        "FT008",
        "a tab stands in this file",
        source.span(start, start + 1),
        Severity.WARNING,
        label="the first tab",
        help="indent with two spaces; `ftdsl fmt` does it",
        fix=Fix("replace with two spaces", (Edit(source.span(start, start + 1), "  "),)),
    )


def _character(source: Source, start: int, in_text: bool) -> Diagnostic:
    char = source.text[start]
    span = source.span(start, start + 1)
    name = f"U+{ord(char):04X}"
    delete = Fix(f"delete {name}", (Edit(span, ""),))
    if char in _BIDI:
        return Diagnostic(
            "FT006",
            f"a direction control ({name}) makes the text look other than it is",
            span,
            Severity.WARNING if in_text else Severity.ERROR,
            label="an invisible character",
            help=f"write it as `\\u{ord(char):04x}`" if in_text else "delete it",
            fix=Fix(f"write `\\u{ord(char):04x}`", (Edit(span, f"\\u{ord(char):04x}"),))
            if in_text
            else delete,
        )
    if char in _INVISIBLE:
        return Diagnostic(
            "FT007",
            f"an invisible character ({name}) stands here",
            span,
            Severity.WARNING,
            label="nothing to see",
            help=f"write it as `\\u{ord(char):04x}`" if in_text else "delete it",
            fix=Fix(f"write `\\u{ord(char):04x}`", (Edit(span, f"\\u{ord(char):04x}"),))
            if in_text
            else delete,
        )
    return Diagnostic(
        "FT005",
        f"a control character ({name}) stands in this file",
        span,
        label="not text",
        help="delete it" if not in_text else "delete it, or write an escape such as `\\t`",
        fix=delete,
    )


def conflict(source: Source) -> Diagnostic | None:
    """The first unresolved merge conflict, or None."""
    match = _CONFLICT.search(source.text)
    if match is None:
        return None
    line = source.position(match.start())[0]
    return Diagnostic(
        "FT026",
        f"a merge conflict at line {line} is not resolved",
        source.span(match.start(), match.end()),
        label="the conflict begins here",
        help="keep one side and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`",
    )


def token_faults(source: Source, tokens: list[Token]) -> Iterator[Diagnostic]:
    """What is wrong within single tokens: strings, numbers, names, signs."""
    last_character = -1
    for token in tokens:
        teller = _TELLERS.get(token.kind)
        if teller is None:
            continue
        if token.kind == "BAD_CHARACTER":
            if _ODD_CHARACTERS.match(token.text) or token.start == last_character:
                last_character = token.end
                continue
            last_character = token.end
        yield teller(source, token)


def _open_string(source: Source, token: Token) -> Diagnostic:
    odd = next((i for i, char in enumerate(token.text) if char in "”“„"), None)
    help = 'end it with `"` on the same line; a line break in it is written `\\n`'
    if odd is not None:
        return _odd_string(source, Token(token.kind, token.text[: odd + 1], token.start))
    return Diagnostic(
        "FT010",
        "the text that begins here is never closed",
        source.span(token.start, token.start + 1),
        label='no closing `"` on this line',
        help=help,
    )


def _odd_string(source: Source, token: Token) -> Diagnostic:
    inner = token.text[1:-1]
    first, last = token.start, token.end - 1
    edits = (Edit(source.span(first, first + 1), '"'), Edit(source.span(last, last + 1), '"'))
    return Diagnostic(
        "FT011",
        f"texts stand in straight double quotes, not in {token.text[0]}{token.text[-1]}",
        source.span(token.start, token.end),
        label="other quotes",
        help=f'did you mean `"{inner if len(inner) <= 32 else inner[:30] + "…"}"`?',
        fix=Fix("use straight double quotes", edits) if "\\" not in inner else None,
    )


def _bad_number(source: Source, token: Token) -> Diagnostic:
    span = source.span(token.start, token.end)
    shown = token.text if len(token.text) <= 32 else f"{token.text[:30]}…"
    help, fix = (
        "the units are " + " ".join(f"`{unit}`" for unit in _UNITS) + " and `$` before",
        None,
    )
    match = _UNIT.fullmatch(token.text)
    if match and match[3]:
        unit = match[3]
        better = _meant_unit(unit) if not match[1] else None
        if better:
            text = f"{match[2]}{better}"
            help, fix = (
                f"did you mean `{text}`?",
                Fix(f"write `{text}`", (Edit(span, text),), False),
            )
        elif match[1]:
            help = "money is written `$40` or `$0.60`"
    label = "not a number"
    return Diagnostic("FT012", f"`{shown}` is not a number", span, label=label, help=help, fix=fix)


def _meant_unit(unit: str) -> str | None:
    return _MEANT_UNITS.get(unit) or (suggest(unit, _UNITS) if len(unit) > 1 else None)


def _bad_name(source: Source, token: Token) -> Diagnostic:
    folded = unicodedata.normalize("NFKD", token.text).encode("ascii", "ignore").decode()
    span = source.span(token.start, token.end)
    good = bool(re.fullmatch(r"[A-Za-z_]\w*", folded)) and len(folded) >= len(token.text)
    return Diagnostic(
        "FT019",
        f"the name `{token.text[:32]}` has letters other than a to z",
        span,
        label="names are made of a-z, A-Z, 0-9 and _",
        help=f"did you mean `{folded}`?" if good else "take another name",
        fix=Fix(f"replace with `{folded}`", (Edit(span, folded),), safe=False) if good else None,
    )


def _foreign(source: Source, token: Token) -> Diagnostic:
    span = source.span(token.start, token.end)
    meant = foreign_meaning(token.text)
    if not meant:
        return Diagnostic(
            "FT028",
            f"`{token.text}` is not part of the language",
            span,
            label="nothing separates statements",
            help="delete it",
            fix=Fix(f"delete `{token.text}`", (Edit(span, ""),)),
        )
    before = " " if source.text[span.start - 1 : span.start].strip() else ""
    after = " " if source.text[span.end : span.end + 1].strip() else ""
    return Diagnostic(
        "FT028",
        f"`{token.text}` is written `{meant}`",
        span,
        label=f"write `{meant}`",
        help=f"did you mean `{meant}`?",
        fix=Fix(f"replace with `{meant}`", (Edit(span, f"{before}{meant}{after}"),)),
    )


def _bad_character(source: Source, token: Token) -> Diagnostic:
    char = token.text
    name = unicodedata.name(char, "")
    shown = f"`{char}`" if char.isprintable() else f"U+{ord(char):04X}"
    return Diagnostic(
        "FT009",
        f"{shown} is not part of the language",
        source.span(token.start, token.end),
        label=name.lower() or "unknown character",
        help="delete it, or put it into a text in double quotes",
        fix=Fix("delete it", (Edit(source.span(token.start, token.end), ""),), safe=False),
    )


_TELLERS = {
    "OPEN_STRING": _open_string,
    "ODD_STRING": _odd_string,
    "BAD_NUMBER": _bad_number,
    "BAD_NAME": _bad_name,
    "FOREIGN": _foreign,
    "BAD_CHARACTER": _bad_character,
}
