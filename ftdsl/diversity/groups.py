"""How rows are put into groups: by a value, by the range of a quantity, by similar texts, crossed.

A part gives each row the name of its group, or None: a row without the value (null, or a text with
no word) is in no group, and still counts for the shares. It may have to see all rows before it can
name any. Groups count the names that their one part gives, or with ``cross`` the combinations.
Blocks of rows are counted apart, each by groups of its own, and merged in any order: nothing
depends on how the rows were cut.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise, product
from math import prod
from typing import Any, Protocol

import orjson

from ftdsl.diversity.clusters import Clusters, Encoders
from ftdsl.language.program import CoverageDef, Expr
from ftdsl.language.typing.ranges import key as same


class Part(Protocol):
    """``subject`` is the row expression that it reads a column of, ``passes`` times."""

    passes: int

    @property
    def subject(self) -> Expr: ...

    def learn(self, values: Sequence[Any]) -> None:
        """More rows, in a pass before the last."""
        ...

    def names(self, values: Sequence[Any]) -> list[str | None]:
        """The group of each row, in the last pass."""
        ...

    def possible(self) -> tuple[str, ...] | None:
        """All groups there can be, in the order of reports; None where the rows decide."""
        ...

    def notes(self) -> dict[str, str]:
        """More about some groups."""
        ...

    def dump(self, turn: int) -> Any:
        """What the rows of the pass ``turn`` came to, beside their names."""
        ...

    def merge(self, dumped: Any, turn: int) -> None:
        """Take in what another part of the same key was given in this pass."""
        ...

    def found(self, turn: int) -> Any:
        """What a part that begins with the pass ``turn`` must know of those before it."""
        ...

    def begin(self, found: Any) -> None:
        """Know what another one has ``found``."""
        ...


class _InOnePass:
    """A part that needs to know nothing before it gives names."""

    passes = 1

    def learn(self, values: Sequence[Any]) -> None:
        """Nothing to learn."""

    def dump(self, turn: int) -> None:
        """Nothing beside the names."""

    def merge(self, dumped: Any, turn: int) -> None:
        """Nothing beside the names."""

    def found(self, turn: int) -> None:
        """Nothing to know."""

    def begin(self, found: Any) -> None:
        """Nothing to know."""


class Values(_InOnePass):
    """One group for each different value."""

    def __init__(self, key: Expr) -> None:
        self.subject = key

    def names(self, values: Sequence[Any]) -> list[str | None]:
        return [None if value is None else _name(value) for value in values]

    def possible(self) -> None:
        return None

    def notes(self) -> dict[str, str]:
        return {}


def _name(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


class Ranges(_InOnePass):
    """``bucket``: k edges make k + 1 half-open ranges, ``<e1``, ``e1..e2``, …, ``>=ek``."""

    def __init__(self, key: Expr) -> None:
        self.subject = key.args[0]
        self._edges = [float(str(edge.value)) for edge in key.args[1].args]
        shown = [_number(edge) for edge in self._edges]
        between = [f"{low}..{high}" for low, high in pairwise(shown)]
        self._names = (f"<{shown[0]}", *between, f">={shown[-1]}")

    def names(self, values: Sequence[Any]) -> list[str | None]:
        return [
            None if value is None else self._names[bisect_right(self._edges, value)]
            for value in values
        ]

    def possible(self) -> tuple[str, ...]:
        return self._names

    def notes(self) -> dict[str, str]:
        return {}


def _number(edge: float) -> str:
    return str(int(edge)) if edge.is_integer() else f"{edge:.12g}"


class Groups:
    """The rows of each group of one ``by`` line."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = list(parts)
        self._counts: Counter[tuple[str, ...]] = Counter()

    @property
    def passes(self) -> int:
        return max(part.passes for part in self.parts)

    def add(self, columns: Sequence[Sequence[Any]], turn: int) -> None:
        """More rows, a column for each part, in the pass ``turn`` from 0."""
        for part, values in zip(self.parts, columns, strict=True):
            if turn < part.passes - 1:
                part.learn(values)
        if turn == self.passes - 1:
            named = [part.names(values) for part, values in zip(self.parts, columns, strict=True)]
            self._count(named)

    def _count(self, named: Sequence[Sequence[str | None]]) -> None:
        for row in zip(*named, strict=True):
            cell = tuple(name for name in row if name is not None)
            if len(cell) == len(self.parts):
                self._counts[cell] += 1

    def dump(self, turn: int) -> tuple[list[Any], dict[tuple[str, ...], int]]:
        """What the rows of the pass ``turn`` came to."""
        return [part.dump(turn) for part in self.parts], dict(self._counts)

    def merge(self, dumped: tuple[list[Any], Mapping[tuple[str, ...], int]], turn: int) -> None:
        """Take in what other groups of the same key were given in this pass."""
        for part, one in zip(self.parts, dumped[0], strict=True):
            part.merge(one, turn)
        self._counts.update(dumped[1])

    def found(self, turn: int) -> list[Any]:
        """What groups that begin with the pass ``turn`` must know of those before it."""
        return [part.found(turn) for part in self.parts]

    def begin(self, found: Sequence[Any]) -> None:
        """Know what others have ``found``."""
        for part, one in zip(self.parts, found, strict=True):
            part.begin(one)

    def counts(self) -> dict[str, int]:
        """Rows of each group, in the order of reports."""
        possible = self.possible()
        if possible is not None:
            return {name: self._counts[(name,)] for name in possible}
        found = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return {name: rows for (name,), rows in found}

    def possible(self) -> tuple[str, ...] | None:
        """All groups there can be; None where the rows decide."""
        return self.parts[0].possible()

    def notes(self) -> dict[str, str]:
        """More about some groups."""
        return self.parts[0].notes()


