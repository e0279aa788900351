"""Mends the rows of one JSON array: only the bytes of a mended element change."""

from __future__ import annotations

import json
from bisect import bisect_right

from ftdsl.fixing.blocks import LineRepair
from ftdsl.fixing.diff import Pair
from ftdsl.fixing.edits import elements
from ftdsl.fixing.lines import BOM
from ftdsl.fixing.rows import Applied, Dropped

_Change = tuple[int, int, str]
"""Start and end in the old text, and what takes the place."""


def array_pairs(data: bytes, repair: LineRepair, applied: Applied, dropped: Dropped) -> list[Pair]:
    """The file's lines and what takes their place. ``dropped`` are first lines of elements, in the
    mended file; a line on which several elements begin names none of them. A file that is no whole
    JSON array stays as it is."""
    try:
        text = data.removeprefix(BOM).decode()
        spans = elements(text, len(text) - len(text.lstrip(" \t\r\n")))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, IndexError):
        return [(line, [line]) for line in _split(data)]
    sources = [text[start:end].encode() for start, end in spans]
    mended = repair.rows(sources, applied)
    changes = _changes(spans, sources, mended)
    if dropped:
        mended = _without(text, spans, mended, changes, dropped, applied)
        changes = _changes(spans, sources, mended)
    pairs = _pairs(text, changes)
    if data.startswith(BOM) and repair.may("strip_byte_order_mark"):
        applied["FT324", "strip_byte_order_mark"] += 1
        pairs[0] = (BOM + pairs[0][0], pairs[0][1])
    elif data.startswith(BOM):
        pairs[0] = (BOM + pairs[0][0], [BOM + pairs[0][1][0], *pairs[0][1][1:]])
    return pairs


def _changes(
    spans: list[tuple[int, int]], sources: list[bytes], mended: list[bytes | None]
) -> list[_Change]:
    """What is replaced, in order. An element that goes takes the comma with it that parts it from
    the next one; those at the end take the comma before them."""
    kept = [k for k, one in enumerate(mended) if one is not None]
    last = kept[-1] if kept else -1
    found: list[_Change] = []
    for k, (start, end) in enumerate(spans[: last + 1]):
        one = mended[k]
        if one is None:
            found.append((start, spans[k + 1][0], ""))
        elif one != sources[k]:
            found.append((start, end, one.decode()))
    if last + 1 < len(spans):
        start = spans[last][1] if kept else spans[0][0]
        found.append((start, spans[-1][1], ""))
    return found


def _without(
    text: str,
    spans: list[tuple[int, int]],
    mended: list[bytes | None],
    changes: list[_Change],
    dropped: Dropped,
    applied: Applied,
) -> list[bytes | None]:
    """``mended`` without the elements that begin, alone, on a line of ``dropped``."""
    by_line: dict[int, list[int]] = {}
    shift = at = 0
    line, seen = 1, 0
    for k, (start, _) in enumerate(spans):
        while at < len(changes) and changes[at][1] <= start:
            old, new = text[changes[at][0] : changes[at][1]], changes[at][2]
            shift += new.count("\n") - old.count("\n")
            at += 1
        line += text.count("\n", seen, start)
        seen = start
        if mended[k] is not None:
            by_line.setdefault(line + shift, []).append(k)
    gone = set()
    for number, found in by_line.items():
        if number in dropped and len(found) == 1:
            gone.add(found[0])
            applied[dropped[number]] += 1
    return [None if k in gone else one for k, one in enumerate(mended)]


def _split(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return [one + b"\n" for one in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _pairs(text: str, changes: list[_Change]) -> list[Pair]:
    """Lines of ``text`` with what takes their place. A change is widened to whole lines."""
    lines = text.split("\n")
    lines = [one + "\n" for one in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    starts = [0]
    for one in lines:
        starts.append(starts[-1] + len(one))
    pairs: list[Pair] = [(one.encode(), [one.encode()]) for one in lines]
    for first, last, group in _regions(starts, changes):
        new, at = "", starts[first]
        for start, end, replacement in group:
            new += text[at:start] + replacement
            at = end
        new += text[at : starts[last + 1]]
        pairs[first] = (pairs[first][0], _split(new.encode()))
        for k in range(first + 1, last + 1):
            pairs[k] = (pairs[k][0], [])
    return pairs


def _regions(starts: list[int], changes: list[_Change]) -> list[tuple[int, int, list[_Change]]]:
    """First and last line of each stretch of changes that share lines, with these changes."""
    found: list[tuple[int, int, list[_Change]]] = []
    for change in changes:
        first = bisect_right(starts, change[0]) - 1
        last = bisect_right(starts, max(change[1] - 1, change[0])) - 1
        if found and found[-1][1] >= first:
            before = found.pop()
            found.append((before[0], max(before[1], last), [*before[2], change]))
        else:
            found.append((first, last, [change]))
    return found
