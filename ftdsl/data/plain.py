"""Chunks of plain JSON lines, as fast as their rows can be made: for who trusts that another looks.

What is wrong with the rows that cannot be read is for the step ``check`` to say, and it looks for
more than parsing shows. Here a chunk is only parsed, and held against the schema; one in which
anything is unusual is left to the reader that knows all of it, so that the rows are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import orjson

from ftdsl.data.blocks import Part
from ftdsl.data.formats import FORMATS
from ftdsl.data.lines import LineBlock, line_blocks
from ftdsl.data.records import line_records
from ftdsl.data.row import Row
from ftdsl.data.shape import Shape
from ftdsl.data.streams import chunks
from ftdsl.language.program import DatasetDef

_DEEP = 254
"""Brackets that a line can have at most and be sure not to be nested too deeply to be read."""


def chunk_bytes(part: Part) -> bytes:
    """The bytes of a chunk. Raises Refused (FT303)."""
    return b"".join(chunks(part.file, part.start, part.start + part.size))


def format_fields(base: str) -> dict[str, str]:
    """The fields that a row format itself allows, and what each may hold."""
    return FORMATS[base].fields


class PlainReader:
    """The rows of a dataset's chunks and lines."""

    def __init__(self, dataset: DatasetDef) -> None:
        self._base = dataset.schema.base
        self._shape = Shape(dataset.schema)
        self._id = dataset.id or (dataset.split.key if dataset.split is not None else None)

    def chunk(self, part: Part) -> list[list[Row]] | None:
        """The rows of a chunk in which every line is a JSON object that nobody could object to,
        some at a time; None for another chunk."""
        found: list[list[Row]] = []
        stream = chunks(part.file, part.start, part.start + part.size)
        for block in line_blocks(stream, part.first_line, part.start):
            values = None if block.too_long else _parsed(block.lines)
            if values is None:
                return None
            found.append(self._rows(part, block, values))
        return found

    def _rows(self, part: Part, block: LineBlock, values: Sequence[dict[str, Any]]) -> list[Row]:
        problem, path, base = self._shape.problem, part.file.path, self._base
        split, id_ = part.file.split, self._id
        starts = accumulate((len(one) + 1 for one in block.lines), initial=block.first_offset)
        return [
            Row(path, line, offset, value, base, split, id_)
            for line, (value, offset) in enumerate(
                zip(values, starts, strict=False), block.first_line
            )
            if problem(value) is None
        ]

    def again(self, part: Part, line: int, offset: int, data: bytes) -> Row | None:
        """The row that was read from these bytes; None if they are no such row."""
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
        return self._row(part, line, offset, value) if type(value) is dict else None

    def line(self, part: Part, line: int, offset: int, data: bytes) -> Row | None:
        """The row of one line, read with all that the reader knows; None if it is no row."""
        for value in line_records(LineBlock(line, offset, data)).values:
            return self._row(part, line, offset, value)
        return None

    def _row(self, part: Part, line: int, offset: int, value: dict[str, Any]) -> Row | None:
        if self._shape.problem(value) is not None:
            return None
        return Row(part.file.path, line, offset, value, self._base, part.file.split, self._id)


def _parsed(lines: Sequence[bytes]) -> list[dict[str, Any]] | None:
    try:
        values = [orjson.loads(one) for one in lines]
    except orjson.JSONDecodeError:
        return None
    if set(map(type, values)) != {dict}:
        return None
    deepest = max(one.count(b"{") + one.count(b"[") for one in lines)
    return values if deepest <= _DEEP else None
