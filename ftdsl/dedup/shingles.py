"""Shingles: the runs of words by which two texts are compared, as stable 64-bit hashes.

A text is put in Unicode form NFKC and casefolded; its words are the matches of ``\\w+``. Its
shingles are all runs of ``width`` words (five unless the spec says otherwise); of three words where
it has fewer than ``width``; the whole text where it has fewer than three. A text with no word has
no shingle. The hashes are functions of the words alone: they do not depend on the machine, the
Python hash seed or the other texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ftdsl.dedup import kernel
from ftdsl.dedup.ragged import Ragged
from ftdsl.dedup.twin_shingles import FALLBACK_WIDTH
from ftdsl.dedup.unicode_tables import normalise

__all__ = ["normalise", "run_length", "shingle_sets", "shingle_words", "words"]

_WORD = re.compile(r"\w+")


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


def shingle_sets(texts: Sequence[str], width: int = 5) -> Ragged:
    """The distinct shingle hashes of each text, sorted: one row of uint64 a text."""
    return kernel.shingle(tuple(texts), width)[0]
