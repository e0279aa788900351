"""Fixes of one text of a row."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from unicodedata import normalize

from ftdsl.language.remedies import Remedy
from ftdsl.quality.measures.characters import CONTROL, SPECIAL
from ftdsl.quality.measures.corrections import WORD, corrections
from ftdsl.quality.measures.listed import likely, same_but_for_form
from ftdsl.quality.measures.markup import open_fence
from ftdsl.quality.measures.patterns import pattern


def strip_control_characters(text: str) -> str:
    """The text without control, zero-width and bidirectional control characters."""
    return _without(text, CONTROL)


def strip_special_tokens(text: str) -> str:
    """The text without reserved tokens; taking one out may make another, so until there is none."""
    while (shorter := _without(text, SPECIAL)) != text:
        text = shorter
    return text


def _without(text: str, source: str) -> str:
    data = text.encode()
    kept, at = [], 0
    for start, stop in pattern(source).spans(data):
        kept.append(data[at:start])
        at = stop
    return b"".join([*kept, data[at:]]).decode()


def repair_mojibake(text: str) -> str:
    """Each run of characters that stand for UTF-8 bytes in Windows-1252 or Latin-1, read as those
    bytes; runs that are no UTF-8 stay. Text that was misread twice is read twice."""
    for _ in range(3):
        repaired = _byte_runs().sub(_reread, text)
        if repaired == text:
            break
        text = repaired
    return text


@cache
def _bytes_of() -> dict[str, int]:
    """What Windows-1252 and Latin-1 show for each byte above 7F."""
    found = {chr(code): code for code in range(0x80, 0x100)}
    for code in range(0x80, 0xA0):
        shown = bytes([code]).decode("cp1252", "ignore")
        if shown:
            found[shown] = code
    return found


@cache
def _byte_runs() -> re.Pattern[str]:
    characters = "".join(re.escape(one) for one in _bytes_of())
    return re.compile(f"[{characters}]{{2,}}")


def _reread(match: re.Match[str]) -> str:
    data = bytes(_bytes_of()[one] for one in match[0])
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _reread_parts(data, match[0])


def _reread_parts(data: bytes, shown: str) -> str:
    """The run where only parts of it are UTF-8."""
    found, at = [], 0
    for part in re.finditer(
        rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}", data
    ):
        try:
            character = part[0].decode()
        except UnicodeDecodeError:
            continue
        found.append(shown[at : part.start()] + character)
        at = part.end()
    return "".join([*found, shown[at:]])


def close_fence(text: str) -> str:
    """The text with its open code fence closed."""
    fence = open_fence(text)
    if not fence:
        return text
    return text + ("" if text.endswith("\n") else "\n") + fence


def correct_spelling(text: str) -> str:
    """The text with each listed misspelling that has one correction corrected."""
    return WORD.sub(_corrected, text)


def _corrected(match: re.Match[str]) -> str:
    word = match[0]
    right = corrections().get(word.lower(), ())
    if len(right) != 1:
        return word
    if word.isupper() and len(word) > 1:
        return right[0].upper()
    return right[0][:1].upper() + right[0][1:] if word[:1].isupper() else right[0]


def in_form(text: str, function: str) -> str:
    """The text as ``strip``, ``lower``, ``upper`` or ``nfc`` give it."""
    if function == "nfc":
        return normalize("NFC", text)
    changes: dict[str, Callable[[str], str]] = {
        "strip": str.strip,
        "lower": str.lower,
        "upper": str.upper,
    }
    return changes[function](text)


def unix_lines(text: str) -> str:
    """The text with a line feed for every carriage return, and for one before a line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _in_form(text: str, remedy: Remedy) -> str:
    return in_form(text, remedy.function)


TEXT_FIXES: dict[str, Callable[[str, Remedy], str]] = {
    "strip_control_characters": lambda text, _: strip_control_characters(text),
    "strip_special_tokens": lambda text, _: strip_special_tokens(text),
    "repair_mojibake": lambda text, _: repair_mojibake(text),
    "close_fence": lambda text, _: close_fence(text),
    "correct_spelling": lambda text, _: correct_spelling(text),
    "unix_lines": lambda text, _: unix_lines(text),
    "trim": _in_form,
    "to_nfc": _in_form,
    "change_case": _in_form,
    "listed_form": lambda text, remedy: same_but_for_form(text, remedy.choices) or text,
    "listed_value": lambda text, remedy: likely(text, remedy.choices) or text,
}
"""The one implementation of every text fix, by name. The second argument is what in the predicate
named it."""
