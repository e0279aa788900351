"""The parts of two texts that show why they were found: where they differ, or what they share."""

from __future__ import annotations

import re

from ftdsl.dedup.unicode_tables import normalise

_WORD = re.compile(r"\w+")
_CUT = "… "


def around_difference(text: str, other: str, length: int) -> tuple[str, str]:
    """Both texts cut to some ``length`` characters around the first word in which they differ; from
    their beginnings where they have the same words."""
    if len(text) <= length and len(other) <= length:
        return text, other
    here, there = _first_difference(text, other)
    return _cut(text, here, length), _cut(other, there, length)


def _first_difference(text: str, other: str) -> tuple[int, int]:
    """Where the first word begins in which the texts differ: 0 and 0 if they have the same."""
    start = _same_words(text, _common(text, other))
    ours, theirs = _WORD.finditer(text, start), _WORD.finditer(other, start)
    for one in ours:
        two = next(theirs, None)
        if two is None:
            return one.start(), len(other)
        if one.group() != two.group() and normalise(one.group()) != normalise(two.group()):
            return one.start(), two.start()
    more = next(theirs, None)
    return (0, 0) if more is None else (len(text), more.start())


def _common(text: str, other: str) -> int:
    """How many characters both begin with."""
    low, high = 0, min(len(text), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if text[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _same_words(text: str, end: int) -> int:
    """The start of the word that the first ``end`` characters end in."""
    while end and (text[end - 1].isalnum() or text[end - 1] == "_"):
        end -= 1
    return end


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
    return [(normalise(found.group()), found.start()) for found in _WORD.finditer(text)]


def _cut(text: str, start: int, length: int) -> str:
    """Some words before ``start``, and what follows."""
    begin = max(0, start - length // 3)
    if begin:
        begin = text.rfind(" ", 0, begin) + 1
    shown = text[begin : begin + length]
    return (_CUT if begin else "") + shown + (" …" if begin + length < len(text) else "")
