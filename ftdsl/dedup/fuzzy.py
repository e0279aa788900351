"""Fuzzy duplicates of short texts: rapidfuzz's ratio over all pairs of different texts."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from ftdsl.dedup.classes import Keys
from ftdsl.dedup.clause import Arrays, Index, Pairs, Texts, arrays_text, no_pairs, text_arrays
from ftdsl.dedup.earlier import Earlier
from ftdsl.dedup.grown import GrownIndex
from ftdsl.dedup.ragged import Ints
from ftdsl.dedup.shingles import words


class FuzzyComparer:
    """Texts after NFKC and casefold, as words joined by single spaces. Similarity is the normalised
    indel similarity, ``2 * LCS / (|a| + |b|)``: what rapidfuzz calls ``ratio`` / 100. Every pair is
    compared: the texts stay in memory, and the time grows with the square of their number.
    """

    def __init__(self, similarity: float, earlier: Earlier | None = None) -> None:
        self.similarity = similarity
        self._earlier = earlier
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
        return self._named(_plain(texts))

    def _named(self, text: str) -> int:
        return self._class_of.setdefault(text, len(self._class_of)) if text else -1

    def stands_on(self) -> bytes:
        """Nothing but the text."""
        return b""

    def to_keep(self, rows: Sequence[Texts]) -> Arrays:
        return text_arrays(map(_plain, rows))

    def recalled(self, arrays: Arrays) -> Ints:
        texts = arrays_text(arrays)
        return np.fromiter(map(self._named, texts), np.int64, len(texts))

    def keys(self) -> Keys:
        """A digest of the text of each class."""
        data = b"".join(
            blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            for text in self._class_of
        )
        return np.frombuffer(data, np.uint64).reshape(-1, 2)

    def touched(self, fresh: Ints) -> Ints:  # noqa: ARG002
        """Any text may be like any other."""
        return np.arange(len(self))

    def index(self) -> Index:
        grown = None if self._earlier is None else GrownIndex.over(self, self._earlier)
        return self.index_of(None) if grown is None else grown

    def index_of(self, classes: Ints | None) -> FuzzyIndex:
        """The index over some classes alone, ascending; None: over all."""
        texts = list(self._class_of)
        if classes is not None:
            texts = [texts[one] for one in classes.tolist()]
        return FuzzyIndex(texts, self.similarity)


def _plain(texts: Texts) -> str:
    """The text as it is compared."""
    return " ".join(words("\n".join(texts)))


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
