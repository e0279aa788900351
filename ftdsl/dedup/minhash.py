"""MinHash and locality-sensitive hashing: candidates for near-duplicates in near-linear time.

Signatures follow Broder (1997) with the ``affine32`` permutations of datasketch 2: fed the same
32-bit hashes, they are equal to its ``MinHash(num_perm, seed).hashvalues`` bit for bit. Bands are
chosen for recall: a pair *at* the threshold is found with a stated probability of 0.995 or more,
because every candidate is verified afterwards and a false one only costs time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup import kernel
from ftdsl.dedup.mixing import Hashes, mix
from ftdsl.dedup.ragged import Ints, Ragged, offsets_of

Signatures = NDArray[np.uint32]

RECALL_AT_THRESHOLD = 0.995


@dataclass(frozen=True, slots=True)
class Bands:
    """``count`` bands of ``rows`` minima each; ``recall`` is the probability that two sets at the
    threshold agree in one band at least."""

    count: int
    rows: int
    recall: float


def found_probability(similarity: float, count: int, rows: int) -> float:
    """The chance that a pair of this Jaccard similarity becomes a candidate: 1 - (1 - s^r)^b."""
    return 1.0 - (1.0 - similarity**rows) ** count


def choose_bands(
    similarity: float, permutations: int, recall: float = RECALL_AT_THRESHOLD
) -> Bands:
    """The longest bands (the fewest false candidates) that still reach ``recall`` at the threshold.

    For 0.8 and 128 permutations: 21 bands of 6, recall 0.998. Where not even bands of one minimum
    reach it, these are returned, and ``Bands.recall`` says what they give.
    """
    for rows in range(permutations, 1, -1):
        count = permutations // rows
        reached = found_probability(similarity, count, rows)
        if reached >= recall:
            return Bands(count, rows, reached)
    return Bands(permutations, 1, found_probability(similarity, permutations, 1))


def permutation_parameters(
    permutations: int, seed: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Multipliers (odd) and addends of the affine permutations modulo 2^32."""
    draw = np.random.RandomState(seed)
    multipliers = draw.randint(0, 1 << 31, permutations, dtype=np.uint32) * np.uint32(2)
    addends = draw.randint(0, 1 << 32, permutations, dtype=np.uint32)
    return multipliers + np.uint32(1), addends


def signatures(sets: Ragged, permutations: int, seed: int) -> Signatures:
    """One signature a set, shape (sets, permutations). Uses the low 32 bits of each 64-bit hash.

    Every set must have an element.
    """
    multipliers, addends = permutation_parameters(permutations, seed)
    marks = np.empty((len(sets), permutations), dtype=np.uint32)
    kernel.loops().sign(sets.values, sets.offsets, multipliers, addends, marks)
    return marks


def band_buckets(marks: Signatures, total: int, bands: Bands) -> Ragged:
    """Which buckets each of ``total`` sets falls into. Two sets share a bucket where all minima of
    one band are equal. Buckets of one set are left out."""
    owners: list[Ints] = []
    buckets: list[Ints] = []
    used = 0
    for band in range(bands.count):
        keys = _band_keys(marks[:, band * bands.rows : (band + 1) * bands.rows])
        _, numbers, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        crowded = np.flatnonzero(sizes[numbers] > 1)
        renumbered = np.cumsum(sizes > 1) - 1
        owners.append(crowded)
        buckets.append(renumbered[numbers[crowded]] + used)
        used += int((sizes > 1).sum())
    return _by_owner(np.concatenate(owners), np.concatenate(buckets), total)


def row_keys(marks: Signatures, bands: Bands) -> Hashes:
    """One key for each band of each signature, shape (sets, bands): equal where all minima of one
    band are."""
    keys = np.empty((len(marks), bands.count), dtype=np.uint64)
    for band in range(bands.count):
        own = _band_keys(marks[:, band * bands.rows : (band + 1) * bands.rows])
        keys[:, band] = mix(own + np.uint64(band))
    return keys


def _band_keys(minima: Signatures) -> Hashes:
    """One 64-bit key a row of minima. A chance collision only adds a candidate."""
    keys = np.zeros(len(minima), dtype=np.uint64)
    for column in range(minima.shape[1]):
        keys = mix(keys + minima[:, column] + np.uint64(0x9E3779B97F4A7C15))
    return keys


def _by_owner(owners: Ints, buckets: Ints, total: int) -> Ragged:
    order = np.argsort(owners, kind="stable")
    return Ragged(
        buckets[order].astype(np.uint32), offsets_of(np.bincount(owners, minlength=total))
    )
