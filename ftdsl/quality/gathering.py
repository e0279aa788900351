"""What some rows came to, rule by rule: answers that hold wherever the same rows stand.

An answer is JSON. Lines and offsets in it count from the start of the part, names of datasets,
rules and files are left out, and so it can be kept under the digest of the rows and read back when
they have moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import orjson

from ftdsl.data.rows import Part, Row, RowBlock, ScannedRows
from ftdsl.privacy.masking import masked, masked_name
from ftdsl.quality.across.aggregates import Quantile
from ftdsl.quality.expressions import Block
from ftdsl.quality.forecast import lengths
from ftdsl.quality.rules import RowRule

if TYPE_CHECKING:
    from ftdsl.quality.examination import Examination

ROWS = -1
"""The number under which stands what the rows are, whichever rules are asked."""

Answers = dict[int, bytes]
"""By the number of the rule; ``ROWS`` for the rows themselves."""


class Gathering:
    """Takes in blocks of rows of one part and answers the ``asked`` rules."""

    def __init__(self, examination: Examination, part: Part, asked: Iterable[int]) -> None:
        wanted = frozenset(asked)
        self._examination = examination
        self._rows = _OfRows(examination, part) if ROWS in wanted else None
        self._rules = {
            index: _OfRule(rule, part, examination.waivers[index])
            for index, rule in examination.row_rules.items()
            if index in wanted
        }
        self._statements = {
            index: one for index, one in examination.statements().items() if index in wanted
        }

    def add(self, rows: RowBlock) -> None:
        """Take in the next rows."""
        block = Block(rows.rows)
        if self._rows is not None:
            self._rows.add(rows, block)
        if block.rows:
            for rule in self._rules.values():
                rule.add(block)
            for statement in self._statements.values():
                statement.add(block)

    def answers(self) -> Answers:
        """All answers."""
        found: dict[int, Any] = {index: one.answer() for index, one in self._rules.items()}
        found |= {index: one.dump() for index, one in self._statements.items()}
        if self._rows is not None:
            found[ROWS] = self._rows.answer()
        return {index: orjson.dumps(one) for index, one in found.items()}


class _OfRows:
    """Counts, faults, splits, undeclared fields and lengths of texts."""

    def __init__(self, examination: Examination, part: Part) -> None:
        self._examination = examination
        self._line, self._offset = part.first_line - 1, part.start
        self._counts = [0, 0, 0, 0]
        self._splits: dict[str, int] = {}
        self._unknown: dict[str, list[int]] = {}
        self._kinds: dict[tuple[str, str], list[int]] = {}
        self._first: int | None = None
        self._faults: list[list[Any]] = []
        self._sizes = {name: Quantile() for name in examination.sized}
        self._ends = False

    def add(self, rows: RowBlock, block: Block) -> None:
        there = len(rows.rows)
        counted = (there + rows.failed + rows.skipped, there, rows.failed, rows.skipped)
        self._counts = [a + b for a, b in zip(self._counts, counted, strict=True)]
        self._ends |= rows.ends
        for name, count in _splits(rows.rows).items():
            self._splits[name] = self._splits.get(name, 0) + count
        for name, (line, count) in rows.unknown.items():
            self._unknown.setdefault(name, [line - self._line, 0])[1] += count
        for key, (line, count) in rows.kinds.items():
            self._kinds.setdefault(key, [line - self._line, 0])[1] += count
        if there and self._first is None:
            rows_ = rows.rows
            line = rows_.line(0) if isinstance(rows_, ScannedRows) else rows_[0].line
            self._first = line - self._line
        for one in rows.faults:
            place = [
                None if one.line is None else one.line - self._line,
                None if one.offset is None else one.offset - self._offset,
            ]
            told = [one.code, masked(one.message), one.severity, one.column, one.excerpt]
            self._faults.append([*place, *told, masked(one.help)])
        if there:
            for name, size in self._sizes.items():
                size.add(lengths(name, self._examination.evaluator, block))

    def answer(self) -> dict[str, Any]:
        return {
            "counts": self._counts,
            "splits": self._splits,
            "unknown": {masked_name(name): found for name, found in self._unknown.items()},
            "kinds": [
                [masked_name(name), kind, *place] for (name, kind), place in self._kinds.items()
            ],
            "first": self._first,
            "faults": self._faults,
            "sizes": {name: one.dump() for name, one in self._sizes.items()},
            "ends": self._ends,
        }


def _splits(rows: Sequence[Row]) -> dict[str, int]:
    """How many of the rows each split has; nothing where there are no splits."""
    if isinstance(rows, ScannedRows) and rows.split_of is None:
        return {} if rows.split is None else {rows.split: len(rows)}
    named = rows.split_of if isinstance(rows, ScannedRows) else [row.split for row in rows]
    if not named or named[0] is None:
        return {}
    return dict(Counter(one or "" for one in named))


class _OfRule:
    """How many rows a row rule was asked of, and all about those that fail it. ``waivers`` are the
    row ids that each of its waivers excuses, none for all."""

    def __init__(self, rule: RowRule, part: Part, waivers: list[frozenset[str]]) -> None:
        self._rule = rule
        self._line, self._offset = part.first_line - 1, part.start
        self._waivers = waivers
        self._counts = [0, 0, 0, 0]
        self._failing: list[list[Any]] = []
        self._waived: list[set[str]] = [set() for _ in waivers]

    def add(self, block: Block) -> None:
        outcome = self._rule.ask(block)
        self._counts[0] += outcome.checked
        self._counts[3] += outcome.left_out
        failing = outcome.failing
        if failing and self._waivers:
            kept = [i for i in failing if not self._is_waived(block.rows[i])]
            self._counts[2] += len(failing) - len(kept)
            failing = kept
        if not failing:
            return
        self._counts[1] += len(failing)
        for i, values in zip(failing, self._rule.values(block, failing), strict=True):
            row = block.rows[i]
            place = [row.line - self._line, row.offset - self._offset]
            told = [masked_name(row.row_id), row.digest, values, self._rule.help(row)]
            self._failing.append([*place, *told, *astuple(self._rule.offence(block, i, values))])

    def _is_waived(self, row: Row) -> bool:
        for ids, used in zip(self._waivers, self._waived, strict=True):
            if not ids:
                used.add("")
                return True
            if row.row_id in ids:
                used.add(masked_name(row.row_id))
                return True
        return False

    def answer(self) -> dict[str, Any]:
        waived = [sorted(ids) for ids in self._waived]
        return {"counts": self._counts, "failing": self._failing, "waived": waived}
