"""Star clusters: which rows go, and which kept row each of them duplicates.

Rows are taken in a given order. A row is removed if a drop line finds an already kept row (or, for
``against``, a row of the other dataset) similar enough; the first such line in the written order
counts, and the row names the most similar of that line's rows, the earliest in the order among
equals. Otherwise it is kept. So every removed row is similar to a row that stays, and chains
(a like b, b like c, c unlike a) remove no more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.clause import Clause, Pairs
from ftdsl.dedup.join import Floats
from ftdsl.dedup.ragged import Ints

# Rows taken together. Their pairs among one another are looked for at once: at most its square.
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Stars:
    """For each row in file order: ``kept_row`` is the row it duplicates (-1: it is kept itself; an
    index into the rows of ``against`` where the line has one), ``line`` the index of the drop line,
    ``similarity`` how similar."""

    kept_row: Ints
    line: Ints
    similarity: Floats

    @property
    def removed(self) -> Ints:
        """The removed rows, in file order."""
        return np.flatnonzero(self.kept_row >= 0)


class _Line:
    """One drop line while rows are taken: which row is kept for each class."""

    def __init__(self, clause: Clause, rank: Ints) -> None:
        self.clause = clause
        self.leakage = clause.others is not None
        self.owner = np.full(clause.count, -1, dtype=np.int64)
        self._rank = rank
        self._neighbours: dict[int, list[tuple[float, int]]] = {}
        if clause.others is not None:
            # Written backwards, so that the first row of a class is the one that stays.
            rows = np.flatnonzero(clause.others >= 0)[::-1]
            self.owner[clause.others[rows]] = rows
            clause.index.insert(np.flatnonzero(self.owner >= 0))
            self._rank = np.arange(len(clause.others), dtype=np.int64)

    def open_rows(self) -> NDArray[np.bool_]:
        """The rows that this line may remove: all others are kept whatever the order."""
        classes = self.clause.classes
        if self.leakage:
            twins = self.owner >= 0
        else:
            twins = np.bincount(classes[classes >= 0], minlength=len(self.owner)) > 1
        wanted = np.append(twins | self.clause.index.possible, False)
        # Class -1 reads the last place.
        return wanted[classes]

    def look(self, rows: Ints) -> None:
        """Find what the rows of a block may be similar to."""
        classes = np.unique(self.clause.classes[rows])
        classes = classes[classes >= 0]
        classes = classes[self.owner[classes] < 0]
        self._neighbours = {}
        pairs = self.clause.index.similar(classes, not self.leakage)
        self._note(pairs)
        if not self.leakage:
            self._note(Pairs(pairs.right, pairs.left, pairs.similarity))

    def _note(self, pairs: Pairs) -> None:
        triples = zip(
            pairs.left.tolist(), pairs.right.tolist(), pairs.similarity.tolist(), strict=True
        )
        for left, right, similarity in triples:
            self._neighbours.setdefault(left, []).append((similarity, right))

    def best(self, class_: int) -> tuple[int, float] | None:
        """The kept row that a row of this class duplicates, and how similar the two are."""
        own = int(self.owner[class_])
        if own >= 0:
            return own, 1.0
        found: tuple[float, int, int] | None = None
        for similarity, other in self._neighbours.get(class_, ()):
            row = int(self.owner[other])
            if row >= 0:
                this = (similarity, -int(self._rank[row]), row)
                found = this if found is None or this > found else found
        return None if found is None else (found[2], found[0])

    def keep(self, class_: int, row: int) -> None:
        """A row of this class is kept."""
        if not self.leakage and class_ >= 0:
            self.owner[class_] = row

    def settle(self, kept: Ints) -> None:
        """The block is done: these rows of it are kept."""
        if not self.leakage:
            classes = self.clause.classes[kept]
            self.clause.index.insert(classes[classes >= 0])


def star_clusters(
    order: Ints, clauses: Sequence[Clause], advance: Callable[[int], None] = lambda _: None
) -> Stars:
    """Take the rows in ``order`` (all rows, each once), and tell ``advance`` of every block."""
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    lines = [_Line(clause, rank) for clause in clauses]
    kept_row = np.full(len(order), -1, dtype=np.int64)
    line_of = np.full(len(order), -1, dtype=np.int64)
    similarity = np.zeros(len(order), dtype=np.float64)
    undecided = np.zeros(len(order), dtype=np.bool_)
    for line in lines:
        undecided |= line.open_rows()
    advance(len(order) - int(undecided.sum()))
    order = order[undecided[order]]
    for start in range(0, len(order), _BLOCK):
        rows = order[start : start + _BLOCK]
        for line in lines:
            line.look(rows)
        kept: list[int] = []
        columns = [line.clause.classes[rows].tolist() for line in lines]
        for row, classes in zip(rows.tolist(), zip(*columns, strict=True), strict=True):
            hit = _hit(lines, classes)
            if hit is None:
                kept.append(row)
                for line, class_ in zip(lines, classes, strict=True):
                    line.keep(class_, row)
            else:
                line_of[row], kept_row[row], similarity[row] = hit
        for line in lines:
            line.settle(np.array(kept, dtype=np.int64))
        advance(len(rows))
    return Stars(kept_row, line_of, similarity)


def _hit(lines: Sequence[_Line], classes: Sequence[int]) -> tuple[int, int, float] | None:
    """The first drop line that removes a row of these classes, the row kept, the similarity."""
    for number, (line, class_) in enumerate(zip(lines, classes, strict=True)):
        found = None if class_ < 0 else line.best(class_)
        if found is not None:
            return number, *found
    return None
