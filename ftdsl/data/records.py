"""Blocks of parsed records: what every file format is read into, before any schema is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import orjson

from ftdsl.data.faults import Fault, excerpt
from ftdsl.data.json_lines import EXACT, diagnose, inexact_number, repeated_key
from ftdsl.data.lines import LineBlock

Record = dict[str, Any]


@dataclass(slots=True)
class RecordBlock:
    """Consecutive records that could be read, each with its 1-based line and byte offset, and the
    faults among them. ``failed`` records could not be read; ``skipped`` lines are blank."""

    values: list[Record] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    failed: int = 0
    skipped: int = 0

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

    A repeated key drops at least two quotation marks: in a record without one, the marks in the
    source are two for every text, one for every mark inside a text, and none where that mark is
    written ``\\u0022``. So counting finds every suspect; only suspects are read token by token.
    """
    texts: list[str] = []
    numbers: list[float] = []
    collect(block.values, texts, numbers)
    joined = "".join(texts)
    marks = 2 * len(texts) + joined.count('"')
    if marks != sum(one.count(b'"') for one in sources) or any(
        b"\\u0022" in one for one in sources if '"' in joined
    ):
        _each(block, sources, _repeated)
    if numbers and not all(-EXACT <= one <= EXACT for one in numbers):
        _each(block, sources, _inexact)
    if "\0" in joined:
        _each(block, sources, _nul)


def collect(values: Any, texts: list[str], numbers: list[float]) -> None:
    """All texts (keys too) and numbers of nested JSON ``values``, in no set order."""
    stack = list(values)
    pop, push, keep = stack.pop, stack.extend, texts.append
    while stack:
        value = pop()
        kind = type(value)
        if kind is str:
            keep(value)
        elif kind is dict:
            texts.extend(value)
            push(value.values())
        elif kind is list:
            push(value)
        elif kind is int or kind is float:
            numbers.append(value)


def _each(block: RecordBlock, sources: list[bytes], find: Any) -> None:
    for line, offset, data in zip(block.lines, block.offsets, sources, strict=True):
        fault = find(data, line, offset)
        if fault is not None:
            block.faults.append(fault)


def _column(data: bytes, at: int) -> int:
    return len(data[:at].decode()) + 1


def _repeated(data: bytes, line: int, offset: int) -> Fault | None:
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


def _inexact(data: bytes, line: int, offset: int) -> Fault | None:
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


def _nul(data: bytes, line: int, offset: int) -> Fault | None:
    at = data.find(b"\\u0000")
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
