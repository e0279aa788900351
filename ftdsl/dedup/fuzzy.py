"""Fuzzy duplicates of short texts: rapidfuzz's ratio over all pairs of different texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ftdsl.dedup.clause import Pairs, Texts, no_pairs
from ftdsl.dedup.ragged import Ints
from ftdsl.dedup.shingles import words


class FuzzyComparer:
    """Texts after NFKC and casefold, as words joined by single spaces. Similarity is the normalised
    indel similarity, ``2 * LCS / (|a| + |b|)``: what rapidfuzz calls ``ratio`` / 100. Every pair is
    compared: the texts stay in memory, and the time grows with the square of their number.
    """

    def __init__(self, similarity: float) -> None:
        self.similarity = similarity
        self._class_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._class_of)

    def texts(self) -> list[str]:
        """The text of each class as it is compared."""
        return list(self._class_of)

    def take(self, texts: Sequence[str]) -> Ints:
        """The class of each text that another one had."""
        return np.fromiter((self._class((text,)) for text in texts), np.int64, len(texts))

    def add(self, rows: Sequence[Texts]) -> Ints:
        return np.fromiter((self._class(texts) for texts in rows), np.int64, len(rows))

    def _class(self, texts: Texts) -> int:
        text = " ".join(words("\n".join(texts)))
        return self._class_of.setdefault(text, len(self._class_of)) if text else -1

    def index(self) -> FuzzyIndex:
        return FuzzyIndex(list(self._class_of), self.similarity)


class FuzzyIndex:
    """The texts by class, and the classes that are kept."""

    def __init__(self, texts: list[str], similarity: float) -> None:
        self._texts = texts
        self._similarity = similarity
        self.possible = np.ones(len(texts), dtype=np.bool_)
        self._kept: list[int] = []

    def insert(self, classes: Ints) -> None:
        self._kept.extend(classes.tolist())

    def similar(self, classes: Ints, among: bool) -> Pairs:
        found = self._compared(classes, np.array(self._kept, dtype=np.int64))
        if not among:
            return found
        pairs = self._compared(classes, classes)
        once = pairs.left > pairs.right
        return Pairs(
            np.concatenate((found.left, pairs.left[once])),
            np.concatenate((found.right, pairs.right[once])),
            np.concatenate((found.similarity, pairs.similarity[once])),
        )

    def _compared(self, left: Ints, right: Ints) -> Pairs:
        from rapidfuzz.distance import Indel
        from rapidfuzz.process import cdist

        if not len(left) or not len(right):
            return no_pairs()
        scores = cdist(
            [self._texts[one] for one in left.tolist()],
            [self._texts[one] for one in right.tolist()],
            scorer=Indel.normalized_similarity,
            score_cutoff=self._similarity,
            dtype=np.float64,
        )
        rows, columns = np.nonzero(scores >= self._similarity)
        return Pairs(left[rows], right[columns], scores[rows, columns])
