"""Spherical k-means: unit vectors in k groups by cosine, the same for the same seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ftdsl.quality.across.word_vectors import Vectors

Ints = NDArray[np.int64]

_ROUNDS = 25
# Starts that are tried, of which the best is kept, and up to how many vectors: few vectors often
# have one poor start, and many seldom do.
_TRIES, _FEW = 5, 5_000
# Similarities held at once: 64 MB.
_CELLS = 16_000_000


def nearest(vectors: Vectors, centres: Vectors) -> tuple[Ints, NDArray[np.float32]]:
    """For each vector its centre of the largest cosine (the first of equals), and that cosine."""
    which = np.empty(len(vectors), dtype=np.int64)
    cosine = np.empty(len(vectors), dtype=np.float32)
    step = max(1, _CELLS // max(1, len(centres)))
    for start in range(0, len(vectors), step):
        products = vectors[start : start + step] @ centres.T
        best = products.argmax(axis=1)
        which[start : start + step] = best
        cosine[start : start + step] = products[np.arange(len(best)), best]
    return which, cosine


def fit_centres(vectors: Vectors, k: int, seed: int) -> Vectors:
    """At most ``k`` unit centres (fewer where fewer vectors differ), the largest group's first.

    Starts are drawn by k-means++ (Arthur and Vassilvitskii 2007) with distance 1 - cosine, then
    improved by Lloyd's rounds on the sphere (Dhillon and Modha 2001). A group left empty takes the
    vector that its own centre fits worst. Of up to 5,000 vectors five starts are tried, and the
    groups with the largest sum of cosines are the answer.
    """
    draw = np.random.Generator(np.random.PCG64(seed))
    best: tuple[float, Vectors] | None = None
    for _ in range(_TRIES if len(vectors) <= _FEW else 1):
        found = _improved(vectors, _starts(vectors, k, draw))
        if best is None or found[0] > best[0] + 1e-6:
            best = found
    assert best is not None, "there is at least one start"
    return best[1]


def _improved(vectors: Vectors, centres: Vectors) -> tuple[float, Vectors]:
    """The sum of cosines, and the centres with the largest group's first."""
    which, cosine = nearest(vectors, centres)
    for _ in range(_ROUNDS):
        sums = np.zeros_like(centres)
        np.add.at(sums, which, vectors)
        for empty in np.flatnonzero(np.bincount(which, minlength=len(centres)) == 0):
            worst = int(cosine.argmin())
            sums[empty] = vectors[worst]
            cosine[worst] = 1.0
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.divide(sums, lengths, out=centres, where=lengths > 0)
        before = which
        which, cosine = nearest(vectors, centres)
        if np.array_equal(before, which):
            break
    sizes = np.bincount(which, minlength=len(centres))
    fit = float(cosine.sum(dtype=np.float64))
    return fit, centres[np.argsort(-sizes, kind="stable")]


def _starts(vectors: Vectors, k: int, draw: np.random.Generator) -> Vectors:
    chosen = [int(draw.integers(len(vectors)))]
    distance = _distance(vectors, chosen[0])
    while len(chosen) < k:
        reach = np.cumsum(distance)
        if reach[-1] <= 0:
            break
        place = int(np.searchsorted(reach, draw.random() * reach[-1], side="right"))
        chosen.append(min(place, len(vectors) - 1))
        distance = np.minimum(distance, _distance(vectors, chosen[-1]))
    return vectors[chosen].copy()


def _distance(vectors: Vectors, index: int) -> NDArray[np.float64]:
    distance: NDArray[np.float64] = 1.0 - (vectors @ vectors[index]).astype(np.float64)
    # Equal vectors differ by rounding: they are no second start.
    distance[distance < 1e-5] = 0.0
    return distance
