"""Macro F1 and kappa over a table of expected and given labels, with their intervals.

The bootstrap draws cases, or clusters of cases, again: a draw of cases is a multinomial draw of the
table's cells. The ends are BCa's (Efron, "Better bootstrap confidence intervals", JASA 82, 1987).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

from ftdsl.statistics.proportions import Interval, clopper_pearson
from ftdsl.statistics.shares import Chosen

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
Figure = Literal["macro_f1", "kappa"]

LEAST_CASES = 10
"""Fewer cases of a label say too little of its F1."""

_RESAMPLES = 10_000
_SEED = 20_260_101
_AT_ONCE = 1_000
_FEW = 10  # fewer odd ones out than this and resampling knows too little of the rest


def macro_f1(tables: Floats) -> Floats:
    """The mean F1 over the labels of each table of shape (…, labels, labels + 1): expected by
    given, the last of which is any other answer. Labels that nobody expects or gives are left out.
    """
    labels = tables.shape[-2]
    hits = np.diagonal(tables[..., :labels], axis1=-2, axis2=-1)
    both = tables.sum(axis=-1) + tables[..., :labels].sum(axis=-2)
    f1 = np.divide(2 * hits, both, out=np.zeros_like(both), where=both > 0)
    found: Floats = f1.sum(axis=-1) / np.maximum((both > 0).sum(axis=-1), 1)
    return found


def kappa(tables: Floats) -> Floats:
    """Cohen's kappa of expected and given labels; 1 where all agree on one label."""
    labels = tables.shape[-2]
    total = tables.sum(axis=(-2, -1))
    same = np.trace(tables[..., :labels], axis1=-2, axis2=-1) / total
    rows = tables.sum(axis=-1) / total[..., None]
    columns = tables[..., :labels].sum(axis=-2) / total[..., None]
    chance = (rows * columns).sum(axis=-1)
    room = 1 - chance
    found: Floats = np.divide(same - chance, room, out=np.ones_like(room), where=room > 1e-12)
    return found


_FIGURES = {"macro_f1": macro_f1, "kappa": kappa}
_LOWEST = {"macro_f1": 0.0, "kappa": -1.0}


@dataclass(frozen=True, slots=True)
class Term:
    """``weight`` times a figure of one of the models."""

    model: int
    figure: Figure
    weight: float


