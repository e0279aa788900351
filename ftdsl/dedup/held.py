"""Comparers that hold rows against those of another set: the held rows come first, and stay."""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.clause import Arrays, Index, Pairs, Texts
from ftdsl.dedup.ragged import Ints, ranges

_WORD = re.compile(r"\w+")


def text_words(texts: Texts) -> list[str]:
    """The words of the compared texts after NFKC and casefold."""
    text = "\n".join(texts)
    form = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(form)


class HeldComparer(ABC):
    """A ``Comparer`` whose index knows all pairs once the rows are read: classes of held rows are
    0, 1, …, those of the dataset's own rows follow. A text without a word has class -1."""

    def __init__(self) -> None:
        self.held = 0
        self.own = 0
        self._digest = bytes(16)

    def __len__(self) -> int:
        return self.held + self.own

    def hold(self, rows: Sequence[Texts]) -> Ints:
        """The classes of further held rows; all of them come before the first of ``add``."""
        for texts in rows:
            whole = "".join(f"{len(text)}:{text}" for text in texts)
            data = self._digest + whole.encode("utf-8", "surrogatepass")
            self._digest = blake2b(data, digest_size=16).digest()
        return self._hold(rows)

    @abstractmethod
    def _hold(self, rows: Sequence[Texts]) -> Ints:
        """``hold``."""

    @abstractmethod
    def add(self, rows: Sequence[Texts]) -> Ints:
        """The classes of further rows of the dataset."""

    @abstractmethod
    def index(self) -> Index:
        """The index when all rows are read."""

    @abstractmethod
    def fresh(self) -> Self:
        """One that knows the held rows, and none of the dataset's own."""

    @abstractmethod
    def taken(self) -> Any:
        """What the dataset's own rows came to, for ``take``."""

    @abstractmethod
    def take(self, taken: Any) -> None:
        """Have the rows that a ``fresh`` one was given, after those that are there."""

    @abstractmethod
    def _settled(self) -> Self:
        """Itself, when no more rows are held: what all further rows need of them is made."""

    @abstractmethod
    def _as_arrays(self, taken: Any) -> Arrays:
        """What ``taken`` gave."""

    @abstractmethod
    def _from_arrays(self, own: int, arrays: Arrays) -> Any:
        """What ``taken`` gave of ``own`` rows."""

    def stands_on(self) -> bytes:
        """A digest of the held rows."""
        return self._digest

    def to_keep(self, rows: Sequence[Texts]) -> Arrays:
        one = self._settled().fresh()
        classes = one.add(rows)
        return {"filled": (classes >= 0).view(np.uint8), **self._as_arrays(one.taken())}

    def recalled(self, arrays: Arrays) -> Ints:
        filled = arrays["filled"].view(np.bool_)
        classes = self._numbered(filled, self.held + self.own)
        self.take(self._from_arrays(int(filled.sum()), arrays))
        return classes

    @property
    def note(self) -> str:
        """What a report should say of how rows were told apart."""
        return ""

    def _numbered(self, is_text: Sequence[bool] | NDArray[np.bool_], first: int) -> Ints:
        """Class ``first`` and on for the rows with a word."""
        marks = np.array(is_text, dtype=np.bool_)
        return np.where(marks, first + np.cumsum(marks) - 1, -1).astype(np.int64)


class FoundPairs:
    """An index over pairs of an own class (left) and a held one (right) that were found ahead."""

    def __init__(self, pairs: Pairs, count: int) -> None:
        order = np.argsort(pairs.left, kind="stable")
        self._pairs = Pairs(pairs.left[order], pairs.right[order], pairs.similarity[order])
        self.possible: NDArray[np.bool_] = np.zeros(count, dtype=np.bool_)
        self.possible[pairs.left] = True
        self.possible[pairs.right] = True

    def insert(self, classes: Ints) -> None:
        """The held classes are known."""

    def similar(self, classes: Ints, among: bool) -> Pairs:  # noqa: ARG002
        pairs = self._pairs
        first = np.searchsorted(pairs.left, classes, side="left")
        chosen = ranges(first, np.searchsorted(pairs.left, classes, side="right") - first)
        return Pairs(pairs.left[chosen], pairs.right[chosen], pairs.similarity[chosen])
