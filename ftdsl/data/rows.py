"""The rows of a dataset, for every step that reads them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from ftdsl.data.blocks import Part, RowBlock, RowReader, parts
from ftdsl.data.compiled import compiled
from ftdsl.data.faults import Fault, refusal
from ftdsl.data.files import DataFile, Stamp, resolve_files
from ftdsl.data.formats import Message, content_text
from ftdsl.data.row import Row
from ftdsl.data.scanned import PROMPT, REPLY, SYSTEM, Roles, ScannedRows, pairs
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
from ftdsl.plan.digests import DIGESTS_FILE, FileDigests

__all__ = [
    "PROMPT",
    "REPLY",
    "SYSTEM",
    "DataFile",
    "Fault",
    "Message",
    "Part",
    "Places",
    "Roles",
    "Row",
    "RowBlock",
    "RowReader",
    "ScannedRows",
    "Stamp",
    "chosen",
    "chunks",
    "compiled",
    "content_text",
    "exchange_of",
    "messages",
    "pair_of",
    "pairs",
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


def chunks(files: Iterable[DataFile], cache: Path) -> Iterator[Part]:
    """The files in chunks of about 1 MiB of whole lines, in order. Places to cut are chosen by
    content, so that an edited, inserted or deleted row changes one chunk or two and leaves all
    others with the digests that they had, though they may lie elsewhere.

    Keep what you find in a chunk under ``Part.digest`` and what else decides it, with lines and
    offsets counted from the chunk's start. Whether it begins the file (``start == 0``) is the one
    thing about its place that matters: only there a byte order mark or a foreign format is looked
    for. A file that is no plain JSON lines is one part without a digest. Files are read only where
    ``cache``, the engine's cache folder, does not know them yet. Raises Refused (FT303)."""
    digests = FileDigests(cache / DIGESTS_FILE)
    for file in files:
        if file.format != "jsonl":
            yield Part(file)
            continue
        try:
            facts = digests.facts(file.full, cut=True)
        except OSError as error:
            reason = f"`{file.path}` cannot be read: {error.strerror}"
            raise refusal("FT303", reason, file.span, "", file.path) from None
        yield from parts(file, facts.chunks)
    digests.save()


def portions(parts: Iterable[Part], size: int) -> Iterator[tuple[Part, ...]]:
    """The parts in runs of up to ``size`` bytes (or one larger part), in order."""
    taken: list[Part] = []
    weight = 0
    for part in parts:
        if taken and weight + part.size > size:
            yield tuple(taken)
            taken, weight = [], 0
        taken.append(part)
        weight += part.size
    if taken:
        yield tuple(taken)


Places = frozenset[tuple[str, int]]
"""(path, line) of some rows."""


def places_of(parts: Sequence[Part], places: Places) -> list[Places]:
    """For each of a dataset's parts, in order, those of ``places`` that stand in it."""
    by_path: dict[str, list[int]] = {}
    for path, line in sorted(places):
        by_path.setdefault(path, []).append(line)
    found: list[Places] = []
    for part, following in zip_longest(parts, parts[1:]):
        lines = by_path.get(part.file.path, [])
        is_last = following is None or following.file != part.file
        end = len(lines) if is_last else bisect_left(lines, following.first_line)
        chosen = lines[bisect_left(lines, part.first_line) : end]
        found.append(frozenset((part.file.path, line) for line in chosen))
    return found


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
            rows = list(block.rows)
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
