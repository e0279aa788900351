"""Row expressions, evaluated for a block of rows at a time.

Every distinct sub-expression is computed once for a block, whichever rules ask for it. ``and``,
``or`` and ``??`` compute their right side only for the rows whose left side does not decide, so a
guard such as ``has(topic) and words(topic) > 2`` protects what it guards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import not_
from pathlib import Path
from typing import Any, overload

from ftdsl.data.rows import Row, ScannedRows
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.catalog import ROW
from ftdsl.language.program import DatasetDef, Expr
from ftdsl.quality.fields import field_columns
from ftdsl.quality.functions import COLUMNS, EACH, EQUAL, PACKED, PLAIN, REASONS, TAKES_NULL
from ftdsl.quality.measures.conversation import ScannedConversations
from ftdsl.quality.measures.row_tokens import RowTokens
from ftdsl.quality.operators import BINARY, UNARY
from ftdsl.quality.texts import PackedTexts, Texts

Column = list[Any]
Values = Sequence[Any]
"""A column in whatever form it is at hand."""
Rows = list[int] | None
"""Indices of the rows to compute, in order; None for all rows of the block."""


@dataclass(frozen=True, slots=True)
class Node:
    """One distinct sub-expression; ``args`` are the numbers of its parts."""

    op: str
    value: Any
    args: tuple[int, ...]


class Block(Sequence[Row]):
    """Rows and what has been computed of them. ``given`` holds columns that are no part of the
    rows, such as ``output``."""

    __slots__ = ("full", "given", "partial", "rows")

    def __init__(self, rows: Sequence[Row], given: Mapping[str, Column] | None = None) -> None:
        self.rows = rows
        self.given = given or {}
        self.full: dict[int, Values] = {}
        self.partial: dict[int, dict[int, Any]] = {}

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


class Evaluator:
    """Evaluates row expressions over one dataset. ``measures`` gives what ``locked.count`` and its
    like read; ``root`` is where a tokenizer file is looked for."""

    def __init__(
        self,
        dataset: DatasetDef,
        root: Path | None = None,
        measures: Mapping[str, float] | None = None,
    ) -> None:
        self.dataset = dataset
        self._root = root
        self._measures = measures or {}
        self._nodes: list[Node] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._known: dict[int, tuple[Expr, int]] = {}
        self._tokens = RowTokens(dataset, root)

    def column(self, expr: Expr, block: Block | Sequence[Row], rows: Rows = None) -> Column:
        """The value of ``expr`` for each row (of ``rows``, if given), null as None. Pass the same
        ``Block`` again to share what was computed. The list must not be changed."""
        if not isinstance(block, Block):
            block = Block(list(block))
        found = self.values(self.number(expr), block, rows)
        return found if isinstance(found, list) else list(found)

    def named(self, name: str, block: Block) -> Values:
        """The field or view ``name`` of every row, shared with the expressions that read it."""
        return self.values(self._numbered("field", name, ()), block, None)

    def number(self, expr: Expr) -> int:
        """The number of ``expr``'s node; equal expressions have equal numbers."""
        known = self._known.get(id(expr))
        if known is not None:
            return known[1]
        args = tuple(self.number(one) for one in expr.args)
        number = self._numbered(expr.op, expr.value, args)
        self._known[id(expr)] = (expr, number)
        return number

    def _numbered(self, op: str, value: Any, args: tuple[int, ...]) -> int:
        key = (op, type(value), value, args)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._nodes)
            self._nodes.append(Node(op, value, args))
        return number

    def values(self, number: int, block: Block, rows: Rows) -> Values:
        """The column of a node, from what the block remembers where possible."""
        full = block.full.get(number)
        if full is not None:
            return full if rows is None else [full[i] for i in rows]
        if rows is None and not block.partial.get(number):
            column = block.full[number] = self._compute(number, block, None)
            return column
        wanted: Sequence[int] = range(len(block)) if rows is None else rows
        kept = block.partial.setdefault(number, {})
        missing = [i for i in wanted if i not in kept]
        if missing:
            kept.update(zip(missing, self._compute(number, block, missing), strict=True))
        return [kept[i] for i in wanted]

    def _compute(self, number: int, block: Block, rows: Rows) -> Values:
        node = self._nodes[number]
        op = node.op
        if op == "field":
            return self._field(str(node.value), block, rows, number)
        if op in ("literal", "measure"):
            return [self._constant(node)] * (len(block) if rows is None else len(rows))
        if op in ("and", "or", "??"):
            return self._guarded(node, block, rows)
        if op == "call":
            return self._call(node, block, rows)
        if op == "list":
            columns = [self.values(one, block, rows) for one in node.args]
            count = len(block) if rows is None else len(rows)
            return [list(one) for one in zip(*columns, strict=True)] or [[] for _ in range(count)]
        if op in UNARY:
            return _lifted(UNARY[op], [self.values(node.args[0], block, rows)])
        return self._binary(node, block, rows)

    def _constant(self, node: Node) -> Any:
        return self._measures.get(str(node.value)) if node.op == "measure" else node.value

    def _field(self, name: str, block: Block, rows: Rows, number: int) -> Values:
        column: Values | None = block.given.get(name)
        if column is None:
            found = field_columns(name, self.dataset.schema.base, block.rows)
            for other, values in found.items():
                block.full[self._numbered("field", other, ())] = values
            column = found[name]
        else:
            block.full[number] = column
        return column if rows is None else [column[i] for i in rows]

    def _guarded(self, node: Node, block: Block, rows: Rows) -> Values:
        left = self.values(node.args[0], block, rows)
        if node.op == "and":
            undecided = [k for k, one in enumerate(left) if one]
            result: Column = [False] * len(left)
        elif node.op == "or":
            undecided = [k for k, one in enumerate(left) if not one]
            result = [True] * len(left)
        else:
            undecided = [k for k, one in enumerate(left) if one is None]
            result = list(left)
        if len(undecided) == len(left):
            return self.values(node.args[1], block, rows)
        if undecided:
            wanted = undecided if rows is None else [rows[k] for k in undecided]
            right = self.values(node.args[1], block, wanted)
            for k, one in zip(undecided, right, strict=True):
                result[k] = one
        return result

    def _binary(self, node: Node, block: Block, rows: Rows) -> Column:
        if (compared := self._compared(node, block, rows)) is not None:
            return compared
        left = self.values(node.args[0], block, rows)
        second = self._nodes[node.args[1]]
        if isinstance(left, PackedTexts) and second.op == "literal" and node.op in ("==", "!="):
            same = left.equal(second.value)
            return same if node.op == "==" else [not one for one in same]
        if node.op == "in" and self._is_constant(second):
            wanted = {self._constant(self._nodes[one]) for one in second.args}
            return _lifted(wanted.__contains__, [left])
        if second.op in ("literal", "measure"):
            return _lifted(BINARY[node.op], [left], (repeat(self._constant(second)),))
        return _lifted(BINARY[node.op], [left, self.values(node.args[1], block, rows)])

    def _compared(self, node: Node, block: Block, rows: Rows) -> Column | None:
        """The two sides compared without either, where they are one function that allows it."""
        sides = [self._nodes[one] for one in node.args]
        same = EQUAL.get(str(sides[0].value)) if sides[0].op == "call" else None
        if node.op not in ("==", "!=") or same is None or sides[0].value != sides[1].value:
            return None
        if any(one.op != "call" or len(one.args) != 1 for one in sides):
            return None
        if any(one in block.full or block.partial.get(one) for one in node.args):
            return None
        left, right = (self.values(one.args[0], block, rows) for one in sides)
        equal = _lifted(same, [left, right])
        return equal if node.op == "==" else _lifted(not_, [equal])

    def _settled(self, node: Node) -> Any:
        """A literal, or a list of them."""
        if node.op == "list":
            return [self._constant(self._nodes[one]) for one in node.args]
        return node.value

    def _is_constant(self, node: Node) -> bool:
        return node.op == "list" and all(self._nodes[one].op == "literal" for one in node.args)

    def _call(self, node: Node, block: Block, rows: Rows) -> Values:
        name = str(node.value)
        columns = [self.values(one, block, rows) for one in node.args]
        try:
            return self._applied(name, columns, node)
        except ImportError as error:
            raise self._lacking(name, error) from None

    def _lacking(self, name: str, error: ImportError) -> Exception:
        """FT308 for a function of an extra that is not installed."""
        extra = ROW[name].extra
        if not extra:
            return error
        message = f"`{name}(…)` needs the package {error.name}"
        span = self.dataset.span or Span("", 0, 0)
        return Refused(Diagnostic("FT308", message, span, help=f"pip install 'ftdsl[{extra}]'"))

    def _applied(self, name: str, columns: list[Values], node: Node) -> Column:
        if (plain := _of_plain_rows(columns)) is not None and name in PLAIN:
            return PLAIN[name](plain)
        if name in EACH:
            if name in TAKES_NULL:
                return list(map(EACH[name], *columns))
            return _lifted(EACH[name], columns)
        function = COLUMNS.get(name) or getattr(self._tokens, name)
        further = [self._nodes[one] for one in node.args[1:]]
        if all(one.op == "literal" or self._is_constant(one) for one in further):
            constants = [self._settled(one) for one in further]
            column = columns[0]
            if isinstance(column, PackedTexts) and name not in PACKED:
                column = column.texts
            return _skipping_null(lambda given: function(given, *constants), column)
        return _lifted(lambda *values: function([values[0]], *values[1:])[0], columns)

    def reason(self, name: str) -> Callable[..., str] | None:
        """What tells where a bad value of the function ``name`` comes from."""
        return self._tokens.unrendered if name == "renders" else REASONS.get(name)


