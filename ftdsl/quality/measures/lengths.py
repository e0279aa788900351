"""How long a text is: in characters, words and lines."""

from __future__ import annotations

import re
import sys
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ftdsl.data.rows import compiled
from ftdsl.quality.texts import PackedTexts, as_texts

_WORD = re.compile(r"\w+")
_WORD_BYTES = bytes(bool(_WORD.match(chr(c))) if c < 128 else 0 for c in range(256))

_PAGE = 1 << 12
_COMMON = 1 << 14
"""Code points that texts in alphabets are made of; ideographs lie beyond."""


def length(column: list[str]) -> list[int]:
    """Unicode characters (code points) of each text."""
    return as_texts(column).characters


def words(column: list[str]) -> list[int]:
    """Matches of ``\\w+`` in each text. ASCII texts are counted all at once: a word starts where a
    word byte follows another one."""
    texts = as_texts(column)
    if isinstance(texts, PackedTexts) and compiled is not None:
        found = compiled.words(texts.joined, texts.ends, _common_words())
        counts: list[int] = np.frombuffer(found, np.int32).tolist()
        wide = [index for index, count in enumerate(counts) if count < 0] if -1 in counts else []
    elif texts.ascii:
        return _ascii_words(texts.utf8, texts.joined)
    else:
        pairs = zip(texts.characters, texts.utf8, strict=True)
        utf8 = [data if len(data) == size else b"" for size, data in pairs]
        counts = _ascii_words(utf8, b"\n".join(utf8))
        wide = [index for index, data in enumerate(utf8) if not data and texts[index]]
    for index, count in zip(wide, _wide_words([texts[i] for i in wide]), strict=True):
        counts[index] = count
    return counts


class _WordCharacters:
    """For each code point, 1 where it is a word character; a page is made when first needed."""

    def __init__(self) -> None:
        self._table = np.zeros(sys.maxunicode + 1, np.uint8)
        self._made: set[int] = set()

    def of(self, codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """The marks of these characters."""
        pages = np.flatnonzero(np.bincount(codes // _PAGE))
        for page in pages.tolist():
            self._make(page)
        marks: NDArray[np.uint8] = self._table[codes]
        return marks

    def common(self) -> bytes:
        """The marks of the first ``_COMMON`` code points."""
        for page in range(_COMMON // _PAGE):
            self._make(page)
        return self._table[:_COMMON].tobytes()

    def _make(self, page: int) -> None:
        if page in self._made:
            return
        self._made.add(page)
        first = page * _PAGE
        text = "".join(map(chr, range(first, first + _PAGE)))
        for found in _WORD.finditer(text):
            self._table[first + found.start() : first + found.end()] = 1


@cache
def _word_characters() -> _WordCharacters:
    return _WordCharacters()


@cache
def _common_words() -> bytes:
    return _word_characters().common()


def _wide_words(texts: list[str]) -> list[int]:
    if not texts:
        return []
    codes = np.frombuffer("\n".join(["", *texts]).encode("utf-32-le"), np.uint32)
    return _starts(_word_characters().of(codes), [len(one) + 1 for one in texts])


def _ascii_words(utf8: list[bytes], joined: bytes) -> list[int]:
    marks = np.frombuffer((b" " + joined).translate(_WORD_BYTES), np.uint8)
    return _starts(marks, [len(one) + 1 for one in utf8])


def _starts(marks: NDArray[np.uint8], lengths: list[int]) -> list[int]:
    """Places where a word starts, counted for each of the texts that follow one another."""
    starts = np.flatnonzero(marks[1:] > marks[:-1])
    counts: list[int] = np.diff(np.searchsorted(starts, np.cumsum(lengths)), prepend=0).tolist()
    return counts


def lines(column: list[str]) -> list[int]:
    """Lines of each text: line feeds, and a last line without one."""
    return [one.count("\n") + (one[-1:] not in ("", "\n")) for one in column]


FUNCTIONS = {"length": length, "words": words, "lines": lines}
