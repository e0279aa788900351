"""Where a model does worst: slices that nobody declared, found over fields and kinds of prompts.

Every value of every field with few values, quarters of every number and of the prompt's length,
and clusters of prompts with similar words are held against all other cases. So many looks find
something by chance, so the Benjamini-Hochberg procedure decides what is shown: of the slices told,
one in ten is expected to be chance. They are exploratory and gate nothing.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ftdsl.data.rows import Row
from ftdsl.diversity.kmeans import fit_centres, nearest
from ftdsl.privacy.masking import masked_name
from ftdsl.quality.across.word_vectors import Rarity, text_words
from ftdsl.results.discovery import FoundSlice
from ftdsl.results.models import Case
from ftdsl.statistics.looks import benjamini_hochberg, group_p_value

FALSE_SHARE = 0.10
LEAST_CASES = 60
_LEAST_ROWS = 10
_MOST_VALUES = 20
_LONGEST_VALUE = 100
_MOST_TEXTS = 2_000
_A_CLUSTER = 25
_MOST_CLUSTERS = 8
_FITTED = 250  # texts that centres are fitted to; all are then put to the nearest
_SHOWN = 5
_EXAMPLES = 3
_WORDS = 3
_NAMES = 40  # the most frequent words of a cluster, among which its names are
_SEED = 1
Floats = np.ndarray[Any, np.dtype[np.float64]]


class Looks:
    """What is known of each case but its scores: gathered block by block, small enough to keep."""

    def __init__(self) -> None:
        self._fields: dict[str, list[Any]] = {}
        self._texts: list[str] = []
        self._ids: list[str] = []

    def add(self, rows: Sequence[Row], cases: Sequence[Case]) -> None:
        """More cases with the rows that they come from."""
        before = len(self._ids)
        for place, (row, case) in enumerate(zip(rows, cases, strict=True)):
            for name, value in row.value.items():
                if isinstance(value, str) and len(value) > _LONGEST_VALUE:
                    continue
                if isinstance(value, str | bool | int | float):
                    column = self._fields.setdefault(name, [])
                    column += [None] * (before + place - len(column))
                    column.append(sys.intern(value) if isinstance(value, str) else value)
            words = case.prompt.count(" ") + 1
            self._fields.setdefault("words in the prompt", []).append(words)
            self._ids.append(case.case_id)
            if len(self._texts) < _MOST_TEXTS:
                self._texts.append(case.prompt)
        for name in [name for name, column in self._fields.items() if _is_free_text(column)]:
            self._fields[name] = []

    def found(self, scores: Sequence[Mapping[str, float]]) -> tuple[FoundSlice, ...]:
        """The slices that are worse than the rest, of each score the worst first."""
        if len(scores) < LEAST_CASES:
            return ()
        names = dict.fromkeys(name for one in scores for name in one)
        differing = [name for name in names if len({one.get(name) for one in scores} - {None}) > 1]
        if not differing:
            return ()
        groups = [one for one in self._groups() if len(one[2]) >= _LEAST_ROWS]
        return tuple(one for name in differing for one in self._of(name, scores, groups))

    def _of(
        self,
        score: str,
        scores: Sequence[Mapping[str, float]],
        groups: Sequence[tuple[str, str, Sequence[int]]],
    ) -> Iterator[FoundSlice]:
        values = np.array([one.get(score, math.nan) for one in scores])
        known = np.isfinite(values)
        looked = []
        for source, value, places in groups:
            inside = np.zeros(len(values), dtype=bool)
            inside[list(places)] = True
            own, rest = values[known & inside], values[known & ~inside]
            if min(len(own), len(rest)) >= _LEAST_ROWS:
                looked.append((source, value, places, own, rest, group_p_value(own, rest)))
        adjusted = benjamini_hochberg([one[-1] for one in looked])
        told = [
            self._slice(score, *one[:-1], p=one[-1], q=q, values=values)
            for one, q in zip(looked, adjusted, strict=True)
            if q <= FALSE_SHARE and one[3].mean() < one[4].mean()
        ]
        yield from sorted(told, key=lambda one: one.difference)[:_SHOWN]

    def _slice(
        self,
        score: str,
        source: str,
        value: str,
        places: Sequence[int],
        own: Floats,
        rest: Floats,
        *,
        p: float,
        q: float,
        values: Floats,
    ) -> FoundSlice:
        scored = (place for place in places if not math.isnan(values[place]))
        worst = sorted(scored, key=lambda place: values[place])
        return FoundSlice(
            score=score,
            source=source,
            value=value,
            n=len(own),
            mean=float(own.mean()),
            rest=float(rest.mean()),
            difference=float(own.mean() - rest.mean()),
            p=p,
            q=q,
            examples=tuple(self._ids[place] for place in worst[:_EXAMPLES]),
        )

    def _groups(self) -> Iterator[tuple[str, str, Sequence[int]]]:
        """Source, value and places of each slice that is looked at."""
        count = len(self._ids)
        for name, column in self._fields.items():
            full = [*column, *[None] * (count - len(column))] if column else []
            for value, places in _split(full).items():
                yield name, masked_name(value), places
        if len(self._texts) == count:
            yield from _clusters(self._texts)


def _is_free_text(column: Sequence[Any]) -> bool:
    texts = {value for value in column if isinstance(value, str)}
    return len(texts) > 10 * _MOST_VALUES


def _split(column: Sequence[Any]) -> dict[str, list[int]]:
    """Places by value; by quarters for numbers of many values. Nothing for free text."""
    present = [value for value in column if value is not None]
    different = set(map(repr, present))
    if len(different) < 2:
        return {}
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in present)
    groups: dict[str, list[int]] = {}
    if len(different) <= _MOST_VALUES and not (numbers and len(different) > 4):
        for place, value in enumerate(column):
            if value is not None:
                groups.setdefault(str(value), []).append(place)
        return groups
    if not numbers:
        return {}
    edges = np.unique(np.quantile(np.array(present, dtype=np.float64), [0.25, 0.5, 0.75]))
    for place, value in enumerate(column):
        if value is not None:
            part = int(np.searchsorted(edges, value, side="left"))
            low = f"over {edges[part - 1]:g}" if part else ""
            high = f"up to {edges[part]:g}" if part < len(edges) else ""
            groups.setdefault(", ".join(filter(None, (low, high))), []).append(place)
    return groups


def _clusters(texts: Sequence[str]) -> Iterator[tuple[str, str, Sequence[int]]]:
    """Prompts with similar words, each cluster named by the words that set it apart."""
    words = [text_words(text) for text in texts]
    filled = [place for place, one in enumerate(words) if one]
    k = min(_MOST_CLUSTERS, len(filled) // _A_CLUSTER)
    if k < 2:
        return
    rarity = Rarity()
    rarity.add([words[place] for place in filled])
    vectors = rarity.vectors([words[place] for place in filled])
    step = max(1, len(vectors) // _FITTED)
    which, _ = nearest(vectors, fit_centres(vectors[::step], k, _SEED))
    for cluster in range(int(which.max()) + 1):
        places = [filled[i] for i in np.flatnonzero(which == cluster)]
        counts: Counter[str] = Counter()
        for place in places:
            counts.update(set(words[place]))
        frequent = counts.most_common(_NAMES)
        frequent.sort(key=lambda one: (-one[1] * (rarity.rarity(one[0]) - 1), one[0]))
        rank = [word for word, _ in frequent]
        yield "prompts like", ", ".join(rank[:_WORDS]), places
