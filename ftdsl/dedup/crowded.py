"""Shingles that very many rows hold: those of a template, which say nothing of the rows.

A shingle that more than a share of all rows hold is held by more than that share of the rows of
some block of them. So each block names its own, and a second pass counts these few over all blocks.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.mixing import Hashes
from ftdsl.dedup.ragged import Ints, Ragged

Floats = NDArray[np.float64]
_BITS = 16


def candidates(sets: Ragged, weights: Ints, share: float) -> Hashes:
    """The shingles that more than ``share`` of the rows of these sets hold; ``weights`` are the
    rows of each set."""
    most = share * float(weights.sum())
    each = np.repeat(weights, sets.counts).astype(np.float64)
    # Few of the many shingles lie in a bucket that is heavy at all.
    buckets = (sets.values >> np.uint64(64 - _BITS)).astype(np.int64)
    heavy = np.bincount(buckets, each, 1 << _BITS) > most
    chosen = heavy[buckets]
    found, which = np.unique(sets.values[chosen], return_inverse=True)
    return found[np.bincount(which, each[chosen], len(found)) > most]


def together(found: Iterable[Hashes]) -> Hashes:
    """All candidates, in order, each once."""
    return np.unique(np.concatenate([np.empty(0, dtype=np.uint64), *found]))


def counted(sets: Ragged, weights: Ints, wanted: Hashes) -> Floats:
    """How many rows of these sets hold each of the wanted shingles."""
    held = _places(sets.values, wanted)
    chosen = held >= 0
    each = np.repeat(weights, sets.counts)[chosen]
    found = np.bincount(held[chosen], each.astype(np.float64), len(wanted))
    return found.astype(np.float64)


def without(sets: Ragged, crowded: Hashes) -> Ragged:
    """The sets without these shingles."""
    return sets.where(_places(sets.values, crowded) < 0) if len(crowded) else sets


def _places(values: Hashes, wanted: Hashes) -> Ints:
    """Where each value stands in ``wanted``, which is in order; -1 for one that does not."""
    if not len(wanted):
        return np.full(len(values), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(wanted, values), len(wanted) - 1)
    return np.where(wanted[at] == values, at, -1)