class LabelSum:
    """A sum of ``terms`` over the same cases: ``expected`` label of each, ``given`` labels by each
    model (``labels`` stands for any other answer), and the group that it belongs to."""

    def __init__(
        self,
        expected: Ints,
        given: Sequence[Ints],
        labels: int,
        terms: Sequence[Term],
        groups: Ints | None = None,
    ) -> None:
        self._labels, self._terms = labels, terms
        rows = np.stack([expected, *given])
        self._cells, inverse, counts = np.unique(
            rows, axis=1, return_inverse=True, return_counts=True
        )
        self._counts = counts.astype(np.float64)
        self._members: Floats | None = None
        if groups is not None:
            self._members = np.zeros((int(groups.max()) + 1, len(counts)))
            np.add.at(self._members, (groups, inverse.reshape(-1)), 1.0)
        self._drawn: Floats | None = None
        self._skew: float | None = None
        self.n = len(expected)
        self.estimate = float(self._value(self._counts[None])[0])
        ends = [[t.weight * _LOWEST[t.figure], t.weight] for t in terms]
        self.lowest, self.highest = (sum(edge(e) for e in ends) for edge in (min, max))

    @property
    def chosen(self) -> Chosen:
        """The method, and why it."""
        by = "clusters" if self._members is not None else "cases"
        paired = ", paired" if len(self._cells) > 2 else ""
        told = f"F1 and kappa are no means; {_RESAMPLES:,} draws of {by}"
        wide = f", widened: fewer than {_FEW} cases differ" if self._odd() < _FEW else ""
        return Chosen(f"BCa bootstrap{paired}", told + wide)

    def interval(self, confidence: float) -> Interval:
        """Two-sided."""
        low, high = self._bca(confidence)
        if self._odd() < _FEW:
            low, high = self._widened(low, high, confidence)
        return max(self.lowest, low), min(self.highest, high)

    # ------------------------------------------------------------------ the sum

    def _value(self, counts: Floats, cells: Ints | None = None) -> Floats:
        """The sum for each row of counts of ``cells``, those seen where none are given."""
        shown = self._cells if cells is None else cells
        total = np.zeros(len(counts))
        for term in self._terms:
            tables = self._tables(counts, shown[0], shown[1 + term.model])
            total += term.weight * _FIGURES[term.figure](tables)
        return total

    def _tables(self, counts: Floats, expected: Ints, given: Ints) -> Floats:
        wide = self._labels + 1
        places = expected * wide + given
        spread = np.zeros((counts.shape[1], self._labels * wide))
        spread[np.arange(len(places)), places] = 1.0
        return (counts @ spread).reshape(len(counts), self._labels, wide)

    # ------------------------------------------------------------------ the bootstrap

    def _draws(self) -> Floats:
        if self._drawn is None:
            random = np.random.Generator(np.random.PCG64(_SEED))
            self._drawn = np.sort(np.concatenate(list(self._values_of_draws(random))))
        return self._drawn

    def _values_of_draws(self, random: np.random.Generator) -> Iterator[Floats]:
        for _ in range(0, _RESAMPLES, _AT_ONCE):
            if self._members is None:
                drawn = random.multinomial(self.n, self._counts / self.n, _AT_ONCE)
                yield self._value(drawn.astype(np.float64))
                continue
            count = len(self._members)
            weights = random.multinomial(count, np.full(count, 1 / count), _AT_ONCE)
            yield self._value(weights @ self._members)

    def _bca(self, confidence: float) -> Interval:
        draws, normal = self._draws(), NormalDist()
        if draws[0] == draws[-1]:
            return self.estimate, self.estimate
        near = 1e-12
        less, same = draws < self.estimate - near, np.abs(draws - self.estimate) <= near
        below = (less.sum() + same.sum() / 2) / len(draws)
        bias = normal.inv_cdf(float(np.clip(below, 1e-6, 1 - 1e-6)))
        if self._skew is None:
            self._skew = self._acceleration()
        ends = []
        for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
            shifted = bias + normal.inv_cdf(tail)
            ends.append(normal.cdf(bias + shifted / (1 - self._skew * shifted)))
        low, high = np.quantile(draws, ends)
        return float(low), float(high)

    def _acceleration(self) -> float:
        """The skewness of the jackknife's values over 6."""
        if self._members is not None:
            left, often = self._counts - self._members, np.ones(len(self._members))
        else:
            left, often = self._counts - np.eye(len(self._counts)), self._counts
        values = self._value(left)
        spread = np.average(values, weights=often) - values
        square = float((often * spread**2).sum())
        return float((often * spread**3).sum()) / (6 * square**1.5) if square > 0 else 0.0

    # ------------------------------------------------------------------ few odd ones out

    def _odd(self) -> int:
        """Cases that a model gets wrong; of two models, those on which they differ."""
        columns = self._cells[1:]
        other = columns[1] if len(columns) > 1 else self._cells[0]
        return int(self._counts[columns[0] != other].sum())

    def _widened(self, low: float, high: float, confidence: float) -> Interval:
        """What the sum can be if as many more cases are odd as their share may be, where that
        changes it most: fifty right answers do not prove that none is wrong."""
        odd = self._odd()
        more = self.n * clopper_pearson(odd, self.n, confidence)[1] - odd
        values = [one for model in range(len(self._cells) - 1) for one in self._moved(more, model)]
        return min([low, self.estimate, *values]), max([high, self.estimate, *values])

    def _moved(self, more: float, model: int) -> Iterator[float]:
        """The sum with ``more`` right cases of one label given another, for each such pair."""
        right = (self._cells == self._cells[0]).all(axis=0)
        for wanted in range(self._labels):
            whole = self._counts * (right & (self._cells[0] == wanted))
            taken = min(more, float(whole.sum()))
            if taken == 0:
                continue
            left = self._counts - whole * (taken / whole.sum())
            for got in range(self._labels + 1):
                if got != wanted:
                    cell = np.full((len(self._cells), 1), wanted)
                    cell[1 + model] = got
                    cells = np.concatenate([self._cells, cell], axis=1)
                    yield float(self._value(np.append(left, taken)[None], cells)[0])
