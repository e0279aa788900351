"""Values that are likely slips of more frequent ones: ``refnud`` among many ``refund``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from ftdsl.privacy.masking import masked
from ftdsl.quality.across.relations import NAMED, Kept
from ftdsl.quality.hashes import value_hash
from ftdsl.quality.measures.listed import LONGEST, form, slips

_TIMES = 10
"""A slip is so many times rarer than what was meant; two spellings that are as frequent are two
values. In case and white space the more frequent one is meant, whatever the ratio."""


class NearMisses:
    """Eight bytes a row, and every different value of up to 60 characters that is nobody's data."""

    def __init__(self) -> None:
        self.rows = Kept()
        self.texts: dict[int, str] = {}

    def add(self, column: list[Any]) -> None:
        self.rows.add(column)
        for one in set(column):
            if one is not None and len(one) <= LONGEST and masked(one) == one:
                self.texts[value_hash(one) or 1] = one

    def merge(self, dumped: Any) -> None:
        self.rows.merge(dumped[0])
        self.texts.update({value_hash(one) or 1: one for one in dumped[1]})

    def dump(self) -> Any:
        return [self.rows.dump(), list(self.texts.values())]

    def value(self) -> int:
        counts = self._counts()
        return sum(counts[one] for one in meant(counts))

    def causes(self) -> list[tuple[int, str]]:
        """The first rows, each with what was likely meant."""
        counts = self._counts()
        likely = {value_hash(slip) or 1: (slip, right) for slip, right in meant(counts).items()}
        hashes = self.rows.hashes
        wanted = np.fromiter(likely, np.uint64, len(likely))
        found = np.flatnonzero(np.isin(hashes, wanted))[:NAMED].tolist()
        return [(row, _told(*likely[int(hashes[row])], counts)) for row in found]

    def _counts(self) -> Counter[str]:
        different, counts = np.unique(self.rows.hashes, return_counts=True)
        pairs = zip(different.tolist(), counts.tolist(), strict=True)
        return Counter({self.texts[one]: rows for one, rows in pairs if one in self.texts})


def _told(slip: str, right: str, counts: Counter[str]) -> str:
    return f'"{masked(slip)}" is likely "{masked(right)}", which {counts[right]} rows have'


def meant(counts: Counter[str]) -> dict[str, str]:
    """Each value that is likely a slip, with the value that was likely meant."""
    found: dict[str, str] = {}
    leaders: dict[str, str] = {}
    for value, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        leader = leaders.setdefault(form(value), value)
        if leader is not value:
            found[value] = leader
    rare = [plain for plain, one in leaders.items() if plain]
    frequent = [plain for plain in rare if counts[leaders[plain]] >= _TIMES]
    for plain, other in _near(rare, frequent):
        slip, right = leaders[plain], leaders[other]
        if slip not in found and counts[slip] * _TIMES <= counts[right]:
            found[slip] = right
    return {slip: _end(found, slip) for slip in found}


def _end(found: dict[str, str], slip: str) -> str:
    while slip in found:
        slip = found[slip]
    return slip


def _near(values: list[str], frequent: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs a slip apart, the nearest and then the most frequent first for each value."""
    if not frequent:
        return
    bags = np.array([_bag(one) for one in values], np.int16)
    best: dict[str, tuple[int, int, str]] = {}
    for rank, other in enumerate(frequent):
        most = max(1, len(other) // 4)
        apart = np.abs(bags - np.array(_bag(other), np.int16)).sum(axis=1)
        for index in np.flatnonzero(apart <= 2 * most).tolist():
            if count := slips(values[index], other):
                best[values[index]] = min(
                    best.get(values[index], (count, rank, other)), (count, rank, other)
                )
    yield from ((value, other) for value, (_, _, other) in best.items())


def _bag(value: str) -> list[int]:
    """How often letters of each of 32 kinds occur: an edit changes the counts by two at most, so
    that most pairs need not be compared."""
    found = [0] * 32
    for one in value:
        found[ord(one) % 32] += 1
    return found
