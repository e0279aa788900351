"""What an earlier run found of one near line: its sets by their content, which of them were kept,
and the similar pairs of the others with these.

It is no answer but knowledge: two sets are as similar in one file as in another. Kept sets are not
similar to one another (held ones may be), so that the pairs are few: those of each removed set with
the kept ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.classes import Keys
from ftdsl.dedup.clause import Arrays, Pairs
from ftdsl.dedup.ragged import Ints

MOST_PAIRS = 4_000_000
"""Pairs that are remembered: more take longer to read than to find."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """``keys`` of the sets, in order of the first number; ``kept`` marks those that stood for rows
    which stayed, or are held. ``pairs`` holds all similar pairs of any set and one of these, by
    their places in ``keys``."""

    keys: Keys
    kept: NDArray[np.bool_]
    pairs: Pairs

    @classmethod
    def of(cls, keys: Keys, kept: NDArray[np.bool_], pairs: Pairs) -> Earlier:
        """From sets in any order."""
        order = np.argsort(keys[:, 0], kind="stable")
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        found = Pairs(place[pairs.left], place[pairs.right], pairs.similarity)
        return cls(keys[order], kept[order], found)

    def places(self, keys: Keys) -> Ints:
        """Where the sets with these keys stand; -1 for one that was not there."""
        if not len(self.keys):
            return np.full(len(keys), -1, dtype=np.int64)
        at = np.searchsorted(self.keys[:, 0], keys[:, 0])
        at = np.minimum(at, len(self.keys) - 1)
        same = (self.keys[at] == keys).all(axis=1)
        return np.where(same, at, -1)

    def arrays(self) -> Arrays:
        """For the file of kept sets."""
        return {
            "keys": self.keys,
            "kept": self.kept.view(np.uint8),
            "left": self.pairs.left,
            "right": self.pairs.right,
            "similarity": self.pairs.similarity,
        }

    @classmethod
    def read(cls, arrays: Arrays) -> Earlier | None:
        """What ``arrays`` gave; None for what cannot be."""
        try:
            keys, kept = arrays["keys"].reshape(-1, 2), arrays["kept"].view(np.bool_)
            pairs = Pairs(arrays["left"], arrays["right"], arrays["similarity"])
        except (KeyError, ValueError):
            return None
        places = np.concatenate([pairs.left, pairs.right])
        fits = len(pairs.left) == len(pairs.right) == len(pairs.similarity)
        if not fits or len(kept) != len(keys) or not ((places >= 0) & (places < len(keys))).all():
            return None
        return cls(keys, kept, pairs)
