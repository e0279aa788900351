"""Patterns in a text. Only RE2 is used, so that no pattern takes more than linear time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import re2

from ftdsl.quality.texts import AnyTexts, as_texts

_ANYWHERE = re2._re2.RE2.Anchor.UNANCHORED
_ANCHOR = re.compile(r"\^|\$|\\A|\\z")


class Pattern:
    """A compiled pattern. It is asked for a whole block of joined texts first: where that has no
    match, no text of it has. Only patterns that do not look at a text's ends may be asked so."""

    def __init__(self, source: str) -> None:
        options = re2.Options()
        options.log_errors = False
        self._match = re2.compile(source, options)._regexp.Match
        self._literal = required_literal(source)
        self.joinable = not _ANCHOR.search(source.replace("[^", "["))

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Byte ranges of all matches, left to right, none overlapping."""
        found, at, end = [], 0, len(data)
        while at <= end:
            start, stop = self._match(_ANYWHERE, data, at, end)[0]
            if start < 0:
                break
            found.append((start, stop))
            at = stop if stop > start else stop + 1
        return found

    def found(self, data: bytes) -> bool:
        """Whether ``data`` holds a match."""
        return bool(self._match(_ANYWHERE, data, 0, len(data))[0][0] >= 0)

    def rows(self, texts: AnyTexts) -> list[int]:
        """Indices of the texts that hold a match, in order."""
        if self._literal:
            return [i for i in _holding(texts, self._literal) if self.found(texts.data(i))]
        if not self.joinable:
            return [i for i, one in enumerate(texts.utf8) if self.found(one)]
        return self._searched(texts) if len(texts) else []

    def _searched(self, texts: AnyTexts) -> list[int]:
        """The joined texts are searched from match to match. One may begin in a text and end in the
        next, so each is looked at again; the first text with a match of its own is never passed
        over, for no match begins before it."""
        data, ends, found, at = texts.joined, texts.ends, [], 0
        while at <= len(data):
            start = self._match(_ANYWHERE, data, at, len(data))[0][0]
            if start < 0:
                break
            row = int(np.searchsorted(ends, start, side="right"))
            if self.found(texts.data(row)):
                found.append(row)
            at = int(ends[row])
        return found


def _holding(texts: AnyTexts, part: bytes) -> list[int]:
    """Indices of the texts that hold ``part``, which has no line end."""
    data, ends, found = texts.joined, texts.ends, []
    at = data.find(part)
    while at >= 0:
        row = int(np.searchsorted(ends, at, side="right"))
        found.append(row)
        at = data.find(part, int(ends[row]))
    return found


_ATOM = re.compile(
    r"(?P<class>\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\])|\\(?P<escape>[^A-Za-z0-9])"
    r"|(?P<plain>[^\\\[(){}|.^$*+?])|(?P<other>\\[A-Za-z]|[.^$])",
    re.DOTALL,
)
_QUANTIFIER = re.compile(r"[*+?]\??|\{[0-9,]*\}\??")
_TELLING = re.compile(r"[^\w\s.,'\"-]")


def required_literal(source: str) -> bytes:
    """Bytes that every match of the pattern holds, if they are worth looking for first; else b"".
    Only plain sequences are understood: a group, an alternative or a flag gives nothing."""
    runs, run, at = [], "", 0
    while at < len(source):
        atom = _ATOM.match(source, at)
        if atom is None:
            return b""
        literal = atom["escape"] or atom["plain"] or ""
        repeat = _QUANTIFIER.match(source, atom.end())
        at = repeat.end() if repeat is not None else atom.end()
        if repeat is None or repeat[0].startswith("+"):
            run += literal
        if not literal or repeat is not None:
            runs.append(run)
            run = ""
    best = max([*runs, run], key=lambda one: (bool(_TELLING.search(one)), len(one)))
    return best.encode() if len(best) >= 4 or _TELLING.search(best) else b""


@lru_cache(maxsize=512)
def pattern(source: str) -> Pattern:
    """The compiled pattern; kept, since a rule asks it for every block."""
    return Pattern(source)


def matches(column: Sequence[str], source: str) -> list[bool]:
    """Whether the pattern matches somewhere in each text."""
    found = [False] * len(column)
    for index in pattern(source).rows(as_texts(column)):
        found[index] = True
    return found


def count_matches(column: Sequence[str], source: str) -> list[int]:
    """Places, without overlap, where the pattern matches in each text."""
    compiled, texts = pattern(source), as_texts(column)
    counts = [0] * len(texts)
    for index in compiled.rows(texts):
        counts[index] = len(compiled.spans(texts.data(index)))
    return counts


def contains(column: list[str], part: str) -> list[bool]:
    """Whether each text holds ``part``, letter for letter."""
    return [part in one for one in column]


def starts_with(column: list[str], part: str) -> list[bool]:
    """Whether each text begins with ``part``."""
    return [one.startswith(part) for one in column]


def ends_with(column: list[str], part: str) -> list[bool]:
    """Whether each text ends with ``part``."""
    return [one.endswith(part) for one in column]


FUNCTIONS: dict[str, Any] = {
    "matches": matches,
    "count_matches": count_matches,
    "contains": contains,
    "starts_with": starts_with,
    "ends_with": ends_with,
}

_MOST_SHOWN = 80


def _first_match(text: str, source: str) -> str:
    data = text.encode()
    spans = pattern(source).spans(data)
    shown = " ".join(data[slice(*spans[0])].decode().split()) if spans else ""
    return f"`{shown[:_MOST_SHOWN]}`" if shown else ""


REASONS: dict[str, Any] = {"matches": _first_match, "count_matches": _first_match}
