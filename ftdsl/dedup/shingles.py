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
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.ragged import Ints, Ragged, concatenate, offsets_of
from ftdsl.dedup.sets import SetStore

Hashes = NDArray[np.uint64]

FALLBACK_WIDTH = 3
_WORD = re.compile(r"\w+")
_LANE = 8

# Bytes that belong to a word. Bytes over 0x7F occur only in texts already cut into words.
_WORD_BYTE = np.zeros(256, dtype=np.bool_)
_WORD_BYTE[list(b"abcdefghijklmnopqrstuvwxyz0123456789_")] = True
_WORD_BYTE[0x80:] = True

_LOW_BYTES = np.array([(1 << (8 * n)) - 1 for n in range(_LANE + 1)], dtype=np.uint64)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
# Odd multipliers that tell the places of a run apart.
_PLACE = 0xD1342543DE82EF95


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


def mix(values: Hashes) -> Hashes:
    """The 64-bit finaliser of MurmurHash3: a bijection whose every bit depends on all bits."""
    values = values ^ (values >> np.uint64(33))
    values *= np.uint64(0xFF51AFD7ED558CCD)
    values ^= values >> np.uint64(33)
    values *= np.uint64(0xC4CEB9FE1A85EC53)
    values ^= values >> np.uint64(33)
    return values


def _word_bytes(text: str) -> bytes:
    """Bytes whose runs of word bytes are the words of ``text`` in UTF-8."""
    if text.isascii():
        return text.lower().encode("ascii")
    return " ".join(words(text)).encode("utf-8")


def _word_hashes(texts: Sequence[str]) -> Ragged:
    """One hash for each word of each text."""
    parts = [_word_bytes(text) for text in texts]
    # A line break before every text and eight zeros at the end: every word ends, every lane exists.
    data = np.frombuffer(b"\n" + b"\n".join(parts) + b"\n" + b"\0" * _LANE, dtype=np.uint8)
    inside = _WORD_BYTE[data]
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, ends = edges[0::2], edges[1::2]
    lengths = np.fromiter((len(part) + 1 for part in parts), dtype=np.int64, count=len(parts))
    offsets = np.searchsorted(starts, offsets_of(lengths) + 1).astype(np.int64)
    return Ragged(_hash_spans(data, starts, ends - starts), offsets)


def _hash_spans(data: NDArray[np.uint8], starts: Ints, lengths: Ints) -> Hashes:
    """Hash ``data[start:start + length]`` for every pair, eight bytes at a time."""
    lanes: NDArray[np.uint64] = np.ndarray(
        shape=(len(data) - _LANE + 1,), dtype="<u8", buffer=data, strides=(1,)
    )
    first = lanes[starts] & _LOW_BYTES[np.minimum(lengths, _LANE)]
    hashes = mix(first ^ (lengths.astype(np.uint64) * _GOLDEN))
    longer = np.flatnonzero(lengths > _LANE)
    done = _LANE
    while len(longer):
        left = np.minimum(lengths[longer] - done, _LANE)
        lane = lanes[starts[longer] + done] & _LOW_BYTES[left]
        hashes[longer] = mix(hashes[longer] * _GOLDEN ^ lane)
        done += _LANE
        longer = longer[lengths[longer] > done]
    return hashes


def _place(index: int) -> np.uint64:
    return np.uint64((_PLACE * (2 * index + 1)) & 0xFFFFFFFFFFFFFFFF)


def _finish(sums: Hashes, length: int) -> Hashes:
    # The length is part of the hash: runs of three never equal runs of five.
    return mix(sums ^ np.uint64((length * int(_GOLDEN)) & 0xFFFFFFFFFFFFFFFF))


def _all_runs(hashes: Hashes, length: int) -> Hashes:
    """The hash of the run that starts at each word (those that cross texts are cut later)."""
    count = max(len(hashes) - length + 1, 0)
    sums = np.zeros(count, dtype=np.uint64)
    for index in range(length):
        sums += hashes[index : index + count] * _place(index)
    return _finish(sums, length)


