"""How text that came from data, models or specs is made harmless to print.

Every replacement is one character for one, so that columns and carets stay where they were. What is
replaced: control characters (a terminal obeys them), bidirectional and invisible format characters
(a reader is deceived by them), lone surrogates (they cannot be encoded), and the openings of
workflow commands of GitHub Actions (``::``, ``##[``) and Azure Pipelines (``##vso[``).
"""

from __future__ import annotations

import re

_BIDI_AND_INVISIBLE = (
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0x00AD,
    0x061C,
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
)
_STAND_IN = "\ufffd"
_KEPT_BREAKS = {0x09: " ", 0x0A: "\n"}

_LINE: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), _STAND_IN),
    **dict.fromkeys(_BIDI_AND_INVISIBLE, _STAND_IN),
    **dict.fromkeys(range(0xD800, 0xE000), _STAND_IN),
}
_BLOCK: dict[int, str] = {**_LINE, **_KEPT_BREAKS}

_BRACKET_COMMAND = re.compile(r"#(?=#(?:\[|vso\[))", re.IGNORECASE)
_COLON_COMMAND = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
_BRACKET_STAND_IN = "\u266f"
_COLON_STAND_IN = "\u2236"

_ASCII = str.maketrans(
    {
        "│": "|", "┃": "|", "─": "-", "━": "-", "├": "+", "└": "`", "╭": "+", "╰": "`", "┌": "+",
        "•": "*", "·": "-", "…": "...", "–": "-", "—": "-", "→": "->", "≤": "<=", "≥": ">=",
        "✓": "ok", "✗": "x", "▲": "^", "×": "x", "±": "+/-", "█": "#", "▌": "#", "░": ".",
        "“": '"', "”": '"', "‘": "'", "’": "'", "␛": "^[", "␊": "\\n", "△": "!", "○": "o",
        "◌": "-", "↻": "*", "Δ": "diff", "↳": ">",
    }
)  # fmt: skip


def line(text: str) -> str:
    """``text`` on one line: control characters, line breaks among them, as visible symbols."""
    return disarmed(text.translate(_LINE))


def block(text: str) -> str:
    """``text`` with its line feeds kept and its tabs as one space."""
    return disarmed(text.translate(_BLOCK))


def shortened(text: str, limit: int) -> str:
    """``line(text)`` cut to ``limit`` characters, the last of which tells that it was cut."""
    seen = line(text[: limit + 1])
    return seen if len(text) <= limit else seen[: limit - 1] + "…"


def encodable(text: str, encoding: str) -> str:
    """``text`` as a terminal of ``encoding`` can show it: ASCII stand-ins where it lacks a sign."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        plain = text.translate(_ASCII)
        return plain.encode("ascii", "backslashreplace").decode("ascii")
    return text


def disarmed(text: str) -> str:
    """``text`` in which no line begins a workflow command; its control characters stay."""
    text = _BRACKET_COMMAND.sub(_BRACKET_STAND_IN, text)
    return _COLON_COMMAND.sub(lambda match: match[1] + _COLON_STAND_IN, text)
