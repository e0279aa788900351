"""Star clusters by brute force, straight from their definition, with code of its own."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

Shingles = frozenset[tuple[str, ...]]


def shingles(text: str, width: int = 5) -> Shingles:
    """Runs of five words; of three in a text of fewer than five; all of a text of fewer still."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())
    if len(words) >= width:
        run = width
    elif len(words) >= 3:
        run = 3
    else:
        return frozenset([tuple(words)] if words else [])
    return frozenset(tuple(words[i : i + run]) for i in range(len(words) - run + 1))


def jaccard(one: Shingles, other: Shingles) -> Fraction:
    """Similarity of two sets that are not both empty, exactly."""
    return Fraction(len(one & other), len(one | other)) if one | other else Fraction(0)


def stars(
    texts: Sequence[str],
    order: Sequence[int],
    similarity: str,
    held_out: Sequence[str] | None = None,
    ignored: Fraction | None = None,
    width: int = 5,
) -> dict[int, tuple[int, Fraction]]:
    """Removed row → (the row it names, how similar). ``held_out`` rows are the only ones compared
    with, where they are given; runs of words that more than a share ``ignored`` of the texts hold
    are left out."""
    threshold = Fraction(similarity)
    sets = [shingles(text, width) for text in texts]
    others = None if held_out is None else [shingles(text, width) for text in held_out]
    if ignored is not None:
        often = Counter(one for own in sets for one in own)
        gone = frozenset(one for one, count in often.items() if count > ignored * len(texts))
        sets = [own - gone for own in sets]
        others = None if others is None else [own - gone for own in others]
    kept: list[int] = []
    removed: dict[int, tuple[int, Fraction]] = {}
    for row in order:
        pool = [(k, sets[k]) for k in kept] if others is None else list(enumerate(others))
        alike = [(jaccard(sets[row], other), k) for k, other in pool if sets[row] and other]
        best = max(
            ((value, -place, k) for place, (value, k) in enumerate(alike) if value >= threshold),
            default=None,
        )
        if best is None:
            kept.append(row)
        else:
            removed[row] = (best[2], best[0])
    return removed
