"""CSV and Parquet files as records: one line, or one row group, after another."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import orjson

from ftdsl.data.faults import Fault, excerpt, refusal
from ftdsl.data.files import DataFile
from ftdsl.data.head import opened
from ftdsl.data.json_lines import around
from ftdsl.data.lines import MAX_LINE, line_blocks
from ftdsl.data.records import Record, RecordBlock
from ftdsl.data.streams import chunks, missing_library

BATCH = 1000
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class _Place:
    """Hands decoded lines to ``csv`` and remembers where it is."""

    def __init__(self, stream: Iterator[bytes], offset: int) -> None:
        self.line = 0
        self.offset = offset
        self.next_offset = offset
        self.fault: Fault | None = None
        self._stream = stream

    def __iter__(self) -> Iterator[str]:
        for block in line_blocks(self._stream, 1, self.offset):
            offset = block.first_offset
            for data in block.lines:
                self.line += 1
                self.next_offset = offset + len(data) + 1
                try:
                    text = data.decode()
                except UnicodeDecodeError as error:
                    bad = offset + error.start
                    self.fault = Fault(
                        "FT322",
                        f"byte {bad} is not UTF-8 ({around(data, error.start)})",
                        self.line,
                        bad,
                        len(data[: error.start].decode()) + 1,
                        "save the file as UTF-8",
                        excerpt(data),
                    )
                    text = data.decode("utf-8", "replace")
                yield text + "\n"
                offset = self.next_offset


def csv_blocks(file: DataFile, types: dict[str, str]) -> Iterator[RecordBlock]:
    """The rows of a CSV or tab-separated file with a header line. ``types`` tells which cells are
    not text: ``int``, ``float``, ``bool``; ``json`` cells hold JSON. An empty cell is absent."""
    stream, taken, fault = opened(chunks(file))
    block = RecordBlock()
    if fault is not None:
        if fault.fatal:
            block.fail(fault)
            yield block
            return
        block.faults.append(fault)
    first = next(stream, b"")
    place = _Place(_again(first, stream), taken)
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(iter(place), strict=True, delimiter=_delimiter(first))
    header: list[str] | None = None
    while True:
        line, offset = place.line + 1, place.next_offset
        try:
            cells = next(reader, None)
        except csv.Error as error:
            block.fail(Fault("FT346", f"malformed CSV: {error}", line, offset, 1, _CSV_HELP))
            continue
        if cells is None:
            break
        if place.fault is not None:
            block.fail(place.fault)
            place.fault = None
        elif header is None:
            header = cells
        elif not cells:
            block.skipped += 1
            block.faults.append(_blank(line, offset))
        else:
            _add(block, header, cells, types, line, offset)
        if len(block.values) >= BATCH:
            yield block
            block = RecordBlock()
    yield block


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _delimiter(head: bytes) -> str:
    """A tab where the header has one and no comma: the table is tab-separated."""
    header = head.split(b"\n", 1)[0]
    return "\t" if b"\t" in header and b"," not in header else ","


_CSV_HELP = 'quote cells that hold commas, quotes or line ends, and write a quote as ""'


def _blank(line: int, offset: int) -> Fault:
    return Fault(
        "FT329", "the line is blank", line, offset, 1, "delete it", fatal=False, severity="warning"
    )


def _add(
    block: RecordBlock,
    header: list[str],
    cells: list[str],
    types: dict[str, str],
    line: int,
    offset: int,
) -> None:
    if len(cells) != len(header):
        message = f"the row has {len(cells)} cells, the header {len(header)}"
        block.fail(
            Fault("FT346", message, line, offset, 1, _CSV_HELP, excerpt(",".join(cells).encode()))
        )
        return
    block.values.append(
        {
            name: _cell(cell, types.get(name, "text"))
            for name, cell in zip(header, cells, strict=True)
        }
    )
    block.lines.append(line)
    block.offsets.append(offset)


def _cell(cell: str, kind: str) -> Any:
    """The cell as ``kind``, or its text where it is none: the schema then says what is wrong."""
    if cell == "" and kind != "text":
        return None
    try:
        if kind == "int":
            return int(cell)
        if kind == "float":
            return float(cell)
        if kind == "json" and cell[:1] in "[{":
            return orjson.loads(cell)
    except ValueError:
        return cell
    return _TRUTHS.get(cell.lower(), cell) if kind == "bool" else cell


def parquet_blocks(file: DataFile) -> Iterator[RecordBlock]:
    """The rows of a Parquet file. ``line`` is the row's 1-based number, the offset 0. Raises
    Refused: FT307 for a damaged file, FT308 without pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise missing_library(file, "pyarrow") from None
    with file.open() as raw:
        try:
            table = parquet.ParquetFile(raw, pre_buffer=False)
            _refuse_extensions(table.schema_arrow, pyarrow.BaseExtensionType, file)
            line = 1
            for batch in table.iter_batches(batch_size=BATCH, use_threads=False):
                block = RecordBlock()
                for value in batch.to_pylist():
                    _keep(block, value, line)
                    line += 1
                yield block
        except (pyarrow.ArrowException, OSError) as error:
            raise refusal(
                "FT307",
                f"`{file.path}` is no readable Parquet file: {str(error).splitlines()[0][:200]}",
                file.span,
                "the file is damaged or incomplete; write it again",
                file.path,
            ) from None


def _refuse_extensions(schema: Any, extension: type, file: DataFile) -> None:
    for column in schema:
        if _holds(column.type, extension):
            raise refusal(
                "FT307",
                f"column `{column.name}` of `{file.path}` has an extension type",
                file.span,
                "write it with plain Arrow types",
                file.path,
            )


def _holds(kind: Any, extension: type) -> bool:
    """Whether a type is, or has anywhere inside it, one of the kind ``extension``."""
    if isinstance(kind, extension):
        return True
    inner = [kind.field(i).type for i in range(kind.num_fields)]
    if hasattr(kind, "value_type"):
        inner.append(kind.value_type)
    return any(_holds(one, extension) for one in inner)


def _keep(block: RecordBlock, value: Record, line: int) -> None:
    try:
        value = {name: _plain(one) for name, one in value.items()}
    except (ValueError, TypeError) as error:
        block.fail(Fault("FT340", str(error), line, None, None, "store texts and numbers"))
        return
    block.values.append(value)
    block.lines.append(line)
    block.offsets.append(0)


def _plain(value: Any) -> Any:
    """An Arrow value as JSON has it: dates and times in ISO form, decimals as text."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a cell holds {type(value).__name__}, which no row can")
