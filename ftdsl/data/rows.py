"""The rows of a dataset, for every step that reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ftdsl.data.blocks import Part, RowBlock, RowReader, parts
from ftdsl.data.faults import Fault
from ftdsl.data.files import DataFile, Stamp, resolve_files
from ftdsl.data.formats import Message, content_text
from ftdsl.data.row import Row
from ftdsl.data.views import (
    chosen,
    exchange_of,
    messages,
    pair_of,
    prompt,
    rejected,
    reply,
    system,
    text,
    turn_count,
)
from ftdsl.language.program import DatasetDef

__all__ = [
    "DataFile",
    "Fault",
    "Message",
    "Part",
    "Row",
    "RowBlock",
    "RowReader",
    "Stamp",
    "chosen",
    "content_text",
    "exchange_of",
    "messages",
    "pair_of",
    "parts",
    "prompt",
    "read_blocks",
    "read_rows",
    "rejected",
    "reply",
    "resolve_files",
    "row_value",
    "system",
    "text",
    "turn_count",
]


def row_value(value: dict[str, object], base: str | None = None) -> Row:
    """A row that stands in no file."""
    return Row("", 0, 0, value, base)


def read_blocks(
    dataset: DatasetDef,
    root: Path,
    *,
    split: str | None = None,
    exclude: frozenset[tuple[str, int]] = frozenset(),
) -> Iterator[list[Row]]:
    """The rows of ``read_rows`` in blocks of some hundreds."""
    reader = RowReader(dataset)
    for file in resolve_files(dataset, root, split):
        for block in reader.read(Part(file)):
            rows = block.rows
            if split is not None:
                rows = [row for row in rows if row.split == split]
            if exclude:
                rows = [row for row in rows if (row.path, row.line) not in exclude]
            if rows:
                yield rows
        file.assert_unchanged()


def read_rows(
    dataset: DatasetDef,
    root: Path,
    *,
    split: str | None = None,
    exclude: frozenset[tuple[str, int]] = frozenset(),
) -> Iterator[Row]:
    """The rows that can be read and fit the schema, in file order; of one split if it is named,
    without the (path, line) pairs of ``exclude``. What is wrong with the other rows is for the
    step ``check`` to say. Memory stays at one block. Raises Refused (FT300-FT308)."""
    for rows in read_blocks(dataset, root, split=split, exclude=exclude):
        yield from rows
