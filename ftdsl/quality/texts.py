"""Columns of texts in their UTF-8 form, which several measures of one block share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray


class Texts(list[str]):
    """Texts of consecutive rows. ``utf8`` and ``joined`` are made once, when first asked for."""

    _utf8: list[bytes] | None = None
    _joined: bytes | None = None
    _ends: NDArray[np.int64] | None = None

    @property
    def utf8(self) -> list[bytes]:
        """Each text's bytes."""
        if self._utf8 is None:
            self._utf8 = [one.encode() for one in self]
        return self._utf8

    @property
    def joined(self) -> bytes:
        """All bytes, with a line end between two texts."""
        if self._joined is None:
            self._joined = b"\n".join(self.utf8)
        return self._joined

    @property
    def ends(self) -> NDArray[np.int64]:
        """For each text, where the next one starts in ``joined``."""
        if self._ends is None:
            self._ends = np.cumsum([len(one) + 1 for one in self.utf8], dtype=np.int64)
        return self._ends

    @property
    def characters(self) -> list[int]:
        """How many characters each text has."""
        return [len(one) for one in self]

    def data(self, index: int) -> bytes:
        """The bytes of one text."""
        return self.utf8[index]

    def rows_at(self, places: NDArray[np.int64]) -> list[int]:
        """The texts that the bytes of ``joined`` at ``places`` belong to."""
        rows: list[int] = np.searchsorted(self.ends, places, side="right").tolist()
        return rows

    @property
    def ascii(self) -> bool:
        """Whether every text is ASCII alone."""
        return self.joined.isascii()


class PackedTexts(Sequence[str]):
    """The same, of texts that are at hand as one run of bytes; each is made when asked for."""

    def __init__(self, joined: bytes, ends: NDArray[np.int64], sizes: NDArray[np.int32]) -> None:
        self.joined = joined
        self.ends = ends
        self._sizes = sizes
        self._starts = [0, *ends.tolist()]
        self._texts: Texts | None = None
        self._ascii: bool | None = None

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return self.texts[index]
        return self.texts[index] if self._texts is not None else self.data(index).decode()

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and any(self.equal(value))

    @property
    def texts(self) -> Texts:
        """One by one, made once."""
        if self._texts is None:
            if self.ascii:
                whole = self.joined.decode("ascii")
                self._texts = Texts([whole[a : b - 1] for a, b in pairwise(self._starts)])
            else:
                self._texts = Texts([one.decode() for one in self.utf8])
        return self._texts

    @property
    def utf8(self) -> list[bytes]:
        """Each text's bytes."""
        joined = self.joined
        return [joined[a : b - 1] for a, b in pairwise(self._starts)]

    @property
    def characters(self) -> list[int]:
        """How many characters each text has."""
        sizes: list[int] = self._sizes.tolist()
        return sizes

    def data(self, index: int) -> bytes:
        """The bytes of one text."""
        index = index + len(self) if index < 0 else index
        return self.joined[self._starts[index] : self._starts[index + 1] - 1]

    def rows_at(self, places: NDArray[np.int64]) -> list[int]:
        """The texts that the bytes of ``joined`` at ``places`` belong to."""
        rows: list[int] = np.searchsorted(self.ends, places, side="right").tolist()
        return rows

    @property
    def ascii(self) -> bool:
        """Whether every text is ASCII alone."""
        if self._ascii is None:
            self._ascii = self.joined.isascii()
        return self._ascii

    def equal(self, text: str) -> list[bool]:
        """Whether each is ``text``."""
        same: list[bool] = (self._sizes == len(text)).tolist()
        if text:
            data = text.encode("utf-8", "surrogatepass")
            same = [one and self.data(i) == data for i, one in enumerate(same)]
        return same


AnyTexts = Texts | PackedTexts


def as_texts(column: Iterable[str]) -> AnyTexts:
    """``column`` itself where it is a text column, else one made of it."""
    return column if isinstance(column, Texts | PackedTexts) else Texts(column)