class Cells(Groups):
    """``cross``: every combination of the values that occur or are declared, the emptiest first.

    Values are declared by the names that other lines of the block write for the same key; those of
    a bucket and of a cluster by its edges and its k."""

    def __init__(self, parts: Sequence[Part], declared: Sequence[Collection[str]]) -> None:
        super().__init__(parts)
        self._declared = declared

    def cells(self) -> int:
        """How many combinations there are."""
        return prod(len(values) for values in self._values())

    def _values(self) -> list[list[str]]:
        found: list[list[str]] = []
        for place, part in enumerate(self.parts):
            possible = part.possible()
            seen = {cell[place] for cell in self._counts} | set(self._declared[place])
            found.append(sorted(seen) if possible is None else list(possible))
        return found

    def counts(self) -> dict[str, int]:
        every = product(*self._values()) if self._counts else ()
        found = [(self._counts[cell], place, cell) for place, cell in enumerate(every)]
        return {" × ".join(cell): count for count, _, cell in sorted(found)}

    def possible(self) -> tuple[str, ...]:
        return tuple(self.counts())

    def notes(self) -> dict[str, str]:
        """What the clusters of a combination are about."""
        notes = [part.notes() for part in self.parts]
        if not any(notes):
            return {}
        return {
            " × ".join(cell): "; ".join(filter(None, map(_noted, notes, cell)))
            for cell in product(*self._values())
        }


def _noted(notes: Mapping[str, str], name: str) -> str:
    return notes.get(name, "")


def _range(key: Expr, encoders: Encoders) -> Part:  # noqa: ARG001
    return Ranges(key)


PARTS: dict[str, Callable[[Expr, Encoders], Part]] = {"bucket": _range, "cluster": Clusters}
"""The one implementation of every group function in the catalog but ``cross``, by name."""


def groups_of(coverage: CoverageDef, encoders: Encoders) -> list[Groups]:
    """What each ``by`` line of the block asks for. ``encoders`` gives a sentence encoder by its
    name."""
    written: dict[object, set[str]] = {}
    for one in coverage.groups:
        names = (bucket.key for bucket in one.buckets if bucket.key is not None)
        written.setdefault(same(one.key), set()).update(names)
    return [_groups(one.key, encoders, written) for one in coverage.groups]


def _groups(key: Expr, encoders: Encoders, written: Mapping[object, set[str]]) -> Groups:
    if key.op == "call" and key.value == "cross":
        parts = [_part(one, encoders) for one in key.args]
        return Cells(parts, [written.get(same(one), set()) for one in key.args])
    return Groups([_part(key, encoders)])


def _part(key: Expr, encoders: Encoders) -> Part:
    made = PARTS.get(str(key.value)) if key.op == "call" else None
    return Values(key) if made is None else made(key, encoders)
