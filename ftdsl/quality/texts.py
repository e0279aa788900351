"""A column of texts that keeps its UTF-8 form, which several measures of one block share."""

from __future__ import annotations

from collections.abc import Iterable


class Texts(list[str]):
    """Texts of consecutive rows. ``utf8`` and ``joined`` are made once, when first asked for."""

    _utf8: list[bytes] | None = None
    _joined: bytes | None = None

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
    def ascii(self) -> bool:
        """Whether every text is ASCII alone."""
        return self.joined.isascii()


def as_texts(column: Iterable[str]) -> Texts:
    """``column`` itself where it is a text column, else one made of it."""
    return column if isinstance(column, Texts) else Texts(column)
