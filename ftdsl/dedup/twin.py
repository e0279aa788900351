"""The loops of ``_kernel.c`` over NumPy arrays: the same functions with the same results, bit for
bit, for a machine on which the C file was not compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.mixing import Hashes, premix
from ftdsl.dedup.ragged import Ints, Ragged, offsets_of, ranges
from ftdsl.dedup.twin_shingles import shingle

__all__ = [
    "enter", "number", "probe", "rank", "rarity", "shingle", "sift", "sign", "tally", "touched"
]  # fmt: skip

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.uint32]
Places = NDArray[np.int32]

# Of a join: ids, offsets, sizes, buckets, bucket_offsets, starts, filled, members, stamps.
State = tuple[Numbers, Ints, Ints, Numbers, Ints, Ints, Places, Places, Numbers]

NONE = 0xFFFFFFFF
# Values permuted, elements gathered and candidates compared at once.
_SIGNED = 32_768
_GATHERED = 4_000_000
_CANDIDATES = 2_000_000


def tally(values: Hashes, table: Bytes, bits: int) -> None:
    """Raise the two-bit counter of each hash, up to 2."""
    for start in range(0, len(values), _GATHERED):
        slots = np.sort(values[start : start + _GATHERED] >> np.uint64(64 - bits))
        firsts = np.flatnonzero(np.concatenate(([True], slots[1:] != slots[:-1])))
        sizes = np.minimum(np.diff(firsts, append=len(slots)), 2).astype(np.uint8)
        slots = slots[firsts]
        cells = (slots >> np.uint64(2)).astype(np.int64)
        shifts = (slots & np.uint64(3)).astype(np.uint8) * np.uint8(2)
        seen = (table[cells] >> shifts) & np.uint8(3)
        more = (np.minimum(seen + sizes, np.uint8(2)) - seen) << shifts
        # Up to four counters lie in one cell.
        firsts = np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1])))
        table[cells[firsts]] += np.add.reduceat(more, firsts, dtype=np.uint8)


def sift(
    values: Hashes, offsets: Ints, needed: Ints, table: Bytes, bits: int
) -> tuple[bytes, bytes]:
    """Of each set the hashes whose counter is 2; none where fewer than ``needed`` are left."""
    slots = values >> np.uint64(64 - bits)
    cells = table[(slots >> np.uint64(2)).astype(np.int64)]
    counters = (cells >> ((slots & np.uint64(3)) * np.uint64(2)).astype(np.uint8)) & np.uint8(3)
    left = Ragged(values, offsets).where(counters >= 2)
    left = left.where(np.repeat(left.counts >= needed, left.counts))
    return left.values.tobytes(), left.counts.tobytes()


def touched(
    values: Hashes, offsets: Ints, needed: Ints, sums: Hashes, table: NDArray[np.uint8], bits: int
) -> bytes:
    """For each set 1 where at least ``needed`` of its hashes have a counter above 0, 2 where the
    first of its ``sums`` is not that of its hashes."""
    sets = Ragged(values, offsets)
    slots = values >> np.uint64(64 - bits)
    cells = table[(slots >> np.uint64(2)).astype(np.int64)]
    counters = (cells >> ((slots & np.uint64(3)) * np.uint64(2)).astype(np.uint8)) & np.uint8(3)
    states = (sets.where(counters > 0).counts >= needed).astype(np.uint8)
    if len(sums):
        so_far = np.zeros(len(values) + 1, dtype=np.uint64)
        np.cumsum(values, out=so_far[1:])
        states[np.diff(so_far[offsets]) != sums.reshape(-1, 2)[:, 0]] = 2
    return states.tobytes()


def number(
    values: Hashes,
    ids: Numbers,
    keys: Hashes,
    slots: Numbers,
    frequency: Numbers,
    first: int,
    used: int,
    shard: int,
    shards: int,
) -> int:
    """Give the hashes of one shard numbers from ``first`` on, in order of their first place. Here
    ``keys`` holds the known hashes sorted, and ``slots`` their numbers. -1 when there is no more
    room."""
    mine = ((values >> np.uint64(32)) * np.uint64(shards)) >> np.uint64(32)
    places = np.flatnonzero(mine == shard)
    some, firsts, which, sizes = np.unique(
        values[places], return_index=True, return_inverse=True, return_counts=True
    )
    at = np.minimum(np.searchsorted(keys[:used], some), max(used - 1, 0))
    known = keys[at] == some if used else np.zeros(len(some), dtype=np.bool_)
    numbers = np.empty(len(some), dtype=np.uint32)
    numbers[known] = slots[at[known]]
    fresh = np.flatnonzero(~known)
    if used + len(fresh) > len(frequency):
        return -1
    numbers[fresh[np.argsort(firsts[fresh])]] = np.arange(used, used + len(fresh), dtype=np.uint32)
    frequency[used : used + len(fresh)] = 0
    frequency[numbers] += sizes.astype(np.uint32)
    ids[places] = numbers[which] + np.uint32(first)
    total = used + len(fresh)
    all_keys = np.concatenate((keys[:used], some[fresh]))
    order = np.argsort(all_keys, kind="stable")
    slots[:total] = np.concatenate((slots[:used], numbers[fresh]))[order]
    keys[:total] = all_keys[order]
    return total


def rarity(frequency: Numbers, ranks: Numbers) -> int:
    """The place of each number in order of frequency, then of number; NONE below 2."""
    held = np.flatnonzero(frequency >= 2)
    ranks[:] = NONE
    order = held[np.argsort(frequency[held], kind="stable")]
    ranks[order] = np.arange(len(order), dtype=np.uint32)
    return len(order)


def rank(ids: Numbers, offsets: Ints, needed: Ints, ranks: Numbers, counts: Ints) -> int:
    """Ranks for numbers, the sets with fewer than ``needed`` emptied, each set sorted."""
    if not len(ranks):
        counts[:] = 0
        return 0
    strangers = ids >= len(ranks)
    found = ranks[np.where(strangers, 0, ids)]
    found[strangers] = NONE
    left = Ragged(found, offsets).where(found != NONE)
    left = left.where(np.repeat(left.counts >= needed, left.counts))
    left.sort_rows()
    ids[: len(left.values)] = left.values
    counts[:] = left.counts
    return len(left.values)


def sign(
    values: Hashes, offsets: Ints, multipliers: Numbers, addends: Numbers, marks: Numbers
) -> None:
    """MinHash signatures of sets of hashes: one row of ``marks`` a set."""
    sets = Ragged(values, offsets)
    by_permutation = np.empty((len(multipliers), len(sets)), dtype=np.uint32)
    for start, end in sets.chunks(_SIGNED):
        first, last = int(offsets[start]), int(offsets[end])
        mixed = premix(values[first:last].astype(np.uint32))
        permuted = np.empty_like(mixed)
        filled = np.flatnonzero(sets.counts[start:end])
        starts = offsets[start:end][filled] - first
        for index in range(len(multipliers)):
            np.multiply(mixed, multipliers[index], out=permuted)
            permuted += addends[index]
            by_permutation[index, start:end] = NONE
            if len(filled):
                by_permutation[index, start + filled] = np.minimum.reduceat(permuted, starts)
    marks.reshape(len(sets), len(multipliers))[:] = by_permutation.T


def enter(classes: Ints, state: State) -> None:
    """Enter these sets into their buckets."""
    _, _, _, buckets, bucket_offsets, starts, filled, members, _ = state
    entries = Ragged(buckets, bucket_offsets)
    owners = np.repeat(classes, entries.counts[classes])
    held = buckets[entries.positions(classes)].astype(np.int64)
    order = np.argsort(held, kind="stable")
    held, owners = held[order], owners[order]
    used, firsts, counts = np.unique(held, return_index=True, return_counts=True)
    within = np.arange(len(held)) - np.repeat(firsts, counts)
    members[starts[held] + filled[held] + within] = owners
    filled[used] += counts.astype(np.int32)


def probe(
    classes: Ints,
    state: State,
    stamp: int,  # noqa: ARG001 (the kernel's)
    similarity: float,
    among: bool,
) -> tuple[bytes, bytes, bytes]:
    """Pairs of one of these sets and an entered one (or an earlier of these) that are alike."""
    ids, offsets, sizes, buckets, bucket_offsets, starts, filled, members, _ = state
    entries, total = Ragged(buckets, bucket_offsets), len(sizes)
    sets = Ragged(ids, offsets)
    found: list[tuple[Any, Any, Any]] = []
    owners = np.repeat(np.arange(len(classes)), entries.counts[classes])
    held = buckets[entries.positions(classes)].astype(np.int64)
    loads = filled[held].astype(np.int64)
    for start, end in Ragged(held, offsets_of(loads)).chunks(_CANDIDATES):
        left = np.repeat(classes[owners[start:end]], loads[start:end])
        right = members[ranges(starts[held[start:end]], loads[start:end])].astype(np.int64)
        found.append(_alike(sets, sizes, left, right, total, similarity))
    if among:
        order = np.argsort(held, kind="stable")
        held, owners = held[order], owners[order]
        # Every member of a bucket is paired with those before it.
        before = np.arange(len(held)) - np.searchsorted(held, held, side="left")
        for start, end in Ragged(held, offsets_of(before)).chunks(_CANDIDATES):
            some = before[start:end]
            left = np.repeat(classes[owners[start:end]], some)
            right = classes[owners[ranges(np.arange(start, end, dtype=np.int64) - some, some)]]
            found.append(_alike(sets, sizes, left, right, total, similarity))
    return _once(found, total)


def _once(found: Sequence[tuple[Any, Any, Any]], total: int) -> tuple[bytes, bytes, bytes]:
    none = np.empty(0, dtype=np.int64)
    left = np.concatenate([none, *(one[0] for one in found)])
    right = np.concatenate([none, *(one[1] for one in found)])
    alike = np.concatenate([np.empty(0), *(one[2] for one in found)])
    _, firsts = np.unique(left * total + right, return_index=True)
    return left[firsts].tobytes(), right[firsts].tobytes(), alike[firsts].tobytes()


def _alike(
    sets: Ragged, sizes: Ints, left: Ints, right: Ints, total: int, similarity: float
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Of these candidates, each once, those whose Jaccard similarity is high enough."""
    keys = np.unique(left * total + right)
    keys = keys[keys // max(total, 1) != keys % max(total, 1)]
    left, right = keys // max(total, 1), keys % max(total, 1)
    counts = sets.counts
    most = np.minimum(counts[left], counts[right])
    hopeful = most / (sizes[left] + sizes[right] - most) >= similarity
    left, right = left[hopeful], right[hopeful]
    common = np.zeros(len(left), dtype=np.int64)
    marks = np.zeros(int(sets.values.max()) + 1 if len(sets.values) else 0, dtype=np.bool_)
    for start, end in Ragged(right, offsets_of(counts[right])).chunks(_GATHERED):
        common[start:end] = _common(sets, left[start:end], right[start:end], marks)
    together = common / (sizes[left] + sizes[right] - common)
    enough = (together >= similarity) & (common > 0)
    return left[enough], right[enough], together[enough]


def _common(sets: Ragged, left: Ints, right: Ints, marks: NDArray[np.bool_]) -> Ints:
    """How many elements the sets of each pair share. ``left`` is sorted, no set is empty."""
    gathered = sets.values[sets.positions(right)]
    ends = offsets_of(sets.counts[right])
    inside = np.empty(len(gathered), dtype=np.bool_)
    turns = np.flatnonzero(np.concatenate(([True], left[1:] != left[:-1], [True])))
    for start, end in zip(turns.tolist(), turns[1:].tolist(), strict=False):
        own = sets.row(int(left[start]))
        marks[own] = True
        inside[ends[start] : ends[end]] = marks[gathered[ends[start] : ends[end]]]
        marks[own] = False
    return np.add.reduceat(inside, ends[:-1], dtype=np.int64)
