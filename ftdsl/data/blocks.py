"""A dataset's files as blocks of rows: parts that can be read apart, and the rows of each part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ftdsl.data.cutting import Cut
from ftdsl.data.faults import Fault, excerpt
from ftdsl.data.files import DataFile
from ftdsl.data.formats import FORMATS
from ftdsl.data.head import as_json_lines, opened
from ftdsl.data.identity import key_text, unit_hash
from ftdsl.data.json_array import array_blocks
from ftdsl.data.lines import LineBlock, line_blocks
from ftdsl.data.records import RecordBlock, line_records
from ftdsl.data.row import Row
from ftdsl.data.scanned import LAYOUTS, Place, ScannedRows, scanned
from ftdsl.data.shape import Problem, Shape, kind_of
from ftdsl.data.streams import CHUNK, chunks
from ftdsl.data.tables import csv_blocks, parquet_blocks
from ftdsl.language.program import DatasetDef, SplitDef

_SCANNED = 1 << 22
"""Bytes of lines that are looked at in one go where no row is made of them."""
_HEAD = 4096
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

    rows: Sequence[Row] = field(default_factory=list)
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
        layout = LAYOUTS.get(self._base or "")
        named = {split.key if split is not None else None, self._id}
        named.update(name for name, _ in self._shape.declared)
        self._layout = layout if layout is not None and layout.turns not in named else None

    def read(self, part: Part) -> Iterator[RowBlock]:
        """The rows of ``part`` in order. Raises Refused (FT300-FT308)."""
        for records in self._records(part):
            yield self._rows(records, part.file)

    def read_fast(self, part: Part) -> Iterator[RowBlock]:
        """The same rows and faults, in larger blocks, for who asks for columns and few rows:
        ``ScannedRows`` where they can be. Raises Refused (FT300-FT308)."""
        if part.file.format != "jsonl" or self._layout is None:
            yield from self.read(part)
            return
        lines = _Lines(part, _SCANNED)
        for block in lines:
            if isinstance(block, RecordBlock):
                yield self._rows(block, part.file)
                continue
            found = self._scanned(block, part.file)
            if found is not None:
                yield found
                continue
            for piece in block.pieces(CHUNK):
                records = lines.records(piece)
                yield self._rows(records, part.file)
                if records.ends:
                    return

    def _scanned(self, block: LineBlock, file: DataFile) -> RowBlock | None:
        """The rows of ``block`` as they lie, if all of them are plain and fit the schema."""
        if self._layout is None:
            return None
        place = Place(file.path, self._base or "", file.split, self._id)
        rows = scanned(block, self._layout, place)
        if rows is None or not self._shape.loose.isdisjoint(rows.keys):
            return None
        found = RowBlock(rows)
        if not self._declared_fit(rows):
            return None
        for key in sorted(set(rows.keys) - self._shape.known):
            seen = [(rows.line(row), kind) for row, kind, _ in rows.members(key)]
            found.unknown[key] = (seen[0][0], len(seen))
            for line, kind in seen:
                first, count = found.kinds.get((key, kind), (line, 0))
                found.kinds[key, kind] = (first, count + 1)
        if self._hashed is not None:
            rows.split_of = self._splits_of(rows)
        return found

    def _declared_fit(self, rows: ScannedRows) -> bool:
        for name, optional in self._shape.declared:
            there = list(rows.members(name)) if name in rows.keys else []
            values = [value for _, _, value in there if value is not None]
            if not optional and len(values) < len(rows):
                return False
            if not all(self._shape.suits(name, value) for value in values):
                return False
        return True

    def _splits_of(self, rows: ScannedRows) -> list[str | None]:
        assert self._hashed is not None
        return [split_of(self._hashed, value) for value in rows.field(self._hashed.key or "")]

    def _records(self, part: Part) -> Iterator[RecordBlock]:
        file = part.file
        if file.format == "json":
            return array_blocks(file)
        if file.format == "csv":
            return csv_blocks(file, self._cell_types())
        return parquet_blocks(file) if file.format == "parquet" else _line_records(part)

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
        rows: list[Row] = []
        found.rows = rows
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
    key = split.key or ""
    for row in rows:
        row.split = split_of(split, row.value.get(key))


def split_of(split: SplitDef, value: Any) -> str | None:
    """The split of the row whose key field holds ``value``."""
    u = unit_hash(split.seed, key_text(value))
    total = 0.0
    for name, share in split.shares:
        total += share
        if u < total:
            return name
    return split.shares[-1][0] if split.shares else None


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


class _Lines:
    """A part's lines in blocks, after what the head of the file shows if the part begins it.
    ``head`` is how the lines begin."""

    def __init__(self, part: Part, size: int) -> None:
        self._part, self._size = part, size
        self.head = b""

    def __iter__(self) -> Iterator[LineBlock | RecordBlock]:
        part = self._part
        stream = chunks(part.file, part.start, part.end, self._size)
        taken = 0
        if part.start == 0:
            stream, taken, fault = opened(stream)
            first = next(stream, b"")
            self.head = first[:_HEAD]
            stream = _again(first, stream)
            start = RecordBlock()
            if fault is not None:
                start.faults.append(fault)
                if fault.fatal:
                    start.failed, start.ends = 1, True
            yield start
            if start.ends:
                return
        yield from line_blocks(stream, part.first_line, part.start + taken)

    def records(self, block: LineBlock) -> RecordBlock:
        """The records of one of the blocks, or why the file never was one of lines."""
        found = line_records(block)
        if block.first_line == 1 and found.failed and 1 not in found.lines:
            whole = as_json_lines(self.head)
            if whole is not None:
                wrong = RecordBlock(ends=True)
                wrong.fail(whole)
                return wrong
        return found


def _line_records(part: Part) -> Iterator[RecordBlock]:
    lines = _Lines(part, CHUNK)
    for block in lines:
        found = block if isinstance(block, RecordBlock) else lines.records(block)
        yield found
        if found.ends:
            return


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
