"""Quantities over all rows, as states that take blocks in any order and can be merged.

The result is the same for every way of cutting the rows into blocks and sharing them among
workers: sums are exact, quantiles keep every value (eight bytes a row), and the number of different
values is exact up to ``DISTINCT`` of them and estimated beyond it (standard error 0.1%).
"""

from __future__ import annotations

import base64
import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ftdsl.quality.across.contradictions import Contradictions
from ftdsl.quality.across.disagreements import Disagreements, NearConflicts
from ftdsl.quality.across.near_misses import NearMisses
from ftdsl.quality.across.relations import ACROSS
from ftdsl.quality.across.shifts import KolmogorovSmirnov, PopulationStability
from ftdsl.quality.across.sign_test import SignTest
from ftdsl.quality.across.variety import CompressionRatio, SelfSimilarity, Vendi
from ftdsl.quality.hashes import value_hash

DISTINCT = 1 << 20
_SCALE = 1074
_WORD = re.compile(r"\w+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


class Aggregate(Protocol):
    """``add`` takes the values of more rows, ``merge`` the dump of another state of its kind."""

    def add(self, column: list[Any]) -> None: ...

    def merge(self, dumped: Any) -> None: ...

    def dump(self) -> Any:
        """The state as JSON."""
        ...

    def value(self) -> Any:
        """The quantity so far; None where it has none, such as the mean of nothing."""
        ...


class Count:
    """Number of rows."""

    def __init__(self) -> None:
        self.rows = 0

    def add(self, column: list[Any]) -> None:
        self.rows += len(column)

    def merge(self, dumped: Any) -> None:
        self.rows += dumped

    def dump(self) -> Any:
        return self.rows

    def value(self) -> int:
        return self.rows


class CountWhere:
    """Number of rows whose test holds."""

    def __init__(self) -> None:
        self.true = 0
        self.rows = 0

    def add(self, column: list[Any]) -> None:
        self.true += column.count(True)
        self.rows += len(column)

    def merge(self, dumped: Any) -> None:
        self.true += dumped[0]
        self.rows += dumped[1]

    def dump(self) -> Any:
        return [self.true, self.rows]

    def value(self) -> float:
        return self.true


class Share(CountWhere):
    """Share of the rows whose test holds; 0 where there are none."""

    def value(self) -> float:
        return self.true / self.rows if self.rows else 0.0


class Sum:
    """Exact sum: every double is a whole multiple of 2^-1074, so the sum is one integer."""

    def __init__(self) -> None:
        self.total = 0
        self.rows = 0
        self.whole = True
        self.odd = 0.0

    def add(self, column: list[Any]) -> None:
        values = [one for one in column if one is not None]
        self.rows += len(values)
        if set(map(type, values)) <= {int, bool}:
            self.total += sum(values) << _SCALE
            return
        self.whole = False
        for one in values:
            if math.isfinite(one):
                above, below = one.as_integer_ratio()
                self.total += above * ((1 << _SCALE) // below)
            else:
                self.odd += one

    def merge(self, dumped: Any) -> None:
        total, rows, whole, odd = dumped
        self.total += int(total, 16)
        self.rows += rows
        self.whole &= whole
        self.odd += float(odd)

    def dump(self) -> Any:
        return [hex(self.total), self.rows, self.whole, str(self.odd)]

    def value(self) -> Any:
        if self.odd:
            return self.odd
        return self.total >> _SCALE if self.whole else float(self._exact())

    def _exact(self) -> Fraction:
        return Fraction(self.total, 1 << _SCALE)


class Mean(Sum):
    """Arithmetic mean of the values that are there."""

    def value(self) -> Any:
        if self.odd:
            return self.odd
        return float(self._exact() / self.rows) if self.rows else None


class Quantile:
    """Quantile ``q`` of the values that are there, linear between neighbours (Hyndman and Fan's
    definition 7). Keeps every value."""

    def __init__(self, q: float = 0.5) -> None:
        self.q = q
        self.kept = array("d")

    def add(self, column: list[Any]) -> None:
        there = [one for one in column if one is not None] if None in column else column
        self.kept.extend(there)

    def merge(self, dumped: Any) -> None:
        self.kept.frombytes(base64.b64decode(dumped))

    def dump(self) -> Any:
        return base64.b64encode(self.kept.tobytes()).decode()

    def value(self) -> Any:
        return float(np.quantile(np.frombuffer(self.kept), self.q)) if self.kept else None


class Extreme:
    """Smallest or largest of the values that are there."""

    def __init__(self, choose: Any) -> None:
        self.choose = choose
        self.best: Any = None

    def add(self, column: list[Any]) -> None:
        values = [one for one in column if one is not None]
        if self.best is not None:
            values.append(self.best)
        self.best = self.choose(values, default=None)

    def merge(self, dumped: Any) -> None:
        self.add([dumped])

    def dump(self) -> Any:
        return self.best

    def value(self) -> Any:
        return self.best


class Distinct:
    """Number of different values by their 64-bit hashes. Past ``DISTINCT`` of them the smallest
    hashes are kept and the rest estimated from how dense they lie (Bar-Yossef et al. 2002)."""

    def __init__(self) -> None:
        self.hashes: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self.cut = False
        self._new: list[NDArray[np.uint64]] = []
        self._waiting = 0

    def add(self, column: list[Any]) -> None:
        self.take(np.array([value_hash(one) for one in column if one is not None], np.uint64))

    def take(self, hashes: NDArray[np.uint64]) -> None:
        """Add values by their hashes."""
        self._new.append(hashes)
        self._waiting += len(hashes)
        if self._waiting > DISTINCT // 2:
            self._settle()

    def _settle(self) -> None:
        self.hashes = np.unique(np.concatenate([self.hashes, *self._new]))
        self._new, self._waiting = [], 0
        if len(self.hashes) > DISTINCT:
            self.hashes, self.cut = self.hashes[:DISTINCT].copy(), True

    def merge(self, dumped: Any) -> None:
        cut, packed = dumped
        self.cut |= cut
        self.take(np.frombuffer(base64.b64decode(packed), np.uint64))

    def dump(self) -> Any:
        self._settle()
        return [self.cut, base64.b64encode(self.hashes.tobytes()).decode()]

    def value(self) -> Any:
        self._settle()
        if not self.cut:
            return len(self.hashes)
        return round((DISTINCT - 1) / ((int(self.hashes[-1]) + 1) / 2**64))


class DistinctRuns:
    """Different runs of ``n`` words (lower case, within one text) over all of them: distinct-n (Li
    et al. 2016)."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.runs = 0
        self.different = Distinct()
        self._words = _WordHashes()

    def add(self, column: list[Any]) -> None:
        for text in column:
            if text is None:
                continue
            hashes = self._words.of(text)
            count = len(hashes) - self.n + 1
            if count <= 0:
                continue
            mixed = np.zeros(count, np.uint64)
            for k in range(self.n):
                mixed = (mixed * _MULTIPLIER) ^ hashes[k : k + count]
            mixed *= _MIX
            self.runs += count
            self.different.take(mixed ^ (mixed >> np.uint64(31)))

    def merge(self, dumped: Any) -> None:
        self.runs += dumped[0]
        self.different.merge(dumped[1])

    def dump(self) -> Any:
        return [self.runs, self.different.dump()]

    def value(self) -> Any:
        return min(self.different.value() / self.runs, 1.0) if self.runs else 0.0


class _WordHashes(dict[str, int]):
    """Hash of every word seen lately."""

    def __missing__(self, word: str) -> int:
        if len(self) > 200_000:
            self.clear()
        found = self[word] = value_hash(word)
        return found

    def of(self, text: str) -> NDArray[np.uint64]:
        """Hashes of the text's words, in order."""
        return np.array([self[word] for word in _WORD.findall(text.lower())], np.uint64)


class Entropy:
    """Shannon entropy in bits of the values that are there."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    def add(self, column: list[Any]) -> None:
        self.counts.update(value_hash(one) for one in column if one is not None)

    def merge(self, dumped: Any) -> None:
        self.counts.update({int(key): count for key, count in dumped})

    def dump(self) -> Any:
        return [[str(key), count] for key, count in self.counts.items()]

    def value(self) -> float:
        total = self.counts.total()
        terms = (count / total * math.log2(total / count) for count in self.counts.values())
        return math.fsum(terms)


class Effective(Entropy):
    """How many equally frequent values are as diverse: two to the entropy in bits."""

    def value(self) -> float:
        return float(2 ** super().value()) if self.counts else 0.0


def _smallest(*_: Any) -> Extreme:
    return Extreme(min)


def _largest(*_: Any) -> Extreme:
    return Extreme(max)


AGGREGATES: dict[str, Any] = {
    "count": Count,
    "count_where": CountWhere,
    "share": Share,
    "sum": Sum,
    "mean": Mean,
    "median": Quantile,
    "quantile": Quantile,
    "min_of": _smallest,
    "max_of": _largest,
    "distinct": Distinct,
    "distinct_n": DistinctRuns,
    "entropy": Entropy,
    "effective": Effective,
    "compression_ratio": CompressionRatio,
    "self_similarity": SelfSimilarity,
    "vendi": Vendi,
    "contradictions": Contradictions,
    "sign_test": SignTest,
    **ACROSS,
    "disagreements": Disagreements,
    "near_misses": NearMisses,
    "near_conflicts": NearConflicts,
    "psi": PopulationStability,
    "ks": KolmogorovSmirnov,
}


def aggregate(name: str, constants: Iterable[Any]) -> Aggregate:
    """A fresh state of the aggregate ``name``; ``constants`` are its arguments after the first."""
    made: Aggregate = AGGREGATES[name](*constants)
    return made
