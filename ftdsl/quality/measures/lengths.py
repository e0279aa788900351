"""How long a text is: in characters, words and lines."""

from __future__ import annotations

import re
import sys
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ftdsl.quality.texts import as_texts

_WORD = re.compile(r"\w+")
_WORD_BYTES = bytes(bool(_WORD.match(chr(c))) if c < 128 else 0 for c in range(256))

_PAGE = 1 << 14


def length(column: list[str]) -> list[int]:
    """Unicode characters (code points) of each text."""
    return [len(one) for one in column]


def words(column: list[str]) -> list[int]:
    """Matches of ``\\w+`` in each text. ASCII texts are counted all at once: a word starts where a
    word byte follows another one."""
    texts = as_texts(column)
    if texts.ascii:
        return _ascii_words(texts.utf8, texts.joined)
    pairs = zip(texts, texts.utf8, strict=True)
    utf8 = [data if len(data) == len(one) else b"" for one, data in pairs]
    counts = _ascii_words(utf8, b"\n".join(utf8))
    wide = [index for index, data in enumerate(utf8) if not data and texts[index]]
    for index, count in zip(wide, _wide_words([texts[i] for i in wide]), strict=True):
        counts[index] = count
    return counts


@cache
def _word_characters() -> NDArray[np.uint8]:
    """For each code point, 1 where it is a word character: 1 MiB, made when first needed."""
    table = np.zeros(sys.maxunicode + 1, np.uint8)
    for first in range(0, len(table), _PAGE):
        page = "".join(map(chr, range(first, min(first + _PAGE, len(table)))))
        for found in _WORD.finditer(page):
            table[first + found.start() : first + found.end()] = 1
    return table


def _wide_words(texts: list[str]) -> list[int]:
    codes = np.frombuffer("\n".join(["", *texts]).encode("utf-32-le"), np.uint32)
    return _starts(_word_characters()[codes], [len(one) + 1 for one in texts])


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
