"""Patterns in a text. Only RE2 is used, so that no pattern takes more than linear time."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from ftdsl.quality.texts import Texts, as_texts

_ANYWHERE = re2._re2.RE2.Anchor.UNANCHORED
_ANCHOR = re.compile(r"\^|\$|\\A|\\z")
_FEW = 8


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

    def rows(self, texts: Texts) -> list[int]:
        """Indices of the texts that hold a match, in order."""
        data, literal = texts.utf8, self._literal
        if literal:
            return [i for i, one in enumerate(data) if literal in one and self.found(one)]
        if not self.joinable:
            return [i for i, one in enumerate(data) if self.found(one)]
        if not data or not self.found(texts.joined):
            return []
        return self._halves(data, 0, len(data))

    def _halves(self, data: list[bytes], start: int, stop: int) -> list[int]:
        if stop - start <= _FEW:
            return [i for i in range(start, stop) if self.found(data[i])]
        middle = (start + stop) // 2
        return [
            index
            for a, b in ((start, middle), (middle, stop))
            if self.found(b"\n".join(data[a:b]))
            for index in self._halves(data, a, b)
        ]


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


def matches(column: list[str], source: str) -> list[bool]:
    """Whether the pattern matches somewhere in each text."""
    found = [False] * len(column)
    for index in pattern(source).rows(as_texts(column)):
        found[index] = True
    return found


def count_matches(column: list[str], source: str) -> list[int]:
    """Places, without overlap, where the pattern matches in each text."""
    compiled, texts = pattern(source), as_texts(column)
    counts = [0] * len(texts)
    for index in compiled.rows(texts):
        counts[index] = len(compiled.spans(texts.utf8[index]))
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
