"""Blocks of parsed records: what every file format is read into, before any schema is asked."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
import orjson

from ftdsl.data.faults import Fault, excerpt
from ftdsl.data.json_lines import TOO_DEEP, diagnose, inexact_number, negative_zero, repeated_key
from ftdsl.data.lines import LineBlock, count_byte

Record = dict[str, Any]

_Finder = Callable[[Record, bytes, int, int], Fault | None]

_LONG = 16
"""Digits of the smallest integer beyond 2^53."""
_RUN = re.compile(rb"[0-9]{16}")


@dataclass(slots=True)
class RecordBlock:
    """Consecutive records that could be read, each with its 1-based line and byte offset, and the
    faults among them. ``failed`` records could not be read; ``skipped`` lines are blank. ``ends``
    tells that the file is no file of records: what follows means nothing."""

    values: list[Record] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    failed: int = 0
    skipped: int = 0
    ends: bool = False

    def fail(self, fault: Fault) -> None:
        """Count a record that cannot be read."""
        self.faults.append(fault)
        self.failed += 1


def line_records(block: LineBlock) -> RecordBlock:
    """The JSON objects of a block of lines. Speed matters here: the whole block is parsed in one
    go, and only a block with a fault is looked at line by line."""
    if block.too_long:
        found = RecordBlock()
        found.fail(_too_long(block))
        return found
    lines = block.lines
    offsets = list(accumulate((len(one) + 1 for one in lines[:-1]), initial=block.first_offset))
    try:
        values = [orjson.loads(one) for one in lines]
    except orjson.JSONDecodeError:
        return _one_by_one(block, offsets)
    if set(map(type, values)) != {dict}:
        return _one_by_one(block, offsets)
    first = block.first_line
    found = RecordBlock(values, list(range(first, first + len(values))), offsets)
    audit(found, lines)
    return found


def _one_by_one(block: LineBlock, offsets: list[int]) -> RecordBlock:
    found = RecordBlock()
    kept: list[bytes] = []
    last = len(block.lines) - 1
    for index, data in enumerate(block.lines):
        line, offset = block.first_line + index, offsets[index]
        if not data.strip():
            found.skipped += 1
            found.faults.append(_blank(line, offset))
            continue
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            found.fail(diagnose(data, line, offset, block.unfinished and index == last))
            continue
        if type(value) is not dict:
            found.fail(not_an_object(value, data, line, offset))
            continue
        found.values.append(value)
        found.lines.append(line)
        found.offsets.append(offset)
        kept.append(data)
    audit(found, kept)
    return found


def _blank(line: int, offset: int) -> Fault:
    return Fault(
        "FT329", "the line is blank", line, offset, 1, "delete it", fatal=False, severity="warning"
    )


def _too_long(block: LineBlock) -> Fault:
    return Fault(
        "FT332",
        "the line is over 64 MiB long",
        block.first_line,
        block.first_offset,
        1,
        "a row this long is of no use; write one JSON object a line",
        excerpt(block.lines[0]),
    )


def not_an_object(value: Any, data: bytes, line: int, offset: int) -> Fault:
    """The fault of a record that is valid JSON and no object."""
    kinds = {list: "an array", str: "a text", bool: "a bool", type(None): "null"}
    help = "write one object a line: `jq -c '.[]' FILE`" if isinstance(value, list) else ""
    return Fault(
        "FT330",
        f"the row is {kinds.get(type(value), 'a number')}, not an object",
        line,
        offset,
        1,
        help or 'a row is an object such as {"prompt": "…", "completion": "…"}',
        excerpt(data),
    )


def audit(block: RecordBlock, sources: list[bytes]) -> None:
    """Look for what parsing hides: repeated keys, inexact numbers, NUL characters.

    A record written anew has two quotation marks for every text and one for every mark inside a
    text. Its source has as many, fewer where a mark is spelled ``\\u0022``, and more where a
    repeated key was dropped. So comparing two counts finds every suspect, and only suspects are
    read token by token.
    """
    if not sources:
        return None
    body = b"\n".join(sources)
    try:
        written = orjson.dumps(block.values)
    except orjson.JSONEncodeError:
        sources = _without_deep(block, sources)
        return audit(block, sources)
    everywhere = range(len(sources))
    escapes = _has_escapes(body)
    if count_byte(written, 34) != count_byte(body, 34) or (escapes and b"\\u0022" in body):
        _look(block, sources, everywhere, _repeated)
    if escapes and b"\\u0000" in body:
        _look(block, sources, everywhere, _nul)
    if places := negative_zeros(body):
        ends = list(accumulate(len(one) + 1 for one in sources))
        suspects = sorted({bisect_right(ends, place) for place in places})
        _look(block, sources, suspects, _negative_zero)
    if places := long_numbers(body):
        ends = list(accumulate(len(one) + 1 for one in sources))
        suspects = sorted({bisect_right(ends, place) for place in places})
        _look(block, sources, suspects, _inexact)
    return None


def _has_escapes(data: bytes) -> bool:
    """Whether some ``\\u`` stands in ``data``."""
    codes = np.frombuffer(data, np.uint8)
    return bool(np.any(codes[np.flatnonzero(codes[:-1] == 92) + 1] == 117))


def long_numbers(data: bytes) -> list[int]:
    """Places in ``data`` near which ``_LONG`` digits stand together. Such a run covers one of every
    16 bytes, with seven more digits before or after it; only where that is so is looked at."""
    codes = np.frombuffer(data, np.uint8)
    at = np.flatnonzero(codes[_LONG - 1 :: _LONG] - 48 < 10) * _LONG + _LONG - 1
    before, after = at, at[at < len(codes) - 7]
    for step in range(1, 8):
        before = before[codes[before - step] - 48 < 10]
        after = after[codes[after + step] - 48 < 10]
    places = {*before.tolist(), *after.tolist()}
    return [one for one in places if _RUN.search(data, one - _LONG + 1, one + _LONG)]


_BEFORE_NUMBER = frozenset(b":,[ \t\r\n")


def negative_zeros(data: bytes) -> list[int]:
    """Places in ``data`` where a ``-0`` stands that may be a number. Dates and ranges in texts have
    a digit before the minus, and so are none."""
    codes = np.frombuffer(data, np.uint8)
    at = np.flatnonzero(codes[:-1] == 45)
    at = at[codes[at + 1] == 48]
    return [one for one in at.tolist() if one and data[one - 1] in _BEFORE_NUMBER]


def _negative_zero(_value: Record, data: bytes, line: int, offset: int) -> Fault | None:
    found = negative_zero(data)
    if found is None:
        return None
    written, at = found
    return Fault(
        "FT319",
        f"the number {written} is a zero with a sign, which some readers keep and some drop",
        line,
        offset + at,
        _column(data, at),
        "write 0",
        excerpt(data),
        fatal=False,
        severity="warning",
    )


def _without_deep(block: RecordBlock, sources: list[bytes]) -> list[bytes]:
    """Fail the records that are nested too deeply to be written again."""
    kept: list[int] = []
    for index, value in enumerate(block.values):
        try:
            orjson.dumps([value])
        except orjson.JSONEncodeError:
            line, offset = block.lines[index], block.offsets[index]
            message = "the value is nested too deeply"
            block.fail(Fault("FT337", message, line, offset, 1, TOO_DEEP, excerpt(sources[index])))
        else:
            kept.append(index)
    block.values = [block.values[index] for index in kept]
    block.lines = [block.lines[index] for index in kept]
    block.offsets = [block.offsets[index] for index in kept]
    return [sources[index] for index in kept]


def _look(block: RecordBlock, sources: list[bytes], suspects: Iterable[int], find: _Finder) -> None:
    for index in suspects:
        data = sources[index]
        fault = find(block.values[index], data, block.lines[index], block.offsets[index])
        if fault is not None:
            block.faults.append(fault)


def _column(data: bytes, at: int) -> int:
    return len(data[:at].decode()) + 1


def _repeated(value: Record, data: bytes, line: int, offset: int) -> Fault | None:
    same = orjson.dumps(value).count(b'"') == data.count(b'"')
    if same and b"\\u0022" not in data:
        return None
    found = repeated_key(data)
    if found is None:
        return None
    key, at = found
    return Fault(
        "FT328",
        f"the key `{key[:60]}` stands twice in one object",
        line,
        offset + at,
        _column(data, at),
        "readers disagree on which one counts; keep one",
        excerpt(data),
        fatal=False,
    )


def _inexact(_value: Record, data: bytes, line: int, offset: int) -> Fault | None:
    found = inexact_number(data)
    if found is None:
        return None
    digits, at = found
    return Fault(
        "FT326",
        f"the integer {digits[:40]} is beyond 2^53 and is rounded by many readers",
        line,
        offset + at,
        _column(data, at),
        "write it as text",
        excerpt(data),
        fatal=False,
        severity="warning",
    )


def _nul(_value: Record, data: bytes, line: int, offset: int) -> Fault | None:
    # An escaped backslash before `u0000` is text; two marks keep the byte positions.
    at = data.replace(b"\\\\", b"##").find(b"\\u0000")
    if at < 0:
        return None
    return Fault(
        "FT338",
        "a text holds the NUL character",
        line,
        offset + at,
        _column(data, at),
        "remove it; tokenizers and databases cut or refuse such texts",
        excerpt(data),
        fatal=False,
        severity="warning",
    )
