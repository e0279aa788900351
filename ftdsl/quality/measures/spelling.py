"""Misspelt English words: those of codespell's list of 64,000 common misspellings.

Counted is every occurrence of a listed word, in any case. A word is a run of ASCII letters with
apostrophes inside; one that touches a digit, an underscore or another script is not a word. The
list holds slips that people make (``recieve``, ``teh``), not every word that is no English word:
names and other languages are left alone, and so is a slip that nobody has listed. Code (between
backticks or fences), addresses of pages and mailboxes, and words that are allowed are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftdsl.quality.measures.patterns import pattern
from ftdsl.quality.texts import AnyTexts, Texts, as_texts

_BITS = 23
_FIRST, _LAST = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(64 - _BITS)
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(8)] + [2**64 - 1], dtype=np.uint64)
_PAD = b" " * 8
_MOST_SHOWN = 8
_SHORT_NAME = 4
_SENTENCE_ENDS = (b".", b"!", b"?", b":", b"\n")


def _class_of(code: int) -> int:
    character = chr(code)
    if code < 128 and character.isalpha():
        return ord(character.lower())
    if character == "'":
        return code
    return 1 if code >= 128 or character.isdigit() or character == "_" else 32


_CLASSES = bytes(_class_of(code) for code in range(256))


def _dictionary() -> bytes:
    """codespell's list, a line for each word: ``recieve->receive``."""
    package = find_spec("codespell_lib")
    if package is None or package.origin is None:
        return b""
    return (Path(package.origin).parent / "data" / "dictionary.txt").read_bytes()


@cache
def misspellings() -> frozenset[bytes]:
    """The listed misspellings that are runs of lower-case letters and apostrophes."""
    listed = (line.partition(b"->")[0] for line in _dictionary().split(b"\n"))
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


def _hits(texts: AnyTexts) -> list[tuple[int, int, int]]:
    """(text, start and end in all texts joined) of every listed word, in order."""
    data = (_PAD + texts.joined + _PAD).translate(_CLASSES)
    if b"'" in data:
        data = data.replace(b" '", b"  ").replace(b"' ", b"  ")
    starts, lengths = _words(data)
    if not len(starts):
        return []
    hits = np.flatnonzero(_suspects()[_hashes(data, starts, lengths)])
    if not len(hits):
        return []
    listed = misspellings()
    first = starts[hits]
    rows = texts.rows_at(first - len(_PAD))
    return [
        (row, start - len(_PAD), start - len(_PAD) + size)
        for row, start, size in zip(rows, first.tolist(), lengths[hits].tolist(), strict=True)
        if data[start : start + size] in listed
    ]


_NO_PROSE = (
    r"(?s:```.*?(?:```|\z))|(?s:~~~.*?(?:~~~|\z))|`[^`\n]{1,200}`"
    r"|(?:https?://|www\.)[^\s<>\"]+|[\w.+-]+@[\w-]+\.[\w.]+"
)


def _found(texts: AnyTexts, allow: str | list[str]) -> Iterator[tuple[int, str]]:
    """(text, word as written) of every misspelling that counts."""
    allowed = {one.lower() for one in ([allow] if isinstance(allow, str) else allow)}
    prose = pattern(_NO_PROSE)
    apart: dict[int, list[tuple[int, int]]] = {}
    ends = texts.ends
    for row, start, end in _hits(texts):
        word = texts.joined[start:end].decode()
        if word.lower() in allowed or _is_name(word, texts.joined[max(start - 8, 0) : start]):
            continue
        if word.endswith("in") and texts.joined[end : end + 1] == b"'":
            continue  # as spoken: cruisin'
        if row not in apart:
            apart[row] = prose.spans(texts.data(row))
        at = start - (int(ends[row - 1]) if row else 0)
        if not any(a <= at < b for a, b in apart[row]):
            yield row, word


def _is_name(word: str, before: bytes) -> bool:
    """Whether a listed word is a name by its capital: inside a sentence, or a short word anywhere
    (``Ned``, ``UE``)."""
    if len(word) <= _SHORT_NAME:
        return word[0].isupper()
    starts_sentence = before.rstrip(b" \"'(*#-_\xe2\x80\x9c\x98")[-1:] in (b"", *_SENTENCE_ENDS)
    return word[0].isupper() and word[1:].islower() and not starts_sentence


def misspelled(column: list[str], allow: str | list[str] = "") -> list[int]:
    """Listed misspellings in each text, those of ``allow`` aside."""
    texts = as_texts(column)
    counts = [0] * len(texts)
    for row, _ in _found(texts, allow):
        counts[row] += 1
    return counts


@cache
def _corrections() -> dict[str, str]:
    lines = (line.partition("->") for line in _dictionary().decode().split("\n"))
    return {word: told.strip().rstrip(",").split(",")[0].strip() for word, _, told in lines if word}


def _corrected(text: str, allow: str | list[str] = "") -> str:
    words = dict.fromkeys(word for _, word in _found(Texts([text]), allow))
    told = [f"{word} → {_corrections()[word.lower()]}" for word in words]
    return ", ".join(told[:_MOST_SHOWN]) + (" …" if len(told) > _MOST_SHOWN else "")


FUNCTIONS: dict[str, Any] = {"misspelled": misspelled}
REASONS: dict[str, Any] = {"misspelled": _corrected}
