"""N-gram containment: rows that hold the runs of words of a held-out row.

Containment is the weight of a held row's n-grams that a row has, over the weight of all of them. An
n-gram weighs ``log((1 + rows) / (1 + rows with it))`` over the dataset and the held rows together,
so that a run of words that half of all rows share (a template, a greeting, an instruction) counts
for little, and one that only the held row and its copy have counts for all. A held text shorter
than n words is found only where the whole text of the row is the same words.

Words that no held row has end every run, so that only runs of known words are hashed: sixty-four
bits each, which makes a false meeting one in some millions of datasets. Memory grows with the
n-grams of the held rows, and with what the rows share of them: twelve bytes each.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.clause import Arrays, Pairs, Texts
from ftdsl.dedup.held import FoundPairs, HeldComparer, text_words
from ftdsl.dedup.join import Floats
from ftdsl.dedup.ragged import Ints, ranges

_Hashes = NDArray[np.uint64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
# Candidate pairs times shared n-grams looked at together: some 100 MB.
_AT_ONCE = 2_000_000
# What a sum of doubles may be off.
_ROUNDING = 1e-9


class NgramComparer(HeldComparer):
    """Held rows as sets of n-grams, and which of these each further row has."""

    def __init__(self, n: int, similarity: float) -> None:
        super().__init__()
        self.n = n
        self.similarity = similarity
        self._words: dict[str, int] = {}
        self._held_grams: list[_Hashes] = []
        self._known: _Hashes | None = None
        self._hits: list[tuple[Ints, Ints]] = []

    def _hold(self, rows: Sequence[Texts]) -> Ints:
        texts = [text_words(row) for row in rows]
        classes = self._numbered([bool(words) for words in texts], self.held)
        for words in texts:
            if words:
                numbers = [self._words.setdefault(one, len(self._words) + 1) for one in words]
                self._held_grams.append(np.unique(self._grams(np.array(numbers, np.int64))))
                self.held += 1
        return classes

    def fresh(self) -> Self:
        other = copy(self)
        other.own, other._hits = 0, []
        return other

    def taken(self) -> Any:
        none = np.empty(0, dtype=np.int64)
        rows = np.concatenate([none, *(rows for rows, _ in self._hits)])
        return self.own, rows, np.concatenate([none, *(grams for _, grams in self._hits)])

    def take(self, taken: Any) -> None:
        own, rows, grams = taken
        self._hits.append((rows + self.own, grams))
        self.own += own

    def _settled(self) -> Self:
        if self._known is None:
            self._known = np.unique(np.concatenate([*self._held_grams, np.empty(0, np.uint64)]))
        return self

    def _as_arrays(self, taken: Any) -> Arrays:
        return {"rows": taken[1], "grams": taken[2]}

    def _from_arrays(self, own: int, arrays: Arrays) -> Any:
        return own, arrays["rows"], arrays["grams"]

    def add(self, rows: Sequence[Texts]) -> Ints:
        self._settled()
        texts = [text_words(row) for row in rows]
        classes = self._numbered([bool(words) for words in texts], self.held + self.own)
        for words in texts:
            if words:
                self._note_hits(words)
                self.own += 1
        return classes

    def _note_hits(self, words: list[str]) -> None:
        assert self._known is not None, "rows are held before others are added"
        numbers = np.array([self._words.get(one, 0) for one in words], dtype=np.int64)
        grams = self._grams(numbers)
        places = np.searchsorted(self._known, grams)
        places[places == len(self._known)] = 0
        if len(self._known):
            found = np.unique(places[self._known[places] == grams])
            if len(found):
                self._hits.append((np.full(len(found), self.own, dtype=np.int64), found))

    def _grams(self, numbers: Ints) -> _Hashes:
        """The hashes of all runs of n known words, or of a shorter text as a whole."""
        length = min(self.n, len(numbers))
        runs = len(numbers) - length + 1
        mixed = _mixed(numbers.astype(np.uint64))
        # The length is part of the hash, so that a short text is no run of a longer one.
        hashes = np.full(runs, _mixed(np.array([length], dtype=np.uint64))[0], dtype=np.uint64)
        for step in range(length):
            hashes = hashes * _MULTIPLIER + mixed[step : step + runs]
        unknown = np.concatenate(([0], np.cumsum(numbers == 0)))
        whole: _Hashes = hashes[unknown[length:] == unknown[:runs]]
        return whole

    def index(self) -> FoundPairs:
        known = np.unique(np.concatenate([*self._held_grams, np.empty(0, np.uint64)]))
        none = np.empty(0, dtype=np.int64)
        rows = np.concatenate([none, *(rows for rows, _ in self._hits)])
        grams = np.concatenate([none, *(grams for _, grams in self._hits)])
        held = _HeldGrams(self._held_grams, known, grams, self.own, self.similarity)
        own, other, share = held.pairs(rows, grams)
        return FoundPairs(Pairs(own + self.held, other, share), len(self))


class _HeldGrams:
    """Which held rows have which n-gram, and what it weighs."""

    def __init__(
        self, held: Sequence[_Hashes], known: _Hashes, hits: Ints, own: int, similarity: float
    ) -> None:
        sizes = np.array([len(one) for one in held], dtype=np.int64)
        grams = np.searchsorted(known, np.concatenate([*held, np.empty(0, np.uint64)]))
        rows = np.repeat(np.arange(len(held), dtype=np.int64), sizes)
        with_it = np.bincount(hits, minlength=len(known)) + np.bincount(grams, minlength=len(known))
        total = own + len(held)
        self._weights: Floats = np.log((1 + total) / (1 + with_it[: len(known)]))
        self._size = max(len(known), 1)
        self._keys = np.sort(rows * self._size + grams)
        self._least = similarity
        self._totals = np.bincount(rows, self._weights[grams], minlength=len(held))
        rows, grams = self._telling(rows, grams)
        order = np.argsort(grams, kind="stable")
        self._rows = rows[order]
        counts = np.bincount(grams, minlength=len(known)).astype(np.int64)
        self._counts, self._firsts = counts, np.cumsum(counts) - counts

    def _telling(self, rows: Ints, grams: Ints) -> tuple[Ints, Ints]:
        """The n-grams of each held row of which a similar row has at least one: all but as many of
        the lightest as weigh less than the threshold together."""
        order = np.lexsort((self._weights[grams], rows))
        rows, grams = rows[order], grams[order]
        weights = self._weights[grams]
        so_far = np.cumsum(weights)
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        before = np.repeat(so_far[starts] - weights[starts], np.diff([*starts, len(rows)]))
        light = so_far - before < self._least * self._totals[rows] * (1 - _ROUNDING)
        return rows[~light], grams[~light]

    def pairs(self, rows: Ints, grams: Ints) -> tuple[Ints, Ints, Floats]:
        """Own rows, held rows, and the weight share that the first have of the second. ``rows``
        rises; ``grams`` are the n-grams of each."""
        own: list[Ints] = []
        other: list[Ints] = []
        share: list[Floats] = []
        ends = np.concatenate(([0], np.cumsum(self._counts[grams])))
        start = 0
        while start < len(rows):
            end = int(np.searchsorted(ends, ends[start] + _AT_ONCE, side="right")) - 1
            # A row's n-grams stay together.
            last = rows[min(max(end, start + 1), len(rows)) - 1]
            end = int(np.searchsorted(rows, last, side="right"))
            for found in self._compared(rows[start:end], grams[start:end]):
                own.append(found[0])
                other.append(found[1])
                share.append(found[2])
            start = end
        none = np.empty(0, dtype=np.int64)
        return (
            np.concatenate([none, *own]),
            np.concatenate([none, *other]),
            np.concatenate([np.empty(0), *share]),
        )

    def _compared(self, rows: Ints, grams: Ints) -> list[tuple[Ints, Ints, Floats]]:
        counts = self._counts[grams]
        held = self._rows[ranges(self._firsts[grams], counts)]
        total = len(self._totals)
        keys = np.unique(np.repeat(rows, counts) * total + held)
        left, right = keys // max(total, 1), keys % max(total, 1)
        firsts = np.searchsorted(rows, left, side="left")
        sizes = np.searchsorted(rows, left, side="right") - firsts
        found: list[tuple[Ints, Ints, Floats]] = []
        for begin in range(0, len(left), max(1, _AT_ONCE // max(int(sizes.max(initial=1)), 1))):
            some = slice(begin, begin + max(1, _AT_ONCE // max(int(sizes.max(initial=1)), 1)))
            found.append(self._verified(left[some], right[some], grams, firsts[some], sizes[some]))
        return found

    def _verified(
        self, left: Ints, right: Ints, grams: Ints, firsts: Ints, sizes: Ints
    ) -> tuple[Ints, Ints, Floats]:
        pair = np.repeat(np.arange(len(left)), sizes)
        shared = grams[ranges(firsts, sizes)]
        keys = right[pair] * self._size + shared
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        has = self._keys[at] == keys
        weight = np.bincount(pair[has], self._weights[shared[has]], minlength=len(left))
        whole = self._totals[right]
        share = np.divide(weight, whole, out=np.zeros(len(left)), where=whole > 0)
        enough = share >= self._least * (1 - _ROUNDING)
        return left[enough], right[enough], np.minimum(share[enough], 1.0)


def _mixed(numbers: _Hashes) -> _Hashes:
    """Splitmix64: neighbouring numbers far apart."""
    found = numbers + _MULTIPLIER
    found = (found ^ (found >> np.uint64(30))) * _MIX_A
    found = (found ^ (found >> np.uint64(27))) * _MIX_B
    mixed: _Hashes = found ^ (found >> np.uint64(31))
    return mixed
