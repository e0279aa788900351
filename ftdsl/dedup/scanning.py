"""Chunks of plain JSON lines whose rows the compiled loops read, fold and shingle in one go.

That is possible where all that is compared is one text: the prompt or the reply of a conversation,
or a field. The loops read the usual rows and leave every line in which anything is out of the
ordinary to the reader; so the rows are always those of the reader, and a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ftdsl.data.plain import chunk_bytes, format_fields
from ftdsl.data.rows import Part, Row
from ftdsl.dedup import kernel
from ftdsl.dedup.clause import Arrays
from ftdsl.dedup.kernel import Layout, Scan
from ftdsl.dedup.mixing import Hashes
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.parts import RowParts
from ftdsl.dedup.ragged import Ints, Ragged, offsets_of
from ftdsl.dedup.values import compared_texts
from ftdsl.language.program import DatasetDef, Expr, FieldDef, SchemaDef
from ftdsl.quality.expressions import Block, Evaluator

# What a field may hold, as the C file numbers it.
_TEXT, _NULL, _BOOL, _INT, _FLOAT = 1, 2, 4, 8, 16
_KINDS = {"text": _TEXT, "bool": _BOOL, "int": _INT, "float": _INT | _FLOAT}
_VIEWS = {"prompt": 0, "reply.text": 1}
_FIELD = 2
_TURNS = "messages"
# Bytes that a chunk has at most: one over it holds a line that is longer than all others.
_LARGEST = 16 << 20
_MOST_FIELDS = 64


def layout_of(dataset: DatasetDef, on: Sequence[Expr]) -> Layout | None:
    """How the rows of ``dataset`` are read for the one text ``on``; None where they cannot be."""
    schema, expr = dataset.schema, on[0]
    if len(on) != 1 or expr.op != "field" or schema.base not in (None, "chat"):
        return None
    fields = _fields(schema)
    if fields is None:
        return None
    name = str(expr.value)
    if schema.base is not None and name in _VIEWS:
        return Layout(fields, _VIEWS[name])
    names = [one.name for one in schema.fields if one.type.name == "text" and not one.type.optional]
    if schema.base is None and name in names:
        return Layout(fields, _FIELD, [one.name for one in schema.fields].index(name))
    return None


def _fields(schema: SchemaDef) -> tuple[tuple[bytes, int, int], ...] | None:
    declared = [_field(one) for one in schema.fields]
    known = {one.name for one in schema.fields}
    if schema.base is not None:
        if _TURNS in known:
            return None
        declared += [
            (name.encode(), _BOOL | _NULL, 0)
            for name, kind in format_fields(schema.base).items()
            if kind == "bool" and name not in known
        ]
    found = tuple(one for one in declared if one is not None)
    return found if len(found) == len(declared) <= _MOST_FIELDS else None


def _field(field: FieldDef) -> tuple[bytes, int, int] | None:
    kinds = _KINDS.get(field.type.name)
    if kinds is None:
        return None
    optional = field.type.optional
    return field.name.encode(), kinds | (_NULL if optional else 0), not optional


@dataclass(frozen=True, slots=True)
class Scanned:
    """The rows of a chunk: their lines, where they start, and what is compared of them."""

    part: Part
    lines: Ints
    offsets: Ints
    arrays: Arrays
    unusual: float
    """The share of lines that were left to the reader."""


class Scanner:
    """Reads the chunks of ``parts`` for one comparer. Made for worker threads: nothing changes."""

    def __init__(
        self, parts: RowParts, on: Sequence[Expr], layout: Layout, comparer: NearComparer,
        evaluator: Evaluator,
    ) -> None:  # fmt: skip
        self._parts = parts
        self._on = on
        self._layout = layout
        self._comparer = comparer
        self._evaluator = evaluator

    @staticmethod
    def fits(part: Part) -> bool:
        """Whether a part can be read: a chunk that does not begin its file."""
        return bool(part.digest) and part.start > 0 and part.size <= _LARGEST

    def scan(self, part: Part) -> Scanned:
        """The rows of a chunk. Raises Refused (FT303)."""
        data = chunk_bytes(part)
        scan = kernel.scan(data, self._layout, self._comparer.width)
        count = len(scan.starts)
        lines = np.arange(part.first_line, part.first_line + count, dtype=np.int64)
        sets, sums, chosen = scan.sets, scan.sums, np.arange(count)
        if len(scan.unusual):
            sets, sums, chosen = self._with_unusual(part, data, scan)
        return Scanned(
            part,
            lines[chosen],
            part.start + scan.starts[chosen],
            self._comparer.arrays(sets, sums),
            len(scan.unusual) / max(count, 1),
        )

    def _with_unusual(
        self, part: Part, data: bytes, scan: Scan
    ) -> tuple[Ragged, kernel.Sums, Ints]:
        """The sets of all rows of the chunk, and the numbers of their lines."""
        rows: list[Row] = []
        numbers: list[int] = []
        for number in scan.unusual.tolist():
            start = int(scan.starts[number])
            end = data.find(b"\n", start)
            line = data[start : end if end >= 0 else len(data)]
            row = self._parts.plain.line(part, part.first_line + number, part.start + start, line)
            if row is not None:
                rows.append(row)
                numbers.append(number)
        texts = compared_texts(self._evaluator, self._on, Block(rows)) if rows else []
        sets, own = self._comparer.shingles(texts)
        chosen = np.ones(len(scan.starts), dtype=np.bool_)
        chosen[scan.unusual] = False
        chosen[numbers] = True
        counts, sums = scan.sets.counts, scan.sums.copy()
        counts[numbers], sums[numbers] = sets.counts, own
        ends = scan.sets.offsets[numbers].tolist()
        pieces: list[Hashes] = []
        for index, (start, end) in enumerate(zip([0, *ends], [*ends, None], strict=True)):
            pieces.append(scan.sets.values[start:end])
            if end is not None:
                pieces.append(sets.row(index))
        together = Ragged(np.concatenate(pieces), offsets_of(counts[chosen]))
        return together, sums[chosen], np.flatnonzero(chosen)
