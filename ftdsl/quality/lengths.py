"""How long a text is: in characters, words and lines."""

from __future__ import annotations

import re

import numpy as np

from ftdsl.quality.texts import as_texts

_WORD = re.compile(r"\w+")
_WORD_BYTES = bytes(bool(_WORD.match(chr(c))) if c < 128 else 0 for c in range(256))


def length(column: list[str]) -> list[int]:
    """Unicode characters (code points) of each text."""
    return [len(one) for one in column]


def words(column: list[str]) -> list[int]:
    """Matches of ``\\w+`` in each text. ASCII texts are counted all at once: a word starts where a
    word byte follows another one."""
    texts = as_texts(column)
    if texts.ascii:
        return _ascii_words(texts.utf8, texts.joined)
    utf8 = [
        data if len(data) == len(one) else b"" for one, data in zip(texts, texts.utf8, strict=True)
    ]
    counts = _ascii_words(utf8, b"\n".join(utf8))
    for index, data in enumerate(utf8):
        if not data:
            counts[index] = len(_WORD.findall(texts[index]))
    return counts


def _ascii_words(utf8: list[bytes], joined: bytes) -> list[int]:
    marks = np.frombuffer((b" " + joined).translate(_WORD_BYTES), np.uint8)
    starts = np.flatnonzero(marks[1:] > marks[:-1])
    ends = np.cumsum([len(one) + 1 for one in utf8])
    counts: list[int] = np.diff(np.searchsorted(starts, ends), prepend=0).tolist()
    return counts


def lines(column: list[str]) -> list[int]:
    """Lines of each text: line feeds, and a last line without one."""
    return [one.count("\n") + (one[-1:] not in ("", "\n")) for one in column]


FUNCTIONS = {"length": length, "words": words, "lines": lines}
