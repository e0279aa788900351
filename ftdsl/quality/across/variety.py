"""How varied the texts of a dataset are, over a sample that every order of rows gives alike.

The sample holds the ``sample`` different texts of the smallest salted digests, each with the number
of its copies, so that it can be merged, and depends on the seed alone. What is computed of it is in
the rows, copies included: a dataset of one text said a thousand times is as uniform as can be.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from hashlib import blake2b
from heapq import heappush, heappushpop
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftdsl.privacy.masking import masked
from ftdsl.quality.across.word_vectors import Rarity, Vectors, text_words

# Characters of one text that are kept: what a text is about shows in its beginning.
_KEPT = 10_000


class TextSample:
    """At most ``sample`` different texts, and how often each occurs. Personal data and secrets are
    masked in them: what a state holds is kept on disk."""

    def __init__(self, sample: int = 1000, seed: int = 0) -> None:
        self.sample = sample
        self.seed = seed
        self._copies: dict[int, int] = {}
        self._texts: dict[int, str] = {}
        self._largest: list[int] = []

    def add(self, column: list[Any]) -> None:
        for text in column:
            if text is not None and not text.isspace() and text:
                salted = f"{self.seed}:{text[:_KEPT]}".encode("utf-8", "surrogatepass")
                digest = int.from_bytes(blake2b(salted, digest_size=8).digest(), "big")
                self._offer(digest, text, 1)

    def _offer(self, digest: int, text: str, copies: int) -> None:
        if digest in self._copies:
            self._copies[digest] += copies
        elif len(self._largest) < self.sample:
            heappush(self._largest, -digest)
            self._copies[digest], self._texts[digest] = copies, masked(text, _KEPT)
        elif digest < -self._largest[0]:
            gone = -heappushpop(self._largest, -digest)
            del self._copies[gone], self._texts[gone]
            self._copies[digest], self._texts[digest] = copies, masked(text, _KEPT)

    def merge(self, dumped: Any) -> None:
        for digest, text, copies in dumped:
            self._offer(digest, text, copies)

    def dump(self) -> Any:
        return list(zip(sorted(self._texts), self.texts(), self.copies(), strict=True))

    def texts(self) -> list[str]:
        """The different texts, in the order of their digests."""
        return [self._texts[digest] for digest in sorted(self._texts)]

    def copies(self) -> list[int]:
        """How often each of them occurs."""
        return [self._copies[digest] for digest in sorted(self._copies)]


class CompressionRatio(TextSample):
    """Bytes of the texts over bytes of their zlib stream (level 9): how much of them repeats.
    Shaib et al. 2024 find it the best single cheap measure; plain English prose has about 2.5."""

    def value(self) -> float | None:
        packer, before, after = zlib.compressobj(9), 0, 0
        for text, copies in zip(self.texts(), self.copies(), strict=True):
            raw = (text + "\n").encode("utf-8", "surrogatepass")
            for _ in range(min(copies, 1000)):
                before += len(raw)
                after += len(packer.compress(raw))
        return before / (after + len(packer.flush())) if before else None


class SelfSimilarity(TextSample):
    """Mean over the rows of the cosine with the nearest other row, by TF-IDF: 1 for copies."""

    def value(self) -> float | None:
        copies = np.array(self.copies(), dtype=np.float64)
        if copies.sum() < 2:
            return None
        vectors = _vectors(self.texts())
        products = (vectors @ vectors.T).astype(np.float64)
        np.fill_diagonal(products, 0.0)
        nearest = np.where(copies > 1, 1.0, np.clip(products.max(axis=1), 0.0, 1.0))
        return float(nearest @ copies / copies.sum())


class Vendi(TextSample):
    """The Vendi score (Friedman and Dieng 2023): the exponential of the entropy of the eigenvalues
    of the similarities over their number; how many texts that share nothing are as diverse. Takes
    the cube of the sample: 0.1 s for 500 texts, some seconds for 2,000."""

    def value(self) -> float | None:
        copies = np.array(self.copies(), dtype=np.float64)
        if not len(copies):
            return None
        root = np.sqrt(copies / copies.sum())[:, None]
        weighted: NDArray[np.float64] = _vectors(self.texts()).astype(np.float64) * root
        values = np.linalg.eigvalsh(weighted @ weighted.T)
        values = values[values > 1e-12]
        values /= values.sum()
        return math.exp(-float(values @ np.log(values)))


def _vectors(texts: Sequence[str]) -> Vectors:
    words = [text_words(text) or [text] for text in texts]
    rarity = Rarity()
    rarity.add(words)
    return rarity.vectors(words)
