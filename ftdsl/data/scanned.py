"""Plain conversations as they lie in the bytes of a file: no row is made until one is asked for.

Most rows of most files are turns of a role and a text, and most rules ask about roles and texts
alone. Such rows are read by the compiled ``_scan``, which makes no objects: roles are one byte a
turn, texts are one run of bytes. Whatever else a rule wants to see, a row is parsed for it. Blocks
with any row that is not plain are declined, as all are where nothing was compiled: they are read
record by record, with the same results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar, overload

import numpy as np
import orjson
from numpy.typing import NDArray

from ftdsl.data.compiled import compiled
from ftdsl.data.formats import SPEAKERS
from ftdsl.data.lines import LineBlock
from ftdsl.data.row import Row

Value = TypeVar("Value")
Roles = tuple[str, ...]
PROMPT, REPLY, SYSTEM = range(3)
"""The texts that can be asked for."""
_BLANK = 4
_KINDS = {"s": "a text", "b": "a bool", "i": "a whole number", "f": "a number", "n": "null"}
_SYSTEM = (b"system", b"developer")
SYSTEM_ROLES = frozenset(one.decode() for one in _SYSTEM)
_TOOLS = (b"tool", b"observation", b"function_response")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a format names the list of turns, who speaks and what is said. ``names`` are those of
    the speakers: two of the system, three of the assistant, then the others."""

    turns: str
    speaker: str
    text: str
    names: tuple[bytes, ...]

    @property
    def roles(self) -> Roles:
        """The role of each name."""
        return tuple(SPEAKERS.get(one.decode(), one.decode()) for one in self.names)


LAYOUTS = {
    "chat": Layout(
        "messages",
        "role",
        "content",
        (*_SYSTEM, b"assistant", b"assistant", b"assistant", b"user", b"tool", b"function"),
    ),
    "sharegpt": Layout(
        "conversations",
        "from",
        "value",
        (*_SYSTEM, b"gpt", b"assistant", b"model", b"human", b"user", *_TOOLS),
    ),
}
"""The formats that can be read so."""


@dataclass(frozen=True, slots=True)
class Place:
    """What all rows of a block have in common."""

    path: str
    base: str
    split: str | None
    id_field: str | None


