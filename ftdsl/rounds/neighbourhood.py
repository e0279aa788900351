"""Why each wrong answer is wrong, as far as the rows nearest to it can tell.

A case stands among its nearest training rows by the cosine of their prompts. How near they are is
held against how near rows are to the cases that were answered rightly; whether they agree with one
another, against how often rows elsewhere disagree with their own nearest. So no threshold is one of
a language or of a kind of text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ftdsl.rounds.evidence import WRONG, Round, same, typical

Cause = Literal["absent", "conflicting", "contradicted", "unlearned", "supported"]
"""No row is near; rows near it disagree; they agree, and not with what is expected; nothing of them
could be learned from; they agree with what is expected, and the answer is wrong all the same."""

_NEAREST = 8
_BLOCK = 512
# Nearer than this part of what is usual: the rows are about something else.
_FAR = 0.8
# A group with less than this part of the rows that its cases would have it is sparse.
_SPARSE = 0.25
# Of the nearest, those that come this near to the nearest of all have a say.
_SAY = 0.7
_AGREED, _DISSENT = 0.75, 0.2
_FEW = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands: its nearest rows with their similarities, how much of them agrees with
    what is expected, and what most of them say."""

    place: int
    near: tuple[tuple[int, float], ...]
    support: float
    consensus: float
    label: str
    cause: Cause

    @property
    def nearest(self) -> float:
        return self.near[0][1] if self.near else 0.0


class Neighbourhood:
    """The wrong answers of a round among the rows."""

    def __init__(self, seen: Round) -> None:
        self.seen = seen
        self._near = _nearest(seen.case_vectors, seen.row_vectors, _NEAREST)

    @cached_property
    def usual(self) -> float:
        """How near the nearest row is to a case that is answered rightly; with few of those, to
        another row."""
        right = [at for at in range(self.seen.n) if self.seen.losses[at] < WRONG]
        if len(right) >= _FEW:
            return typical([self._near[at][0][1] for at in right if self._near[at]])
        rows = list(range(0, len(self.seen.rows), max(1, len(self.seen.rows) // 200)))
        return typical([near[0][1] for near in self.near_rows(rows) if near])

    @cached_property
    def dissenting(self) -> dict[int, str]:
        """The rows near wrong answers that most of their own nearest rows contradict, with what
        those say."""
        around = {row for at in self.seen.wrong for row, _ in self._near[at]}
        return self._dissent(sorted(around))

    @cached_property
    def usual_dissent(self) -> float:
        """How many of the rows near right answers are contradicted so."""
        right = [at for at in range(self.seen.n) if self.seen.losses[at] < WRONG]
        around = sorted({row for at in right[:200] for row, _ in self._near[at][:3]})
        return len(self._dissent(around)) / max(1, len(around))

    def _dissent(self, rows: Sequence[int]) -> dict[int, str]:
        found = {}
        for row, near in zip(rows, self.near_rows(rows), strict=True):
            say = _say(near)
            label, share = self._vote(say)
            if len(say) > 1 and share > 0.5 and not same(label, self.seen.rows[row].label):
                found[row] = label
        return found

    def near_rows(self, rows: Sequence[int]) -> list[tuple[tuple[int, float], ...]]:
        """The rows nearest to each of these, without itself."""
        vectors = self.seen.row_vectors
        found = _nearest(vectors[list(rows)], vectors, _NEAREST + 1)
        return [
            tuple(one for one in near if one[0] != row)[:_NEAREST]
            for row, near in zip(rows, found, strict=True)
        ]

    def _vote(self, near: Sequence[tuple[int, float]]) -> tuple[str, float]:
        """What most of the rows say, by their similarity, and the part of them that does."""
        votes: Counter[str] = Counter()
        for row, similarity in near:
            label = self.seen.rows[row].label
            known = next((one for one in votes if same(one, label)), label)
            votes[known] += similarity  # type: ignore[assignment]
        if not votes:
            return "", 0.0
        label, weight = max(votes.items(), key=lambda one: (one[1], one[0]))
        return label, weight / (sum(votes.values()) or 1.0)

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """One for each wrong answer."""
        sparse = self.sparse_groups
        return tuple(self._standing(at, sparse) for at in self.seen.wrong)

    def _standing(self, at: int, sparse: frozenset[tuple[str, str]]) -> Standing:
        asked, near = self.seen.cases[at], self._near[at]
        say = _say(near)
        label, consensus = self._vote(say)
        total = sum(similarity for _, similarity in say) or 1.0
        agreeing = [one for one in say if same(self.seen.rows[one[0]].label, asked.expected)]
        support = sum(similarity for _, similarity in agreeing) / total
        is_sparse = any(pair in sparse for pair in asked.groups.items())
        cause = self._cause(at, support, consensus, label, [row for row, _ in agreeing], is_sparse)
        return Standing(at, near, support, consensus, label, cause)

    def _cause(
        self,
        at: int,
        support: float,
        consensus: float,
        label: str,
        agreeing: Sequence[int],
        is_sparse: bool,
    ) -> Cause:
        near = self._near[at]
        nearest = near[0][1] if near else 0.0
        if agreeing and not any(self.seen.learned(agreeing)):
            return "unlearned"
        if not near or nearest < _FAR * self.usual or (is_sparse and support < _AGREED):
            return "absent"
        dissent = sum(row in self.dissenting for row, _ in near) / len(near)
        if dissent >= max(_DISSENT, 2 * self.usual_dissent):
            return "conflicting"
        if consensus >= _AGREED and not same(label, self.seen.cases[at].expected):
            return "contradicted"
        return "supported"

    @cached_property
    def sparse_groups(self) -> frozenset[tuple[str, str]]:
        """Groups that the data has far fewer rows of than the eval has cases."""
        cases: Counter[tuple[str, str]] = Counter()
        rows: Counter[tuple[str, str]] = Counter()
        for asked in self.seen.cases:
            cases.update(asked.groups.items())
        for row in self.seen.rows:
            rows.update(row.groups.items())
        known = {name for name, _ in rows}
        ratio = len(self.seen.rows) / max(1, self.seen.n)
        return frozenset(
            group
            for group, count in cases.items()
            if group[0] in known and rows[group] < _SPARSE * ratio * count
        )


def _say(near: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The rows that come nearly as near as the nearest."""
    return [one for one in near if one[1] > 0 and one[1] >= _SAY * near[0][1]]


def _nearest(
    these: NDArray[np.float32], those: NDArray[np.float32], count: int
) -> list[tuple[tuple[int, float], ...]]:
    """For each vector the rows of ``those`` with the largest cosine, the nearest first; ties in the
    order of the rows."""
    found: list[tuple[tuple[int, float], ...]] = []
    if not len(those):
        return [() for _ in range(len(these))]
    for start in range(0, len(these), _BLOCK):
        cosines = these[start : start + _BLOCK] @ those.T
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        found += [
            tuple((int(row), float(cosines[at, row])) for row in rows)
            for at, rows in enumerate(order)
        ]
    return found
