"""Whether a text is well formed as Markdown or JSON."""

from __future__ import annotations

import re
from typing import Any

import orjson

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)


def fences_closed(text: str) -> bool:
    """Whether every Markdown code fence is closed (CommonMark 4.5): by as many of the same marks
    or more, alone on their line."""
    if "```" not in text and "~~~" not in text:
        return True
    return not open_fence(text)


def open_fence(text: str) -> str:
    """The marks of the code fence that is still open at the end of the text; "" if none is."""
    place = open_fence_place(text)
    return text[place[0] : place[1]] if place else ""


def open_fence_place(text: str) -> tuple[int, int] | None:
    """Where the marks of the code fence stand that is still open at the text's end."""
    fence, place, closed = "", None, False
    for match in _FENCE.finditer(text):
        marks, rest = match.groups()
        if not fence:
            fence = "" if marks[0] == "`" and "`" in rest else marks
            place = match.span(1)
            if closed and not rest.strip() and not text[match.end() :].strip():
                return None  # one closing mark too many encloses nothing
        elif marks[0] == fence[0] and len(marks) >= len(fence) and not rest.strip():
            fence, closed = "", True
    return place if fence else None


def json_valid(text: str) -> bool:
    """Whether the text, without surrounding white space, is one JSON value (RFC 8259)."""
    try:
        orjson.loads(text.strip())
    except orjson.JSONDecodeError:
        return False
    return True


EACH: dict[str, Any] = {"fences_closed": fences_closed, "json_valid": json_valid}
