"""Mixing functions over arrays of hashes: every bit of the result depends on every bit given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
# Odd multipliers that tell the places of a run apart.
_PLACE = 0xD1342543DE82EF95


def place(index: int) -> np.uint64:
    """The multiplier of the word at this index of a run."""
    return np.uint64((_PLACE * (2 * index + 1)) & 0xFFFFFFFFFFFFFFFF)


def mix(values: Hashes) -> Hashes:
    """The 64-bit finaliser of MurmurHash3: a bijection whose every bit depends on all bits."""
    values = values ^ (values >> np.uint64(33))
    values *= np.uint64(0xFF51AFD7ED558CCD)
    values ^= values >> np.uint64(33)
    values *= np.uint64(0xC4CEB9FE1A85EC53)
    values ^= values >> np.uint64(33)
    return values


def premix(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The 32-bit finaliser of MurmurHash3."""
    values = values ^ (values >> np.uint32(16))
    values *= np.uint32(0x85EBCA6B)
    values ^= values >> np.uint32(13)
    values *= np.uint32(0xC2B2AE35)
    values ^= values >> np.uint32(16)
    return values
