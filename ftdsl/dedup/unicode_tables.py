"""What the loops must know of Unicode, taken from Python's own tables so that both always agree.

A text is compared in Unicode form NFKC and casefolded. Most code points become the same whatever
stands beside them, and can be looked up one by one. The others are those that can join the one
before them, or change places with it: combining marks, the second halves of compositions, and what
begins with one when taken apart. A mark that is no such half stays as it is behind a plain code
point, and behind marks of its own or a lower class. A text with any other is normalised as a whole.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD_POINTS = 0x40000
"""Code points that may be part of a word; a test holds that none beyond is."""
FOLD_POINTS = 0x20000
"""Code points that are looked up one by one."""
DEPENDS = 0xFFFFFFFF
MARKS = 0xFFFFFF00
APART = 1
_GROWTH = 3
_FIRST = 0x80
# The vowels and final consonants of Hangul, which join the syllable before them.
_JAMO = frozenset(map(chr, (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))))


def normalise(text: str) -> str:
    """NFKC, then casefold."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


_tables: dict[str, NDArray[Any]] = {}
_NAMES = ("words", "folds", "folded")


def words() -> bytes:
    """One bit a code point: whether Python's ``re`` takes it for part of a word."""
    return _made()["words"].tobytes()


def folds() -> tuple[NDArray[np.uint32], bytes]:
    """For each code point 0 if it stays as it is (``APART`` if it can be taken apart all the same),
    ``MARKS`` and its class for a mark that joins nothing, ``DEPENDS`` if its neighbours decide,
    else the place (times 256) and length of the UTF-8 bytes that it becomes; and all these
    bytes."""
    tables = _made()
    return tables["folds"], tables["folded"].tobytes()


def tables() -> dict[str, NDArray[Any]]:
    """What was made of the tables so far: all or nothing."""
    return dict(_tables)


def restore(known: dict[str, NDArray[Any]]) -> None:
    """Use tables that were made earlier, by the same Python, rather than make them again."""
    if set(known) == set(_NAMES) and not _tables:
        _tables.update(known)


def _made() -> dict[str, NDArray[Any]]:
    if not _tables:
        found, folded = _folds()
        made = (np.frombuffer(_words(), np.uint8), found, np.frombuffer(folded, np.uint8))
        _tables.update(zip(_NAMES, made, strict=True))
    return _tables


def _words() -> bytes:
    marks = np.zeros(WORD_POINTS, dtype=np.bool_)
    for run in re.compile(r"\w+").finditer("".join(map(chr, range(WORD_POINTS)))):
        marks[run.start() : run.end()] = True
    return np.packbits(marks, bitorder="little").tobytes()


def _folds() -> tuple[NDArray[np.uint32], bytes]:
    points = [chr(point) for point in range(_FIRST, FOLD_POINTS)]
    # A line end keeps every code point apart from the next.
    apart = "\n".join(points)
    becomes = unicodedata.normalize("NFKC", apart).casefold().split("\n")
    parts = unicodedata.normalize("NFKD", apart).split("\n")
    halves = _second_halves(points, parts)
    classes = list(map(unicodedata.combining, points))
    marks = {point for point, class_ in zip(points, classes, strict=True) if class_}
    joins = halves | marks
    table = np.zeros(FOLD_POINTS, dtype=np.uint32)
    # One byte, so that no place is 0.
    folded = bytearray(1)
    for number, (point, became) in enumerate(zip(points, becomes, strict=True)):
        if became != point:
            data = became.encode("utf-8", "surrogatepass")
            fits = 0 < len(data) <= _GROWTH * len(point.encode("utf-8", "surrogatepass"))
            table[_FIRST + number] = len(folded) << 8 | len(data) if fits else DEPENDS
            folded += data if fits else b""
    for number, (point, part) in enumerate(zip(points, parts, strict=True)):
        if part[0] in joins:
            stays = part == point == becomes[number] and point not in halves
            table[_FIRST + number] = MARKS | classes[number] if stays else DEPENDS
        elif part != point == becomes[number]:
            table[_FIRST + number] = APART
    return table, bytes(folded)


def _second_halves(points: list[str], parts: list[str]) -> frozenset[str]:
    """Code points that may join the one before."""
    found = set(_JAMO)
    for point, part in zip(points, parts, strict=True):
        if part != point:
            taken_apart = unicodedata.decomposition(point).split()
            if len(taken_apart) == 2 and taken_apart[0][0] != "<":
                found.add(chr(int(taken_apart[1], 16)))
    return frozenset(found)


_RUN = re.compile(rb"[\x80-\xff]+")
_CACHED = 64
_runs: dict[bytes, bytes | None] = {}


def normal_bytes(text: str) -> bytes:
    """The UTF-8 bytes of the normalised text: run by run of what is not ASCII where that is the
    same, for most of a text is."""
    data = text.encode("utf-8", "surrogatepass").lower()
    try:
        return _RUN.sub(_folded, data)
    except _NeedsAll:
        return normalise(text).encode("utf-8", "surrogatepass")


class _NeedsAll(Exception):
    """A run whose neighbours decide what it becomes."""


def _folded(match: re.Match[bytes]) -> bytes:
    run = match.group()
    known = _runs.get(run)
    if known is None:
        if run in _runs:
            raise _NeedsAll
        known = _fold(run)
        if len(run) <= _CACHED:
            if len(_runs) > 100_000:
                _runs.clear()
            _runs[run] = known
        if known is None:
            raise _NeedsAll
    return known


def _fold(run: bytes) -> bytes | None:
    text = run.decode("utf-8", "surrogatepass")
    table, _ = folds()
    first = ord(text[0])
    # Within the run everything is normalised together; only its first point meets a neighbour.
    if first >= FOLD_POINTS or table[first] >= MARKS:
        return None
    return normalise(text).encode("utf-8", "surrogatepass")
