"""A text in another form: case, white space, normal form."""

from __future__ import annotations

import re
from typing import Any
from unicodedata import normalize as unicode_form

_WORD = re.compile(r"\w+")
_FOLDED = bytes(ord(chr(c).lower()) if c < 128 and _WORD.match(chr(c)) else 32 for c in range(256))
"""ASCII in lower case, and a space for what is part of no word."""
_HEAD = 120


def lower(text: str) -> str:
    """The text in lower case."""
    return text.lower()


def upper(text: str) -> str:
    """The text in upper case."""
    return text.upper()


def strip(text: str) -> str:
    """The text without white space at its ends."""
    return text.strip()


def nfc(text: str) -> str:
    """The text in Unicode's normal form C."""
    return unicode_form("NFC", text)


def normalize(*texts: str) -> str:
    """The words of the texts after NFKC and casefold, joined by single spaces; the texts joined
    by a line end."""
    return "\n".join(map(_words_of, texts))


def _words_of(text: str) -> str:
    if text.isascii():
        return b" ".join(text.encode().translate(_FOLDED).split()).decode()
    return " ".join(_WORD.findall(unicode_form("NFKC", text).casefold()))


def same_words(text: str, other: str) -> bool:
    """Whether both are the same after ``normalize``. Most texts part within their first words."""
    first, second = (_words_of(one[:_HEAD]).rpartition(" ")[0] for one in (text, other))
    size = min(len(first), len(second))
    return first[:size] == second[:size] and normalize(text) == normalize(other)


def opening(text: str) -> str:
    """How the text begins: upper, lower, digit, other or none."""
    first = text.lstrip()[:1]
    if not first:
        return "none"
    if first.isdigit():
        return "digit"
    return "upper" if first.isupper() else "lower" if first.islower() else "other"


def ending(text: str) -> str:
    """How the text ends: its last mark, letter, digit or none."""
    last = text.rstrip()[-1:]
    if not last:
        return "none"
    return "letter" if last.isalpha() else "digit" if last.isdigit() else last


def head(text: str, n: int) -> str:
    """The text's first ``n`` characters."""
    return text[:n]


def tail(text: str, n: int) -> str:
    """The text's last ``n`` characters."""
    return text[-n:]


EQUAL: dict[str, Any] = {"normalize": same_words}
"""Whether a function comes to the same for two texts, told sooner than by asking it twice."""

EACH: dict[str, Any] = {
    "lower": lower,
    "upper": upper,
    "strip": strip,
    "nfc": nfc,
    "normalize": normalize,
    "opening": opening,
    "ending": ending,
    "head": head,
    "tail": tail,
}
