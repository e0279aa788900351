"""The parts of two texts that show why they were found: around their longest shared run."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\w+")
_CUT = "… "


def around_shared(text: str, other: str, n: int, length: int) -> tuple[str, str]:
    """Both texts cut to some ``length`` characters around a longest run of ``n`` words or more
    that they share; from their beginnings where there is none."""
    ours, theirs = _words(text), _words(other)
    starts: dict[tuple[str, ...], int] = {}
    for at in range(len(theirs) - n + 1):
        starts.setdefault(tuple(word for word, _ in theirs[at : at + n]), at)
    best = (0, 0, 0)
    at = 0
    while at + n <= len(ours):
        there = starts.get(tuple(word for word, _ in ours[at : at + n]))
        if there is None:
            at += 1
            continue
        size = n
        while (
            at + size < len(ours)
            and there + size < len(theirs)
            and ours[at + size][0] == theirs[there + size][0]
        ):
            size += 1
        best = max(best, (size, -at, -there))
        at += size - n + 1
    size, here, there = best[0], -best[1], -best[2]
    if not size:
        return text[:length], other[:length]
    return _cut(text, ours[here][1], length), _cut(other, theirs[there][1], length)


def _words(text: str) -> list[tuple[str, int]]:
    """The words as they are compared, and where each begins."""
    return [
        (unicodedata.normalize("NFKC", found[0]).casefold(), found.start())
        for found in _WORD.finditer(text)
    ]


def _cut(text: str, start: int, length: int) -> str:
    """Some words before ``start``, and what follows."""
    begin = max(0, start - length // 6)
    if begin:
        begin = text.rfind(" ", 0, begin) + 1
    return (_CUT if begin else "") + text[begin : begin + length]