class ScannedRows(Sequence[Row]):
    """Consecutive plain rows. ``split_of`` gives the split of each where they differ."""

    def __init__(self, block: LineBlock, layout: Layout, found: tuple[Any, ...], at: Place) -> None:
        self._body = block.body
        self._first_line, self._first_offset = block.first_line, block.first_offset
        self._at = at
        self._names, self._turns_key = layout.roles, layout.turns
        ends, counts, roles, starts, stops, flags, *others, self.keys = found
        self._turns = (counts, roles, starts, stops, flags)
        self._ends = np.frombuffer(ends, np.int32)
        self.turn_counts: NDArray[np.int32] = np.frombuffer(counts, np.int32)
        self._others = others
        self._made: dict[int, Row] = {}
        self._orders: tuple[list[Roles], list[int]] | None = None
        self.split_of: list[str | None] | None = None

    @property
    def split(self) -> str | None:
        """The split of all rows, unless ``split_of`` says more."""
        return self._at.split

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = index + len(self) if index < 0 else index
        row = self._made.get(index)
        if row is None:
            row = self._made[index] = self._row(index)
        return row

    def __iter__(self) -> Iterator[Row]:
        return (self[i] for i in range(len(self)))

    def _row(self, index: int) -> Row:
        start = int(self._ends[index - 1]) + 1 if index else 0
        value = orjson.loads(memoryview(self._body)[start : int(self._ends[index])])
        at, line, offset = self._at, self._first_line + index, self._first_offset + start
        split = at.split if self.split_of is None else self.split_of[index]
        return Row(at.path, line, offset, value, at.base, split, at.id_field)

    def line(self, index: int) -> int:
        """The 1-based line of a row."""
        return self._first_line + index

    # ------------------------------------------------------------------ roles

    def by_roles(self, function: Callable[[Roles], Value]) -> list[Value]:
        """What ``function`` makes of each row's roles; asked once for the same roles."""
        if self._orders is None:
            self._orders = self._found_orders()
        orders, which = self._orders
        told = list(map(function, orders))
        return [told[one] for one in which]

    def _found_orders(self) -> tuple[list[Roles], list[int]]:
        """The orders of roles that there are, and the number of each row's."""
        ends = [0, *np.cumsum(self.turn_counts).tolist()]
        roles, names = self._turns[1], self._names
        numbers: dict[bytes, int] = {}
        which = [numbers.setdefault(roles[a:b], len(numbers)) for a, b in pairwise(ends)]
        return [tuple(names[code] for code in order) for order in numbers], which

    def have_system(self) -> list[bool]:
        """Whether some turn of each row is by the system."""
        roles = self._turns[1]
        if not any(code in roles for code in range(len(_SYSTEM))):
            return [False] * len(self)
        return self.by_roles(lambda names: not SYSTEM_ROLES.isdisjoint(names))

    # ------------------------------------------------------------------ texts

    def texts(self, which: int) -> tuple[bytes, NDArray[np.int64], NDArray[np.int32]]:
        """``PROMPT``, ``REPLY`` or ``SYSTEM`` of every row: all bytes with a line end between two
        texts, for each where the next one starts, and its characters."""
        joined, ends, sizes = compiled.texts(self._body, *self._turns, which)
        return joined, np.frombuffer(ends, np.int64), np.frombuffer(sizes, np.int32)

    def maybe_blank(self) -> list[int]:
        """The rows of which a turn's text may be white space alone; no other has such a turn."""
        at = np.flatnonzero(np.frombuffer(self._turns[4], np.uint8) & _BLANK)
        if not len(at):
            return []
        rows = np.searchsorted(np.cumsum(self.turn_counts), at, side="right")
        return list(dict.fromkeys(rows.tolist()))

    # ------------------------------------------------------------------ further members

    def field(self, key: str) -> list[Any]:
        """The value of each row's field, None where it has none."""
        if key == self._turns_key:
            return [row.value[key] for row in self]
        values: list[Any] = [None] * len(self)
        for row, _, value in self.members(key) if key in self.keys else ():
            values[row] = value
        return values

    def members(self, key: str) -> Iterator[tuple[int, str, Any]]:
        """(row, kind in words, value) of each row that has the further member ``key``."""
        rows, keys, kinds, starts, stops = self._others
        number = self.keys.index(key)
        at = np.flatnonzero(np.frombuffer(keys, np.uint8) == number).tolist()
        numbers = [np.frombuffer(one, np.int32) for one in (rows, starts, stops)]
        places = [(int(numbers[1][i]), int(numbers[2][i])) for i in at]
        values = orjson.loads(b"[%b]" % b",".join(self._body[a:b] for a, b in places))
        for i, value in zip(at, values, strict=True):
            yield int(numbers[0][i]), _KINDS[chr(kinds[i])], value


def pairs(data: bytes, first: bytes, follows: bytes) -> NDArray[np.int64]:
    """Places of the bytes of ``first`` after which one stands that has a 1 in the 256 of
    ``follows``, in no order."""
    if compiled is not None:
        return np.frombuffer(compiled.pairs(data, first, follows), np.int64)
    codes = np.frombuffer(data, np.uint8)
    at = [np.flatnonzero(codes[:-1] == one) for one in first]
    places = np.concatenate(at)
    found: NDArray[np.int64] = places[np.frombuffer(follows, np.uint8)[codes[places + 1]] == 1]
    return found


def scanned(block: LineBlock, layout: Layout, at: Place) -> ScannedRows | None:
    """The rows of a block of lines, if they are plain and all is well with them."""
    if compiled is None or block.too_long or not block.body:
        return None
    keys = (layout.turns.encode(), layout.speaker.encode(), layout.text.encode())
    found = compiled.scan(block.body, *keys, layout.names)
    if found is None:
        return None
    rows = ScannedRows(block, layout, found, at)
    block.count = len(rows)
    return rows
