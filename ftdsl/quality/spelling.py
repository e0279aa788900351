"""Misspelt English words: those of codespell's list of 64,000 common misspellings.

Counted is every occurrence of a listed word, in any case. A word is a run of ASCII letters with
apostrophes inside; one that touches a digit, an underscore or another script is not a word. The
list holds slips that people make (``recieve``, ``teh``), not every word that is no English word:
names, code and other languages are left alone, and so is a slip that nobody has listed.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftdsl.quality.texts import as_texts

_BITS = 23
_FIRST, _LAST = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(64 - _BITS)
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(8)] + [2**64 - 1], dtype=np.uint64)
_PAD = b" " * 8


def _class_of(code: int) -> int:
    character = chr(code)
    if code < 128 and character.isalpha():
        return ord(character.lower())
    if character == "'":
        return code
    return 1 if code >= 128 or character.isdigit() or character == "_" else 32


_CLASSES = bytes(_class_of(code) for code in range(256))


@cache
def misspellings() -> frozenset[bytes]:
    """The listed misspellings that are runs of lower-case letters and apostrophes."""
    package = find_spec("codespell_lib")
    if package is None or package.origin is None:
        return frozenset()
    path = Path(package.origin).parent / "data" / "dictionary.txt"
    listed = (line.partition(b"->")[0] for line in path.read_bytes().split(b"\n"))
    letters = b"abcdefghijklmnopqrstuvwxyz'"
    return frozenset(word for word in listed if word and not word.translate(None, letters))


@cache
def _suspects() -> NDArray[np.bool_]:
    """For each hash of a word, whether a listed word has it: 8 MiB that sift the rest out fast."""
    table = np.zeros(1 << _BITS, np.bool_)
    data = _PAD + b" ".join(sorted(misspellings())) + _PAD
    starts, lengths = _words(data)
    table[_hashes(data, starts, lengths)] = True
    return table


def _words(data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and length of every run of bytes other than spaces."""
    full = np.frombuffer(data, np.uint8) != 32
    edges = np.flatnonzero(full[1:] != full[:-1]) + 1
    return edges[0::2], edges[1::2] - edges[0::2]


def _hashes(
    data: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """``_BITS`` bits from each word's first and last eight bytes. ``data`` is padded on both
    sides, so that eight bytes can be read anywhere."""
    eights: NDArray[np.uint64] = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
    first = eights[starts] & _MASKS[np.minimum(lengths, 8)]
    last = np.where(lengths >= 8, eights[starts + lengths - 8], first)
    mixed: NDArray[np.uint64] = ((first * _FIRST) ^ (last * _LAST)) * _FIRST >> _SHIFT
    return mixed


def misspelled(column: list[str]) -> list[int]:
    """Listed misspellings in each text."""
    texts = as_texts(column)
    counts = [0] * len(texts)
    data = (_PAD + texts.joined + _PAD).translate(_CLASSES)
    if b"'" in data:
        data = data.replace(b" '", b"  ").replace(b"' ", b"  ")
    starts, lengths = _words(data)
    if not len(starts):
        return counts
    hits = np.flatnonzero(_suspects()[_hashes(data, starts, lengths)])
    if not len(hits):
        return counts
    listed = misspellings()
    rows = texts.rows_at(starts[hits] - len(_PAD))
    for hit, row in zip(hits.tolist(), rows, strict=True):
        start = int(starts[hit])
        if data[start : start + int(lengths[hit])] in listed:
            counts[row] += 1
    return counts


FUNCTIONS: dict[str, Any] = {"misspelled": misspelled}
