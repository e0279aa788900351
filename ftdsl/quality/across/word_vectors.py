"""Texts as short vectors of their words: hashed, weighted by rarity, comparable by cosine.

Signed feature hashing (Weinberger et al. 2009) of TF-IDF weights: a word's CRC-32 names one of
``DIMENSIONS`` places and a sign, so that no vocabulary is kept and every process agrees. The weight
is ``(1 + log tf) * (log((1 + texts) / (1 + texts with the word)) + 1)``, as in scikit-learn's
smoothed IDF with sublinear TF.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

DIMENSIONS = 1024
# Words of a text that count: what a text is about shows in its beginning.
LONGEST = 500
_COUNTED = 1 << 18
_AT_ONCE = 256  # texts: 2 MB of sums
_WORD = re.compile(r"\w+")


def text_words(text: str) -> list[str]:
    """The first words of a text after NFKC and casefold."""
    form = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    # Twenty characters a word leave room for long ones and keep a book from being cut into words.
    return _WORD.findall(form[: LONGEST * 20])[:LONGEST]


class Rarity:
    """In how many texts each word occurs, by the word's hash."""

    def __init__(self) -> None:
        self._texts = 0
        self._with = np.zeros(_COUNTED, dtype=np.int64)

    def add(self, texts: Sequence[Sequence[str]]) -> None:
        """The words of more texts."""
        self._texts += sum(1 for words in texts if words)
        hashes = np.array([_hash(word) for words in texts for word in set(words)], dtype=np.int64)
        np.add.at(self._with, hashes % _COUNTED, 1)

    def dump(self) -> tuple[int, Any, Any]:
        """The texts, and the places with a count."""
        places = np.flatnonzero(self._with)
        return self._texts, places, self._with[places]

    def merge(self, dumped: tuple[int, Any, Any]) -> None:
        """Take in what another one counted."""
        texts, places, counts = dumped
        self._texts += texts
        self._with[places] += counts

    def weights(self, hashes: NDArray[np.int64]) -> NDArray[np.float64]:
        """The inverse document frequency of each word hash; 1 for a word in every text."""
        found: NDArray[np.float64] = (
            np.log((1 + self._texts) / (1 + self._with[hashes % _COUNTED])) + 1.0
        )
        return found

    def vectors(self, texts: Sequence[Sequence[str]]) -> Vectors:
        """One unit vector a text, shape (texts, DIMENSIONS); zeros for a text with no word."""
        result = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            result[start : start + _AT_ONCE] = self._summed(texts[start : start + _AT_ONCE])
        lengths = np.linalg.norm(result, axis=1, keepdims=True)
        np.divide(result, lengths, out=result, where=lengths > 0)
        return result

    def _summed(self, texts: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """The weights of each text's words, added up by their places."""
        counted = [Counter(words) for words in texts]
        sizes = [len(counts) for counts in counted]
        count = sum(sizes)
        hashes = np.fromiter((_hash(w) for counts in counted for w in counts), np.int64, count)
        often = np.fromiter((n for counts in counted for n in counts.values()), np.float64, count)
        sign = np.where(hashes >> 31, -1.0, 1.0)
        weights = (1 + np.log(often)) * self.weights(hashes) * sign
        places = np.repeat(np.arange(len(texts)) * DIMENSIONS, sizes) + hashes % DIMENSIONS
        found = np.zeros(len(texts) * DIMENSIONS)
        found += np.bincount(places, weights, len(found))
        return found.reshape(len(texts), DIMENSIONS)

    def rarity(self, word: str) -> float:
        """The inverse document frequency of one word."""
        return float(self.weights(np.array([_hash(word)], dtype=np.int64))[0])


def _hash(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))
