"""The one close name worth suggesting for a misspelt word, or none."""

from __future__ import annotations

from collections.abc import Iterable


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate nearest to ``word``, if it lies within ``max(1, len(word) / 3)`` edits.

    ``candidates`` must be names of the kind that is wanted. An edit inserts, deletes or replaces a
    character or swaps two neighbours (optimal string alignment); case counts for nothing. Of two
    equally near names the alphabetically first is taken, so that messages are reproducible.
    """
    limit = max(1, len(word) // 3)
    best: tuple[int, str] | None = None
    for candidate in candidates:
        if candidate == word or abs(len(candidate) - len(word)) > limit:
            continue
        distance = edit_distance(word.lower(), candidate.lower())
        if distance <= limit and (best is None or (distance, candidate) < best):
            best = (distance, candidate)
    return best[1] if best else None


def edit_distance(left: str, right: str) -> int:
    """Optimal string alignment distance: Levenshtein's, with a swap of neighbours as one edit."""
    before: list[int] = []
    above = list(range(len(right) + 1))
    for i, char in enumerate(left, 1):
        row = [i]
        for j, other in enumerate(right, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (char != other))
            if i > 1 and j > 1 and char == right[j - 2] and left[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, above = above, row
    return above[-1]
