"""What paired differences say when any of them might as well have had the other sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from ftdsl.statistics.proportions import Interval

Floats = np.ndarray[Any, np.dtype[np.float64]]

_EXACT = 14  # so many differences have 16,383 subsets: all of them are taken
_SUBSETS = 9_999
_SEED = 20_260_102


class SignFlips:
    """The sign-flip permutation test of ``differences``, turned into intervals.

    A shift θ is not rejected while enough of the sign flips of ``d - θ`` have a mean as large as
    the one seen, which is while enough subsets of ``d`` have a mean below θ. So the ends of the
    interval are order statistics of the means of subsets (Hartigan, "Using subsample values as
    typical values", JASA 64, 1969): exact for differences that are symmetric around their mean.
    """

    def __init__(self, differences: Floats) -> None:
        self.means = np.sort(_subset_means(differences))

    def interval(self, confidence: float, lowest: float, highest: float) -> Interval:
        """Two-sided; an end that so few differences cannot give is ``lowest`` or ``highest``."""
        count = len(self.means)
        rank = int((1 - confidence) / 2 * (count + 1) + 1e-9)
        if rank < 1:
            return lowest, highest
        return float(self.means[rank - 1]), float(self.means[count - rank])

    @property
    def p_value(self) -> float:
        """Two-sided, of "neither is better"."""
        count = len(self.means)
        below = int(np.sum(self.means <= 0)) + 1
        above = int(np.sum(self.means >= 0)) + 1
        return min(1.0, 2 * min(below, above) / (count + 1))


def _subset_means(values: Floats) -> Floats:
    """The mean of every subset that is not empty, or of as many drawn with a fixed seed."""
    n = len(values)
    if n <= _EXACT:
        numbers = np.arange(1, 2**n, dtype=np.int64)
        chosen = (numbers[:, None] >> np.arange(n)) & 1
    else:
        random = np.random.Generator(np.random.PCG64(_SEED))
        chosen = random.integers(0, 2, (_SUBSETS, n))
        chosen[chosen.sum(axis=1) == 0, 0] = 1
    means: Floats = (chosen @ values) / chosen.sum(axis=1)
    return means
