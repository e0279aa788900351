"""Scores as labels: how two of them agree, and which label is taken for which."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

from ftdsl.evaluation.scorers.numbers import chosen_letter
from ftdsl.language.labelled import labelled_score
from ftdsl.language.program import ScoreDef
from ftdsl.results.discovery import Agreement, Confusion, Label
from ftdsl.results.models import Case

OTHER = "(other)"
_MOST_LABELS = 20


def agreements(
    names: Sequence[str], scores: Sequence[Mapping[str, float]]
) -> tuple[Agreement, ...]:
    """Each pair of scores over the cases that have both."""
    found = []
    for one, other in combinations(names, 2):
        pairs = [(s[one], s[other]) for s in scores if one in s and other in s]
        if len(pairs) > 1:
            found.append(_agreement(one, other, pairs))
    return tuple(found)


def _agreement(one: str, other: str, pairs: Sequence[tuple[float, float]]) -> Agreement:
    n = len(pairs)
    same = sum(a == b for a, b in pairs) / n
    means = [math.fsum(pair[i] for pair in pairs) / n for i in (0, 1)]
    kappa = None
    if all(value in (0.0, 1.0) for pair in pairs for value in pair):
        chance = means[0] * means[1] + (1 - means[0]) * (1 - means[1])
        kappa = (same - chance) / (1 - chance) if chance < 1 else None
    spreads = [math.fsum((pair[i] - means[i]) ** 2 for pair in pairs) for i in (0, 1)]
    shared = math.fsum((a - means[0]) * (b - means[1]) for a, b in pairs)
    root = math.sqrt(spreads[0] * spreads[1])
    correlation = shared / root if root > 0 else None
    return Agreement(one=one, other=other, n=n, same=same, kappa=kappa, correlation=correlation)


def label_reader(scores: Sequence[ScoreDef]) -> Callable[[str], str]:
    """What the label in a text is: the letter that is chosen, or the whole text, however it is
    spaced and whatever its case."""
    score = labelled_score(scores)
    if score is not None and score.value.value == "choice_match":
        return lambda text: chosen_letter(text) or OTHER
    return lambda text: " ".join(text.casefold().split())


class Labels:
    """Counts expected and given labels of the first score that compares whole texts, while there
    are few enough different ones to be labels."""

    def __init__(self, scores: Sequence[ScoreDef]) -> None:
        self._score = labelled_score(scores)
        self._key = label_reader(scores)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._expected: dict[str, str] = {}

    def add(self, cases: Sequence[Case]) -> None:
        """More cases."""
        if self._score is None:
            return
        for case in cases:
            if self._score.name in case.scores:
                self._counts[self._key(case.expected), self._key(case.output)] += 1
                self._expected.setdefault(self._key(case.expected), case.expected.strip())
        if len(self._expected) > _MOST_LABELS:
            self._score = None

    def found(self) -> Confusion | None:
        """None where the expected texts are no labels: too many, one alone, or each seldom."""
        total = self._counts.total()
        if self._score is None or not 2 <= len(self._expected) <= total / 3:
            return None
        keys = sorted(self._expected)
        rows = []
        for key in keys:
            row = [self._counts[key, given] for given in keys]
            others = sum(n for (want, got), n in self._counts.items()
                         if want == key and got not in self._expected)  # fmt: skip
            rows.append((*row, others))
        labels = tuple(_label(self._expected[key], place, rows) for place, key in enumerate(keys))
        hits = sum(row[place] for place, row in enumerate(rows))
        given = sum(sum(row[:-1]) for row in rows)
        return Confusion(
            score=self._score.name,
            labels=labels,
            given=(*(one.label for one in labels), OTHER),
            counts=tuple(rows),
            macro_f1=math.fsum(one.f1 for one in labels) / len(labels),
            micro_f1=2 * hits / (given + total) if given + total else 0.0,
        )


def _label(name: str, place: int, rows: Sequence[tuple[int, ...]]) -> Label:
    hits, cases = rows[place][place], sum(rows[place])
    given = sum(row[place] for row in rows)
    return Label(
        label=name,
        cases=cases,
        precision=hits / given if given else 0.0,
        recall=hits / cases if cases else 0.0,
        f1=2 * hits / (given + cases) if given + cases else 0.0,
    )
