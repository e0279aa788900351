"""Draws a diverse part of a dataset: rows of different texts, by their words or their meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from heapq import heappush, heappushpop

import numpy as np

from ftdsl.data.rows import Row, text
from ftdsl.diversity.kmeans import nearest
from ftdsl.diversity.subset import facility_location, k_center
from ftdsl.embeddings.encoder import Encoder
from ftdsl.quality.across.word_vectors import Rarity, text_words

METHODS: dict[str, Callable[..., list[int]]] = {
    "facility_location": facility_location,
    "k_center": k_center,
}
"""How rows are chosen, by the name of the option."""

# Rows that are chosen among: 20 MB of vectors, 100 MB of similarities for facility location.
POOL = 5_000
# The most that facility location draws: 400 MB of similarities among twice as many.
MOST = 5_000

_Kept = tuple[int, int, Row, list[str]]


@dataclass(frozen=True, slots=True)
class Sample:
    """``rows`` that were drawn, in file order, of ``pool`` different ones. ``represented`` is the
    mean cosine of a row of the pool with the nearest drawn one, ``least`` the smallest."""

    rows: list[Row]
    pool: int
    represented: float
    least: float


def diverse_rows(
    rows: Iterable[Row], size: int, method: str, seed: int, encoder: Encoder | None = None
) -> Sample:
    """``size`` rows (fewer where fewer differ), the same for the same seed, compared by what their
    words say, or by what ``encoder`` makes of them.

    Rows with the same words count once, the first of them. Of more than ``POOL`` (or twice
    ``size``) different rows, those of the smallest salted digests are chosen among.
    """
    kept = _pool(rows, max(POOL, 2 * size), seed)
    if encoder is not None:
        vectors = encoder.vectors([text(one[2]) for one in kept])
    else:
        words = [one[3] for one in kept]
        rarity = Rarity()
        rarity.add(words)
        vectors = rarity.vectors(words)
    chosen = METHODS[method](vectors, size)
    cosines = nearest(vectors, vectors[chosen])[1] if chosen else np.zeros(1, dtype=np.float32)
    drawn = [kept[place][2] for place in sorted(chosen, key=lambda place: -kept[place][1])]
    return Sample(drawn, len(kept), float(cosines.mean(dtype=np.float64)), float(cosines.min()))


def _pool(rows: Iterable[Row], most: int, seed: int) -> list[_Kept]:
    """The rows to choose among, in the order of their digests."""
    heap: list[_Kept] = []
    held: set[int] = set()
    for number, row in enumerate(rows):
        words = text_words(text(row))
        if not words:
            continue
        salted = f"{seed}:{' '.join(words)}".encode("utf-8", "surrogatepass")
        digest = int.from_bytes(blake2b(salted, digest_size=8).digest(), "big")
        if digest in held:
            continue
        one = (-digest, -number, row, words)
        if len(heap) < most:
            heappush(heap, one)
            held.add(digest)
        elif digest < -heap[0][0]:
            held.discard(-heappushpop(heap, one)[0])
            held.add(digest)
    return sorted(heap, key=lambda one: -one[0])
