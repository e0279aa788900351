"""A diverse part of a set of unit vectors: facility location by lazy greedy, or k centers.

Both are deterministic: of equals the first vector is taken.
"""

from __future__ import annotations

from heapq import heapify, heappop, heapreplace

import numpy as np

from ftdsl.quality.across.word_vectors import Vectors


def facility_location(vectors: Vectors, size: int) -> list[int]:
    """The places of ``size`` vectors by which all are well represented.

    Maximises the sum over all vectors of the cosine (0 at least) with the nearest chosen one. The
    sum is monotone and submodular, so that greedy choice reaches 1 - 1/e of the best there is
    (Nemhauser et al. 1978), and lazy evaluation chooses the same vectors (Minoux 1978). All
    similarities are held, four bytes each: 100 MB for 5,000 vectors.
    """
    similar = vectors @ vectors.T
    np.maximum(similar, 0.0, out=similar)
    covered = np.zeros(len(vectors), dtype=np.float32)
    gains = similar.sum(axis=1, dtype=np.float64)
    # Gains only shrink: one that is still the largest after it was computed anew is the largest.
    waiting = [(-float(gain), place, 0) for place, gain in enumerate(gains)]
    heapify(waiting)
    chosen: list[int] = []
    while waiting and len(chosen) < size:
        _, place, when = waiting[0]
        if when == len(chosen):
            heappop(waiting)
            chosen.append(place)
            np.maximum(covered, similar[place], out=covered)
        else:
            more = np.maximum(similar[place] - covered, 0.0)
            gain = float(more.sum(dtype=np.float64))
            heapreplace(waiting, (-gain, place, len(chosen)))
    return chosen


def k_center(vectors: Vectors, size: int) -> list[int]:
    """The places of ``size`` vectors that lie far apart: none is further from its nearest chosen
    one than twice the best possible radius, by the chord between unit vectors (Gonzalez 1985).

    Begins with the vector nearest to the mean, and always takes the one that is furthest from all
    chosen ones, so that outliers come early. Takes a row of similarities for each chosen vector.
    """
    if not len(vectors):
        return []
    place = int((vectors @ vectors.mean(axis=0)).argmax())
    chosen, nearest = [], np.full(len(vectors), -np.inf)
    for _ in range(min(size, len(vectors))):
        chosen.append(place)
        np.maximum(nearest, (vectors @ vectors[place]).astype(np.float64), out=nearest)
        nearest[place] = np.inf
        place = int(nearest.argmin())
    return chosen
