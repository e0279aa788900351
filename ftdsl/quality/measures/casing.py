"""A text in another form: case, white space, normal form."""

from __future__ import annotations

import re
from typing import Any
from unicodedata import normalize as unicode_form

_WORD = re.compile(r"\w+")


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
    return "\n".join(" ".join(_WORD.findall(unicode_form("NFKC", one).casefold())) for one in texts)


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
