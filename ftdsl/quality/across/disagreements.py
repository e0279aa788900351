"""Values on which a row and the row that stands for it as its duplicate do not agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ftdsl.quality.across.word_vectors import text_words

NAMED = 10
"""Pairs that are named; the others are counted."""

Place = tuple[str, int]
"""Path and line of a row."""


class Disagreements:
    """Number of rows that dedup removed although their value is another than that of the row kept
    in their place. The rows that stay tell nothing of it: what was removed is handed to
    ``compare`` once they are all read. A row without the value takes no part."""

    def __init__(self) -> None:
        self.found: list[tuple[Place, Any, Place, Any]] = []
        self.count = 0

    def add(self, column: list[Any]) -> None:
        """Nothing: rows that stay disagree with nobody."""

    def compare(self, pairs: Sequence[tuple[Place, Place]], values: Mapping[Place, Any]) -> None:
        """Take in ``pairs`` of a removed row and the one kept for it."""
        for removed, kept in pairs:
            one, other = values.get(removed), values.get(kept)
            if one is None or other is None or self.agree(one, other):
                continue
            self.count += 1
            if len(self.found) < NAMED:
                self.found.append((removed, one, kept, other))

    def agree(self, one: Any, other: Any) -> bool:
        """Whether two values are as good as one."""
        return bool(one == other)

    def merge(self, dumped: Any) -> None:
        self.count += dumped[0]
        for removed, one, kept, other in dumped[1][: NAMED - len(self.found)]:
            self.found.append((tuple(removed), one, tuple(kept), other))

    def dump(self) -> Any:
        return [self.count, self.found]

    def value(self) -> int:
        return self.count


class NearConflicts(Disagreements):
    """The same over rows whose texts are nearly one, from ``similarity`` on, whatever dedup does:
    texts agree that share at least ``agreement`` of their words."""

    def __init__(self, similarity: float = 0.8, agreement: float = 1.0) -> None:
        super().__init__()
        self.similarity = similarity
        self.agreement = agreement

    def agree(self, one: Any, other: Any) -> bool:
        if not isinstance(one, str) or not isinstance(other, str):
            return bool(one == other)
        words, others = Counter(text_words(one)), Counter(text_words(other))
        total = words.total() + others.total()
        shared = 2 * (words & others).total() / total if total else float(one == other)
        return shared >= self.agreement
