"""A column of texts that keeps its UTF-8 form, which several measures of one block share."""

from __future__ import annotations

from collections.abc import Iterable

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

    def rows_at(self, places: NDArray[np.int64]) -> list[int]:
        """The texts that the bytes of ``joined`` at ``places`` belong to."""
        rows: list[int] = np.searchsorted(self.ends, places, side="right").tolist()
        return rows

    @property
    def ascii(self) -> bool:
        """Whether every text is ASCII alone."""
        return self.joined.isascii()


def as_texts(column: Iterable[str]) -> Texts:
    """``column`` itself where it is a text column, else one made of it."""
    return column if isinstance(column, Texts) else Texts(column)
