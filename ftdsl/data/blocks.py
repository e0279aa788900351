"""A dataset's files as blocks of rows: parts that can be read apart, and the rows of each part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ftdsl.data.cutting import Cut
from ftdsl.data.faults import Fault, excerpt
from ftdsl.data.files import DataFile
from ftdsl.data.formats import FORMATS
from ftdsl.data.head import as_json_lines, opened
from ftdsl.data.identity import key_text, unit_hash
from ftdsl.data.json_array import array_blocks
from ftdsl.data.lines import line_blocks
from ftdsl.data.records import RecordBlock, line_records
from ftdsl.data.row import Row
from ftdsl.data.shape import Problem, Shape, kind_of
from ftdsl.data.streams import chunks
from ftdsl.data.tables import csv_blocks, parquet_blocks
from ftdsl.language.program import DatasetDef, SplitDef

_CELLS = {"int": "int", "float": "float", "bool": "bool", "list": "json", "ratio": "float"}


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes ``[start, end)`` of one file, whose first line is ``first_line``. ``end`` None: to the
    end of the file. Only plain JSON lines are cut; every other file is one part.

    ``digest`` is that of a chunk's bytes: what is found in rows by their content alone can be kept
    under it, and holds wherever the same chunk stands. It is empty for a file that is not cut.
    ``first_line`` and ``start`` are the place to add.
    """

    file: DataFile
    start: int = 0
    end: int | None = None
    first_line: int = 1
    digest: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        return (self.file.stamp.size if self.end is None else self.end) - self.start


@dataclass(slots=True)
class RowBlock:
    """Consecutive rows of one file that fit the schema, and what was found on the way to them.

    ``failed`` counts records that could not be read or do not fit, ``skipped`` blank lines.
    ``unknown`` maps a field that no schema declares to the first line with it and the number of
    rows with it; ``kinds`` maps such a field, and one that may hold anything, and a kind of value
    to the first line and the number of rows. ``ends`` tells that the file is no file of rows: what
    follows means nothing.
    """

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    failed: int = 0
    skipped: int = 0
    unknown: dict[str, tuple[int, int]] = field(default_factory=dict)
    kinds: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    ends: bool = False


def parts(file: DataFile, cuts: Iterable[Cut] | None) -> Iterator[Part]:
    """``file`` in the chunks that it is made of, one after the other; whole without ``cuts``."""
    if not cuts:
        yield Part(file)
        return
    start, line = 0, 1
    for cut in cuts:
        yield Part(file, start, start + cut.size, line, cut.digest)
        start += cut.size
        line += cut.lines


class RowReader:
    """Turns parts of a dataset's files into rows. One reader serves a whole dataset."""

    def __init__(self, dataset: DatasetDef) -> None:
        self.dataset = dataset
        self._shape = Shape(dataset.schema)
        self._base = dataset.schema.base
        split = dataset.split
        self._hashed = split if split is not None and split.kind == "by_hash" else None
        self._id = dataset.id or (split.key if split is not None else None)

    def read(self, part: Part) -> Iterator[RowBlock]:
        """The rows of ``part`` in order. Raises Refused (FT300-FT308)."""
        for records in self._records(part):
            yield self._rows(records, part.file)

    def _records(self, part: Part) -> Iterator[RecordBlock]:
        file = part.file
        if file.format == "json":
            return array_blocks(file)
        if file.format == "csv":
            return csv_blocks(file, self._cell_types())
        return parquet_blocks(file) if file.format == "parquet" else _line_blocks(part)

    def _cell_types(self) -> dict[str, str]:
        format = FORMATS[self._base] if self._base is not None else None
        types: dict[str, str] = {}
        for name, kind in (format.fields if format is not None else {}).items():
            types[name] = {"text": "text", "bool": "bool"}.get(kind, "json")
        for one in self.dataset.schema.fields:
            plain = "optional text" if one.type.optional else "text"
            types[one.name] = _CELLS.get(one.type.name, plain)
        return types

    def _rows(self, records: RecordBlock, file: DataFile) -> RowBlock:
        found = RowBlock([], records.faults, records.failed, records.skipped, ends=records.ends)
        problem, known, typed = self._shape.problem, self._shape.known, self._shape.typed
        base, path, split, id_field = self._base, file.path, file.split, self._id
        rows = found.rows
        for value, line, offset in zip(records.values, records.lines, records.offsets, strict=True):
            wrong = problem(value)
            if wrong is not None:
                found.failed += 1
                found.faults.append(_unfit(wrong, value, line, offset))
                continue
            if not value.keys() <= typed:
                _note(found.unknown, value.keys() - known, line)
                kinds = {(one, kind_of(value[one])) for one in value.keys() - typed}
                _note(found.kinds, kinds, line)
            rows.append(Row(path, line, offset, value, base, split, id_field))
        if self._hashed is not None:
            _assign(self._hashed, rows)
        return found


def _assign(split: SplitDef, rows: list[Row]) -> None:
    edges, total = [], 0.0
    for name, share in split.shares:
        total += share
        edges.append((name, total))
    last = edges[-1][0] if edges else None
    key = split.key or ""
    for row in rows:
        u = unit_hash(split.seed, key_text(row.value.get(key)))
        row.split = next((name for name, edge in edges if u < edge), last)


_Key = TypeVar("_Key", str, tuple[str, str])


def _note(counts: dict[_Key, tuple[int, int]], keys: set[_Key], line: int) -> None:
    for key in sorted(keys):
        first, count = counts.get(key, (line, 0))
        counts[key] = (first, count + 1)


def _unfit(problem: Problem, value: dict[str, Any], line: int, offset: int) -> Fault:
    import orjson

    return Fault(
        problem.code,
        problem.message,
        line,
        offset,
        None,
        problem.help,
        excerpt(orjson.dumps(value)),
    )


def _line_blocks(part: Part) -> Iterator[RecordBlock]:
    stream = chunks(part.file, part.start, part.end)
    head: Fault | None = None
    first, taken = b"", 0
    if part.start == 0:
        stream, taken, head = opened(stream)
        first = next(stream, b"")
        stream = _again(first, stream)
    start = RecordBlock()
    if head is not None:
        start.faults.append(head)
        if head.fatal:
            start.failed, start.ends = 1, True
            yield start
            return
        yield start
    for block in line_blocks(stream, part.first_line, part.start + taken):
        found = line_records(block)
        if block.first_line == 1 and found.failed and 1 not in found.lines:
            whole = as_json_lines(first[:4096])
            if whole is not None:
                wrong = RecordBlock(ends=True)
                wrong.fail(whole)
                yield wrong
                return
        yield found


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
