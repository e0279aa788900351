"""A diagnostic as text: with the lines it is about and carets under them, or on one line.

Pure: a diagnostic and the texts of its files give a string. What comes from a file is made inert:
control, bidirectional and invisible characters are shown as visible ones of one column.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Protocol

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span

WIDTH = 100
"""Columns of an excerpt's line; of longer lines the part around the caret is shown."""

_TAB = "    "
_CONTEXT = 30
_RED, _YELLOW, _BLUE, _BOLD, _CYAN = "1;31", "1;33", "1;34", "1", "36"


class SourceText(Protocol):
    """A file that diagnostics are about."""

    @property
    def text(self) -> str:
        """The whole text; lines end at ``\\n``."""


def render_full(
    diagnostic: Diagnostic, sources: Mapping[str, SourceText], *, color: bool = False
) -> str:
    """The message, the lines it is about with carets, notes and help. No line end at the end."""
    return "\n".join(_lines(diagnostic, sources, color))


def render_concise(diagnostic: Diagnostic, sources: Mapping[str, SourceText]) -> str:
    """``path:line:column: error[CODE]: message`` on one line."""
    return _head(diagnostic, sources, color=False)


def position(sources: Mapping[str, SourceText], span: Span) -> tuple[int, int] | None:
    """1-based line and column, in characters, of the start of ``span``; None for an unread file."""
    source = sources.get(span.path)
    if source is None:
        return None
    start = min(span.start, len(source.text))
    before = source.text.rfind("\n", 0, start) + 1
    return source.text.count("\n", 0, start) + 1, start - before + 1


def _lines(diagnostic: Diagnostic, sources: Mapping[str, SourceText], color: bool) -> Iterator[str]:
    tone = _RED if diagnostic.severity is Severity.ERROR else _YELLOW
    yield _head(diagnostic, sources, color=color)
    places = [diagnostic.span, *(label.span for label in diagnostic.related)]
    found = [place for place in (position(sources, span) for span in places) if place]
    gutter = len(str(max((line for line, _ in found), default=0))) + 1
    bar = _paint(f"{' ' * gutter}|", _BLUE, color)
    shown = _excerpt(diagnostic.span, diagnostic.label, "^", sources, gutter, tone, color)
    yield from shown
    for label in diagnostic.related:
        place = position(sources, label.span)
        where = f":{place[0]}:{place[1]}" if place else ""
        arrow = _paint(f"{' ' * (gutter - 1)}-->", _BLUE, color)
        yield f"{arrow} {inert(label.span.path)}{where}"
        yield from _excerpt(label.span, label.message, "-", sources, gutter, _BLUE, color)
    remarks = [*(("note", note) for note in diagnostic.notes)]
    if diagnostic.help:
        ready = " (fix available)" if diagnostic.fix is not None else ""
        remarks.append(("help", f"{diagnostic.help}{ready}"))
    elif diagnostic.fix is not None:
        remarks.append(("help", f"{diagnostic.fix.title} (fix available)"))
    if remarks and (position(sources, diagnostic.span) is not None or diagnostic.related):
        yield bar
    for kind, text in remarks:
        sign = _paint(f"{' ' * gutter}=", _BLUE, color)
        word = _paint(f"{kind}:", _BOLD if kind == "note" else _CYAN, color)
        yield f"{sign} {word} {inert(text)}"


def _head(diagnostic: Diagnostic, sources: Mapping[str, SourceText], *, color: bool) -> str:
    place = position(sources, diagnostic.span)
    where = f":{place[0]}:{place[1]}" if place else ""
    path = f"{inert(diagnostic.span.path)}{where}: " if diagnostic.span.path else ""
    tone = _RED if diagnostic.severity is Severity.ERROR else _YELLOW
    word = _paint(f"{diagnostic.severity.value}[{diagnostic.code}]", tone, color)
    return f"{path}{word}: {_paint(inert(diagnostic.message), _BOLD, color)}"


def _excerpt(
    span: Span,
    label: str,
    sign: str,
    sources: Mapping[str, SourceText],
    gutter: int,
    tone: str,
    color: bool,
) -> Iterator[str]:
    """The first line of ``span`` between bars, signs under it and the label after them."""
    place = position(sources, span)
    if place is None:
        return
    number, column = place
    text = sources[span.path].text
    start = min(span.start, len(text)) - column + 1
    end = text.find("\n", start)
    line = text[start : len(text) if end < 0 else end].rstrip("\r")
    length = max(1, min(span.end, start + len(line)) - span.start)
    before, marked, shown = _window(line, column - 1, length)
    bar = _paint(f"{' ' * gutter}|", _BLUE, color)
    yield bar
    margin = _paint(f"{number:>{gutter - 1}} |", _BLUE, color)
    yield f"{margin} {shown}".rstrip()
    signs = f"{sign * marked}{' ' if label else ''}{inert(label)}"
    yield f"{bar} {' ' * before}{_paint(signs, tone, color)}"


def _window(line: str, column: int, length: int) -> tuple[int, int, str]:
    """Columns before the signs, columns of the signs, and the part of the line that is shown."""
    left, middle = inert(line[:column]), inert(line[column : column + length])
    right = inert(line[column + length :])
    before, marked = columns(left), max(1, columns(middle))
    if before + columns(middle) + columns(right) <= WIDTH:
        return before, marked, left + middle + right
    if before + marked > WIDTH - _CONTEXT // 2:
        kept = _tail(left, _CONTEXT)
        left, before = f"…{kept}", columns(kept) + 1
    if before + marked > WIDTH - 1:
        middle = _start(middle, WIDTH - 1 - before)
        return before, columns(middle) + 1, f"{left}{middle}…"
    rest = _start(right, WIDTH - 1 - before - marked)
    return before, marked, f"{left}{middle}{rest}{'…' if rest != right else ''}"


def _start(text: str, width: int) -> str:
    """The longest beginning of ``text`` that fits into ``width`` columns."""
    taken = 0
    for index, character in enumerate(text):
        taken += _width(character)
        if taken > width:
            return text[:index]
    return text


def _tail(text: str, width: int) -> str:
    """The longest end of ``text`` that fits into ``width`` columns."""
    taken = 0
    for index in range(len(text) - 1, -1, -1):
        taken += _width(text[index])
        if taken > width:
            return text[index + 1 :]
    return text


def columns(text: str) -> int:
    """How many columns of a terminal ``text`` takes: wide characters two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Me":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def inert(text: str) -> str:
    """``text`` with tabs as spaces, and everything a terminal would obey or hide made visible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character == "\t":
        return _TAB
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return "\ufffd"
    return character


def _paint(text: str, tone: str, color: bool) -> str:
    return f"\x1b[{tone}m{text}\x1b[0m" if color and text else text