def _of_plain_rows(columns: list[Values]) -> ScannedRows | None:
    """The plain rows that the one column is, or is of."""
    if len(columns) != 1:
        return None
    rows = columns[0].rows if isinstance(columns[0], ScannedConversations) else columns[0]
    return rows if isinstance(rows, ScannedRows) else None


def _lifted(
    function: Callable[..., Any], columns: Sequence[Values], constants: tuple[Any, ...] = ()
) -> Column:
    """``function`` row by row; null where an argument is null. The checker has seen to it that
    none is, except in a hand-made program: so null is looked for only after a failure."""
    try:
        return list(map(function, *columns, *constants))
    except (TypeError, AttributeError):
        if not any(one is None for column in columns for one in column):
            raise
    fixed = [next(iter(one)) for one in constants]
    return [
        None if any(one is None for one in values) else function(*values, *fixed)
        for values in zip(*columns, strict=True)
    ]


def _skipping_null(function: Callable[[Any], Column], column: Values) -> Column:
    """``function`` of the whole column; null stays null."""
    if isinstance(column, Texts | PackedTexts | ScannedConversations) or None not in column:
        return function(column)
    there = [k for k, one in enumerate(column) if one is not None]
    result: Column = [None] * len(column)
    for k, one in zip(there, function([column[k] for k in there]), strict=True):
        result[k] = one
    return result
