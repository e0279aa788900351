"""Paraphrases of held-out rows: the nearest of them by the weights of words and word pairs.

A text is its words and pairs of neighbouring words, each weighing ``(1 + log tf) * idf`` with
scikit-learn's smoothed ``idf = log((1 + N) / (1 + df)) + 1`` over the N held rows; similarity is
the cosine. A pair of words that no held row has is no evidence for or against (rewriting makes such
pairs), and is left out; a word that none has counts as the rarest, so that a text about other
things is not taken for near because of the few words it shares.

The threshold comes from the share ``a`` of false flags that is allowed. Each held row is compared
with all other held rows as if it were a row of the dataset: with N and df without itself. The
threshold is the k-th largest of these nearest similarities, with k = floor(a * (N + 1)) - 1.
Suppose that held rows are no paraphrases of one another, and that a further honest text is drawn as
they were; then among the N + 1 it is as likely as any other to have one of the k + 1 largest
similarities, and it must have one to pass the threshold (k + 1, not k: two texts that are each
other's nearest have one similarity between them). So it passes with a probability of at most
(k + 1) / (N + 1) <= a: full conformal prediction (Vovk et al. 2005), but for the rarity of words,
which the further text does not change here. Texts further from the held set than the held rows are
from one another pass more seldom; near duplicates within the held set raise the threshold.

Rows are compared in blocks, and of each only its nearest held row is kept: sixteen bytes a row.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import pairwise
from typing import Any, Protocol, Self

import numpy as np

from ftdsl.dedup.clause import Arrays, Pairs, Texts
from ftdsl.dedup.held import FoundPairs, HeldComparer, text_words
from ftdsl.dedup.join import Floats
from ftdsl.dedup.ragged import Ints

# Similarities held at once: 64 MB.
_CELLS = 16_000_000
# Held rows that the threshold is taken from; more tell nothing new.
CALIBRATED = 5_000
# Words of a text that are looked at.
_LONGEST = 5_000

_Terms = Counter[str]


def least_rows(false_flags: float) -> int:
    """How many held rows state this share: with fewer, no threshold is low enough to be one."""
    return math.ceil(2 / false_flags - 1e-9) - 1


class Space(Protocol):
    """Where held rows lie, and how near to them others do."""

    def nearest(self, rows: Any) -> Iterator[tuple[Ints, Floats]]:
        """For portions of the rows: the nearest held row (the first of equals), and its cosine."""
        ...

    def apart(self) -> Floats:
        """The cosine of held rows with the nearest of all others."""
        ...


class ParaphraseComparer(HeldComparer):
    """Held rows as sparse vectors, and the nearest of them for each further row. ``similarity`` is
    the threshold, or 0 where ``false_flags`` decides it."""

    def __init__(self, similarity: float, false_flags: float) -> None:
        super().__init__()
        self.similarity = similarity
        self.false_flags = false_flags
        self._held_terms: list[_Terms] = []
        self._space: Space | None = None
        self._nearest = array("q")
        self._cosine = array("d")
        self.threshold = similarity

    def _hold(self, rows: Sequence[Texts]) -> Ints:
        terms = [_terms(row) for row in rows]
        classes = self._numbered([bool(one) for one in terms], self.held)
        self._held_terms += [one for one in terms if one]
        self.held = len(self._held_terms)
        return classes

    @property
    def too_few(self) -> bool:
        """Whether the held rows are too few for the share of false flags."""
        return not self.similarity and self.held < least_rows(self.false_flags)

    def fresh(self) -> Self:
        other = copy(self)
        other.own, other._nearest, other._cosine = 0, array("q"), array("d")
        return other

    def taken(self) -> Any:
        return self.own, self._nearest, self._cosine

    def take(self, taken: Any) -> None:
        own, nearest, cosine = taken
        self._nearest.extend(nearest)
        self._cosine.extend(cosine)
        self.own += own

    def _settled(self) -> Self:
        self._built()
        return self

    def _as_arrays(self, taken: Any) -> Arrays:
        _, nearest, cosine = taken
        return {"nearest": np.array(nearest, np.int64), "cosine": np.array(cosine, np.float64)}

    def _from_arrays(self, own: int, arrays: Arrays) -> Any:
        cosine = array("d", arrays["cosine"].tobytes())
        return own, array("q", arrays["nearest"].tobytes()), cosine

    def add(self, rows: Sequence[Texts]) -> Ints:
        terms = [_terms(row) for row in rows]
        classes = self._numbered([bool(one) for one in terms], self.held + self.own)
        self._compare([one for one in terms if one])
        return classes

    def _compare(self, found: Any) -> None:
        """Keep the nearest held row of each further row."""
        self.own += len(found)
        for which, cosine in self._built().nearest(found):
            self._nearest.extend(which.tolist())
            self._cosine.extend(cosine.tolist())

    def _built(self) -> Space:
        if self._space is None:
            self._space = _Space(self._held_terms)
        return self._space

    def index(self) -> FoundPairs:
        if not self.similarity and not self.too_few:
            self.threshold = calibrated(self._built().apart(), self.false_flags)
        cosine = np.array(self._cosine, dtype=np.float64)
        # A calibrated threshold is passed, not met: it is the similarity of an honest row.
        near = cosine >= self.threshold if self.similarity else cosine > self.threshold
        rows = np.flatnonzero(near & (cosine > 0))
        held = np.array(self._nearest, dtype=np.int64)[rows]
        found = Pairs(rows + self.held, held, np.minimum(cosine[rows], 1.0))
        return FoundPairs(found, len(self))

    @property
    def note(self) -> str:
        if self.similarity:
            return f"from similarity {self.similarity:g}"
        rows = min(self.held, CALIBRATED)
        return (
            f"above similarity {self.threshold:.3f}, so that at most "
            f"{self.false_flags * 100:.4g}% of honest rows are found (from {rows:,} held-out rows)"
        )


def calibrated(nearest: Floats, false_flags: float) -> float:
    """The similarity that at most this share of further honest rows passes; see the module."""
    largest = max(1, math.floor(false_flags * (len(nearest) + 1) + 1e-9) - 1)
    return float(np.sort(nearest)[-largest])


def calibrating(held: int) -> list[int]:
    """Which of the held rows the threshold is taken from."""
    if held <= CALIBRATED:
        return list(range(held))
    draw = np.random.Generator(np.random.PCG64(0))
    return sorted(draw.choice(held, CALIBRATED, replace=False).tolist())


def _terms(row: Texts) -> _Terms:
    words = text_words(row)[:_LONGEST]
    terms = Counter(words)
    terms.update(f"{one} {two}" for one, two in pairwise(words))
    return terms


class _Space:
    """The vectors of the held rows, and how others are put beside them."""

    def __init__(self, held: Sequence[_Terms]) -> None:
        self._held = held
        self._rows_with: Counter[str] = Counter()
        for terms in held:
            self._rows_with.update(terms.keys())
        self._place = {term: i for i, term in enumerate(self._rows_with)}
        self._vectors = self._matrix(held, apart=False).T.tocsr()

    def nearest(self, rows: Sequence[_Terms]) -> Iterator[tuple[Ints, Floats]]:
        """For portions of the rows: the nearest held row (the first of equals), and its cosine."""
        for start, end in self._portions(len(rows)):
            products = (self._matrix(rows[start:end], apart=False) @ self._vectors).toarray()
            yield self._best(products)

    def apart(self) -> Floats:
        """The cosine of held rows with the nearest of all others."""
        chosen = calibrating(len(self._held))
        found: list[Floats] = []
        for start, end in self._portions(len(chosen)):
            part = chosen[start:end]
            rows = self._matrix([self._held[one] for one in part], apart=True)
            products = (rows @ self._vectors).toarray()
            products[np.arange(len(part)), part] = -1
            found.append(self._best(products)[1])
        return np.concatenate([np.empty(0), *found])

    def _portions(self, rows: int) -> Iterator[tuple[int, int]]:
        step = max(1, _CELLS // max(1, len(self._held)))
        for start in range(0, rows, step):
            yield start, min(start + step, rows)

    def _best(self, products: Floats) -> tuple[Ints, Floats]:
        if not products.shape[1]:
            nothing = np.zeros(len(products))
            return nothing.astype(np.int64), nothing
        which = products.argmax(axis=1)
        return which, products[np.arange(len(which)), which]

    def _matrix(self, rows: Sequence[_Terms], *, apart: bool) -> Any:
        """One unit vector a row. ``apart``: the rows are held ones, seen as if they were not."""
        from scipy.sparse import csr_matrix

        own = int(apart)
        total = len(self._held) - own
        places, weights = array("q"), array("d")
        ends = array("q", [0])
        for terms in rows:
            length, first = 0.0, len(places)
            for term, often in terms.items():
                rows_with = self._rows_with.get(term, 0) - own
                if rows_with <= 0 and " " in term:
                    continue
                idf = math.log((1 + total) / (1 + max(rows_with, 0))) + 1
                weight = (1 + math.log(often)) * idf
                length += weight * weight
                if rows_with > 0:
                    places.append(self._place[term])
                    weights.append(weight)
            norm = math.sqrt(length) or 1.0
            weights[first:] = array("d", (weight / norm for weight in weights[first:]))
            ends.append(len(places))
        shape = (len(rows), len(self._place))
        return csr_matrix(
            (
                np.array(weights, dtype=np.float64),
                np.array(places, dtype=np.int64),
                np.array(ends, dtype=np.int64),
            ),
            shape=shape,
        )
