"""The rows of a dataset, part by part, as fast as they can be read.

What is wrong with the rows that cannot be read is for the step ``check`` to say, and it looks for
more than parsing shows. Here the chunks of plain JSON lines are only parsed, and held against the
schema; a chunk in which anything is unusual is read again by the reader that knows all of it, so
that the rows are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import orjson

from ftdsl.data.lines import LineBlock, line_blocks
from ftdsl.data.records import line_records
from ftdsl.data.rows import DataFile, Part, Row, RowReader, chunks, resolve_files
from ftdsl.data.shape import Shape
from ftdsl.data.streams import chunks as bytes_of
from ftdsl.language.program import DatasetDef

_DEEP = 254
"""Brackets that a line can have at most and be sure not to be nested too deeply to be read."""


class RowParts:
    """The parts of a dataset (of one of its splits), and the rows of each."""

    def __init__(
        self, dataset: DatasetDef, root: Path, cache: Path, split: str | None = None
    ) -> None:
        self.dataset = dataset
        self.files: list[DataFile] = resolve_files(dataset, root, split)
        self._cache = cache
        self._split = split
        self._reader = RowReader(dataset)
        self._shape = Shape(dataset.schema)
        self._id = dataset.id or (dataset.split.key if dataset.split is not None else None)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.stamp.size for file in self.files)

    def parts(self) -> Iterator[Part]:
        """All parts in order. Raises Refused (FT303, FT305)."""
        before: DataFile | None = None
        for part in chunks(self.files, self._cache):
            if before is not None and before is not part.file:
                before.assert_unchanged()
            before = part.file
            yield part
        if before is not None:
            before.assert_unchanged()

    def rows(self, part: Part) -> Iterator[list[Row]]:
        """The rows of a part that can be read and fit the schema, some hundreds at a time; ends
        with an empty list where the file turned out to hold no rows. Raises Refused
        (FT300-FT308)."""
        quick = self._quick(part) if part.digest and part.start and self._split is None else None
        if quick is not None:
            yield from quick
            return
        for block in self._reader.read(part):
            rows = list(block.rows)
            if self._split is not None:
                rows = [row for row in rows if row.split == self._split]
            if rows:
                yield rows
            if block.ends:
                yield []

    def data(self, part: Part) -> bytes:
        """The bytes of a chunk. Raises Refused (FT303)."""
        return b"".join(bytes_of(part.file, part.start, part.start + part.size))

    def again(self, part: Part, line: int, offset: int, data: bytes) -> Row | None:
        """The row that was read from these bytes; None if they are no such row."""
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
        if type(value) is not dict or self._shape.problem(value) is not None:
            return None
        return self._row(part, line, offset, value)

    def read_line(self, part: Part, line: int, offset: int, data: bytes) -> Row | None:
        """The row of one line, read with all that the reader knows; None if it is no row."""
        for value in line_records(LineBlock(line, offset, data)).values:
            if self._shape.problem(value) is None:
                return self._row(part, line, offset, value)
        return None

    def _row(self, part: Part, line: int, offset: int, value: dict[str, object]) -> Row:
        base, split = self.dataset.schema.base, part.file.split
        return Row(part.file.path, line, offset, value, base, split, self._id)

    def _quick(self, part: Part) -> list[list[Row]] | None:
        """The rows of a chunk in which every line is a JSON object that nobody could object to;
        None for another chunk."""
        loads, problem = orjson.loads, self._shape.problem
        path, base, split, id_ = (
            part.file.path, self.dataset.schema.base, part.file.split, self._id,
        )  # fmt: skip
        found: list[list[Row]] = []
        stream = bytes_of(part.file, part.start, part.start + part.size)
        for block in line_blocks(stream, part.first_line, part.start):
            lines = block.lines
            try:
                values = [loads(one) for one in lines]
            except orjson.JSONDecodeError:
                return None
            if block.too_long or set(map(type, values)) != {dict}:
                return None
            if max(one.count(b"{") + one.count(b"[") for one in lines) > _DEEP:
                return None
            offsets = accumulate((len(one) + 1 for one in lines), initial=block.first_offset)
            found.append(
                [
                    Row(path, line, offset, value, base, split, id_)
                    for line, (value, offset) in enumerate(
                        zip(values, offsets, strict=False), block.first_line
                    )
                    if problem(value) is None
                ]
            )
        return found