def _runs_of(hashes: Ragged, rows: Ints, length: int) -> Ragged:
    """The runs of ``length`` words of ``rows``, each of which has at least that many."""
    counts = hashes.counts[rows] - length + 1
    offsets = offsets_of(counts)
    starts = np.repeat(hashes.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
    sums = np.zeros(len(starts), dtype=np.uint64)
    for index in range(length):
        sums += hashes.values[starts + index] * _place(index)
    return Ragged(_finish(sums, length), offsets)


def _long_runs(hashes: Ragged, width: int) -> Ragged:
    """The runs of ``width`` words of every row; none for a row with fewer words."""
    runs = _all_runs(hashes.values, width)
    counts = np.maximum(hashes.counts - width + 1, 0)
    offsets = offsets_of(counts)
    if len(runs) == offsets[-1]:
        return Ragged(runs, offsets)
    starts = np.repeat(hashes.offsets[:-1] - offsets[:-1], counts) + np.arange(offsets[-1])
    return Ragged(runs[starts], offsets)


def _distinct(runs: Ragged) -> Ragged:
    """Every row sorted, each value once."""
    runs.sort_rows()
    keep = np.ones(len(runs.values), dtype=np.bool_)
    keep[1:] = runs.values[1:] != runs.values[:-1]
    firsts = runs.offsets[:-1]
    keep[firsts[firsts < len(keep)]] = True
    return runs.where(keep)


def shingle_sets(texts: Sequence[str], width: int = 5) -> Ragged:
    """The distinct shingle hashes of each text, sorted: one row of uint64 a text."""
    hashes = _word_hashes(texts)
    runs = _long_runs(hashes, width)
    counts = hashes.counts
    short = np.flatnonzero((counts < width) & (counts > 0))
    if len(short) == 0:
        return _distinct(runs)
    lengths = np.where(counts[short] >= FALLBACK_WIDTH, FALLBACK_WIDTH, counts[short])
    parts, rows = [runs], [np.arange(len(runs), dtype=np.int64)]
    for length in np.unique(lengths).tolist():
        rows.append(short[lengths == length])
        parts.append(_runs_of(hashes, rows[-1], length))
    return _distinct(_merge(parts, rows, len(texts)))


def _merge(parts: Sequence[Ragged], rows: Sequence[Ints], total: int) -> Ragged:
    """One ragged array out of parts, ``rows`` saying which row each part's rows are."""
    together = concatenate(parts, np.uint64)
    numbers = np.concatenate(rows)
    # A short row has no long runs: its empty long row is left out, its short one takes the place.
    owner = np.full(total, -1, dtype=np.int64)
    filled = np.flatnonzero(together.counts > 0)
    owner[numbers[filled]] = filled
    owner[owner < 0] = numbers[: len(parts[0])][owner < 0]
    return together.take(owner)


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

    def add(self, texts: Sequence[str]) -> tuple[Ints, Ragged]:
        """The classes of these texts, and the sets of the classes that are new."""
        sets = shingle_sets(texts, self.width)
        classes = np.empty(len(texts), dtype=np.int64)
        fresh: list[int] = []
        data, bounds = memoryview(sets.values.tobytes()), (sets.offsets * 8).tolist()
        for index, (start, end) in enumerate(pairwise(bounds)):
            classes[index] = self._class(data[start:end], index, fresh)
        new = sets.take(np.array(fresh, dtype=np.int64))
        self.sets.append(new)
        return classes, new

    def _class(self, body: memoryview, index: int, fresh: list[int]) -> int:
        if not body:
            return -1
        digest = blake2b(body, digest_size=16).digest()
        known = self._class_of.get(digest)
        if known is None:
            known = self._class_of[digest] = len(self._class_of)
            fresh.append(index)
        return known
