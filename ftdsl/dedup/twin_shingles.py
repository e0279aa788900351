"""Words and shingles of texts over NumPy arrays of bytes: the twin of the kernel's first loop."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.mixing import GOLDEN, Hashes, mix, place
from ftdsl.dedup.ragged import Ints, Ragged, concatenate, offsets_of
from ftdsl.dedup.unicode_tables import (
    APART,
    FOLD_POINTS,
    WORD_POINTS,
    folds,
    normal_bytes,
    words,
)

FALLBACK_WIDTH = 3
_LANE = 8

Bytes = NDArray[np.uint8]

# ASCII bytes that belong to a word.
_WORD_BYTE = np.zeros(256, dtype=np.bool_)
_WORD_BYTE[list(b"abcdefghijklmnopqrstuvwxyz0123456789_")] = True
_LOW_BYTES = np.array([(1 << (8 * n)) - 1 for n in range(_LANE + 1)], dtype=np.uint64)


def shingle(
    texts: tuple[str | bytes, ...],
    width: int,
    words: object,  # noqa: ARG001 (these tables are the kernel's)
    folds: object,  # noqa: ARG001
    folded: object,  # noqa: ARG001
) -> tuple[bytes, bytes, bytes]:
    """The distinct shingle hashes of each text, sorted; how many; two sums over them."""
    sets = _shingle_sets(texts, width)
    sums = np.zeros((len(texts), 2), dtype=np.uint64)
    filled = np.flatnonzero(sets.counts)
    if len(filled):
        starts = sets.offsets[filled]
        sums[filled, 0] = np.add.reduceat(sets.values, starts)
        sums[filled, 1] = np.add.reduceat(mix(sets.values), starts)
    return sets.values.tobytes(), sets.counts.tobytes(), sums.tobytes()


def _raw(text: str | bytes) -> bytes:
    """The text in UTF-8, its ASCII letters in lower case: normalised unless it has a code point
    that normalising changes."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass").lower()


def _joined(parts: Sequence[bytes]) -> Bytes:
    # A line break before every text and eight zeros at the end: every word ends, every lane exists.
    return np.frombuffer(b"\n" + b"\n".join(parts) + b"\n" + b"\0" * _LANE, dtype=np.uint8)


def _word_hashes(texts: Sequence[str | bytes]) -> Ragged:
    """One hash for each word of each text."""
    parts = [_raw(text) for text in texts]
    data, starts = _joined(parts), _starts(parts)
    leads, points, sizes = _points(data)
    for number in _changed(texts, starts, leads, points):
        text = texts[number]
        assert isinstance(text, str)
        parts[number] = normal_bytes(text)
    if len(leads):
        data, starts = _joined(parts), _starts(parts)
        leads, points, sizes = _points(data)
    inside = _WORD_BYTE[data]
    _mark_beyond(inside, leads, points, sizes)
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    begins, ends = edges[0::2], edges[1::2]
    offsets = np.searchsorted(begins, starts).astype(np.int64)
    return Ragged(_hash_spans(data, begins, ends - begins), offsets)


def _starts(parts: Sequence[bytes]) -> Ints:
    """Where each text begins in all of them joined, and where the last one ends."""
    return offsets_of(np.fromiter((len(part) + 1 for part in parts), np.int64, len(parts))) + 1


def _points(data: Bytes) -> tuple[Ints, Ints, Ints]:
    """The code points beyond ASCII: where each begins, which it is, and of how many bytes."""
    leads = np.flatnonzero(data >= 0xC2)
    lead = data[leads].astype(np.int64)
    sizes = 2 + (lead >= 0xE0) + (lead >= 0xF0)
    points = lead & (0x7F >> sizes)
    for step in range(1, 4):
        longer = sizes > step
        points[longer] = points[longer] << 6 | (data[leads[longer] + step] & 0x3F)
    return leads, points, sizes


def _changed(texts: Sequence[str | bytes], starts: Ints, leads: Ints, points: Ints) -> list[int]:
    """The texts that normalising may change beyond the case of ASCII letters."""
    if not len(leads):
        return []
    table = folds()[0]
    same = (points < FOLD_POINTS) & (table[np.minimum(points, FOLD_POINTS - 1)] <= APART)
    which = np.unique(np.searchsorted(starts, leads[~same], side="right") - 1)
    return [number for number in which.tolist() if isinstance(texts[number], str)]


@cache
def _word_points() -> NDArray[np.bool_]:
    return np.unpackbits(np.frombuffer(words(), np.uint8), bitorder="little").astype(np.bool_)


def _mark_beyond(inside: NDArray[np.bool_], leads: Ints, points: Ints, sizes: Ints) -> None:
    """Mark the bytes of code points beyond ASCII that are part of a word."""
    if not len(leads):
        return
    is_word = (points < WORD_POINTS) & _word_points()[np.minimum(points, WORD_POINTS - 1)]
    for step in range(4):
        chosen = is_word & (sizes > step)
        inside[leads[chosen] + step] = True


def _hash_spans(data: NDArray[np.uint8], starts: Ints, lengths: Ints) -> Hashes:
    """Hash ``data[start:start + length]`` for every pair, eight bytes at a time."""
    lanes: NDArray[np.uint64] = np.ndarray(
        shape=(len(data) - _LANE + 1,), dtype="<u8", buffer=data, strides=(1,)
    )
    first = lanes[starts] & _LOW_BYTES[np.minimum(lengths, _LANE)]
    hashes = mix(first ^ (lengths.astype(np.uint64) * GOLDEN))
    longer = np.flatnonzero(lengths > _LANE)
    done = _LANE
    while len(longer):
        left = np.minimum(lengths[longer] - done, _LANE)
        lane = lanes[starts[longer] + done] & _LOW_BYTES[left]
        hashes[longer] = mix(hashes[longer] * GOLDEN ^ lane)
        done += _LANE
        longer = longer[lengths[longer] > done]
    return hashes


def _finish(sums: Hashes, length: int) -> Hashes:
    # The length is part of the hash: runs of three never equal runs of five.
    return mix(sums ^ np.uint64((length * int(GOLDEN)) & 0xFFFFFFFFFFFFFFFF))


def _all_runs(hashes: Hashes, length: int) -> Hashes:
    """The hash of the run that starts at each word (those that cross texts are cut later)."""
    count = max(len(hashes) - length + 1, 0)
    sums = np.zeros(count, dtype=np.uint64)
    for index in range(length):
        sums += hashes[index : index + count] * place(index)
    return _finish(sums, length)


def _runs_of(hashes: Ragged, rows: Ints, length: int) -> Ragged:
    """The runs of ``length`` words of ``rows``, each of which has at least that many."""
    counts = hashes.counts[rows] - length + 1
    offsets = offsets_of(counts)
    starts = np.repeat(hashes.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
    sums = np.zeros(len(starts), dtype=np.uint64)
    for index in range(length):
        sums += hashes.values[starts + index] * place(index)
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


def _shingle_sets(texts: Sequence[str | bytes], width: int) -> Ragged:
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
