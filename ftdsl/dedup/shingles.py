"""Shingles: the runs of words by which two texts are compared, as stable 64-bit hashes.

A text is put in Unicode form NFKC and casefolded; its words are the matches of ``\\w+``. Its
shingles are all runs of ``width`` words (five unless the spec says otherwise); of three words where
it has fewer than ``width``; the whole text where it has fewer than three. A text with no word has
no shingle. The hashes are functions of the words alone: they do not depend on the machine, the
Python hash seed or the other texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ftdsl.dedup import kernel
from ftdsl.dedup.ragged import Ints, Ragged
from ftdsl.dedup.sets import SetStore
from ftdsl.dedup.twin_shingles import FALLBACK_WIDTH

_WORD = re.compile(r"\w+")


def normalise(text: str) -> str:
    """NFKC, then casefold."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> list[str]:
    """The words of a text, normalised."""
    return _WORD.findall(normalise(text))


def run_length(word_count: int, width: int) -> int:
    """How many words a shingle has in a text of ``word_count`` words; 0 means no shingle."""
    if word_count >= width:
        return width
    return FALLBACK_WIDTH if word_count >= FALLBACK_WIDTH else word_count


def shingle_words(text: str, width: int = 5) -> set[tuple[str, ...]]:
    """The shingles of a text as tuples of words: what ``shingle_sets`` hashes, for people."""
    found = words(text)
    length = run_length(len(found), width)
    if length == 0:
        return set()
    return {tuple(found[i : i + length]) for i in range(len(found) - length + 1)}


def _given(text: str) -> str | bytes:
    """A text as the kernel takes it: what lies beyond ASCII is normalised here."""
    return text if text.isascii() else normalise(text).encode("utf-8", "surrogatepass")


def shingle_sets(texts: Sequence[str], width: int = 5) -> Ragged:
    """The distinct shingle hashes of each text, sorted: one row of uint64 a text."""
    return kernel.shingle(tuple(map(_given, texts)), width)[0]


class ShingleTable:
    """The different shingle sets of many texts, each kept once.

    Texts are added block by block and forgotten; equal sets (a copy, or the same words with other
    punctuation) become one class. ``add`` gives the class of each text, -1 for one with no word.
    """

    def __init__(self, width: int = 5, folder: Path | None = None) -> None:
        self.width = width
        self.sets = SetStore(folder)
        self._class_of: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._class_of)

    def keys(self) -> list[bytes]:
        """For each class the 16 bytes by which an equal set is known."""
        return list(self._class_of)

    def add(self, texts: Sequence[str]) -> tuple[Ints, Ragged]:
        """The classes of these texts, and the sets of the classes that are new."""
        sets, keys = kernel.shingle(tuple(map(_given, texts)), self.width)
        classes: list[int] = []
        fresh: list[int] = []
        known = self._class_of
        for index, (key, count) in enumerate(zip(keys, sets.counts.tolist(), strict=True)):
            if not count:
                classes.append(-1)
                continue
            if key not in known:
                known[key] = len(known)
                fresh.append(index)
            classes.append(known[key])
        new = sets if len(fresh) == len(sets) else sets.take(np.array(fresh, dtype=np.int64))
        self.sets.append(new)
        return np.array(classes, dtype=np.int64), new
