"""Exact duplicates: rows whose compared values are equal, found by digest."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from ftdsl.dedup.classes import Classes, Keys
from ftdsl.dedup.clause import Arrays, Pairs, Texts, no_pairs
from ftdsl.dedup.ragged import Ints
from ftdsl.dedup.sets import Stored

_BLANK = bytes(16)


class ExactComparer:
    """Equal values make one class; nothing else is alike. A digest of 128 bits a value is kept."""

    def __init__(self) -> None:
        self._classes = Classes()

    def __len__(self) -> int:
        return len(self._classes)

    def add(self, rows: Sequence[Texts]) -> Ints:
        return self.take(self.prepare(rows))

    def prepare(self, rows: Sequence[Texts]) -> Arrays:
        """The digests of the values: zeros where all are blank."""
        data = b"".join(map(_digest, rows))
        return {"digests": np.frombuffer(data, np.uint64).reshape(-1, 2)}

    def take(self, arrays: Arrays, place: Stored | None = None) -> Ints:  # noqa: ARG002
        """The class of each row that was prepared."""
        digests = arrays["digests"].reshape(-1, 2)
        filled = (digests[:, 0] | digests[:, 1]) != 0
        return self._classes.number(digests, filled)[0]

    def keys(self) -> Keys:
        """The digest of each class."""
        return self._classes.keys()

    def index(self) -> ExactIndex:
        return ExactIndex(len(self))


def _digest(texts: Texts) -> bytes:
    if not any(text and not text.isspace() for text in texts):
        return _BLANK
    # Lengths keep ("ab", "c") apart from ("a", "bc").
    whole = "".join(f"{len(text)}:{text}" for text in texts)
    return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class ExactIndex:
    """No two classes are alike."""

    def __init__(self, classes: int) -> None:
        self.possible = np.zeros(classes, dtype=np.bool_)

    def insert(self, classes: Ints) -> None:
        """Nothing to remember."""

    def similar(self, classes: Ints, among: bool) -> Pairs:  # noqa: ARG002
        return no_pairs()
