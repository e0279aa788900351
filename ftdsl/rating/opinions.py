"""From the verdicts of people to what they think of each model, and how far they agree."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from ftdsl.evaluation.estimates import CONFIDENCE, estimate
from ftdsl.rating.batch import Batch, Item, Use
from ftdsl.rating.rows import SKIP, Rating
from ftdsl.results.rating import Opinion, Ranked, Reliability, SideBias
from ftdsl.statistics.agreement import alpha, alpha_interval, paired_units
from ftdsl.statistics.proportions import mcnemar, wilson
from ftdsl.statistics.strengths import Game, strengths

_LEANING = {"left_much": 2, "left": 1, "tie": 0, "both_bad": 0, "right": -1, "right_much": -2}
_HALF = 0.5


def leaning(item: Item, rating: Rating) -> int:
    """How far a verdict leans to the first of an item's answers: 2 to -2."""
    towards = _LEANING[rating.verdict]
    return towards if rating.left == item.digests[0] else -towards


def value_of(batch: Batch, rating: Rating) -> float:
    """What the first answer of the item got, or the only one, in [0, 1]."""
    if batch.rate.ask == "sides":
        leans = leaning(batch.items[rating.item], rating)
        return _HALF + math.copysign(_HALF, leans) if leans else _HALF
    if batch.rate.ask == "correct":
        return float(rating.verdict == "correct")
    return (int(rating.verdict) - 1) / (batch.rate.points - 1)


@dataclass(slots=True)
class Said:
    """What was said of each item that stands for a case: rating by rater, repeats left out."""

    batch: Batch
    by_item: dict[str, dict[str, Rating]] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: Batch, ratings: Iterable[Rating]) -> Said:
        """The first verdicts among ``ratings``, none of which is corrected by another."""
        said: dict[str, dict[str, Rating]] = defaultdict(dict)
        for one in ratings:
            if not one.repeat and one.verdict != SKIP and batch.items[one.item].uses:
                said[one.item][one.rater] = one
        return cls(batch, dict(said))

    def mean(self, item: str) -> float | None:
        """The mean over raters of what the first answer got; None where nobody said anything."""
        said = self.by_item.get(item)
        if not said:
            return None
        values = [value_of(self.batch, one) for one in said.values()]
        return math.fsum(values) / len(values)

    @property
    def every(self) -> list[Rating]:
        return [one for said in self.by_item.values() for one in said.values()]

    def enough(self, least: int) -> int:
        """Items with so many raters or more."""
        return sum(len(said) >= least for said in self.by_item.values())


def opinions(said: Said) -> tuple[Opinion, ...]:
    """What people think of each pair of models, the later one's part of it, or of each model."""
    models = said.batch.rate.compare
    if said.batch.rate.ask == "sides":
        return tuple(_of_pair(said, b, a) for a, b in combinations(models, 2))
    return tuple(_of_one(said, model) for model in models)


def _of_pair(said: Said, model: str, against: str) -> Opinion:
    values: list[float] = []
    clusters: list[str] = []
    counts: Counter[str] = Counter()
    for item, use in _uses(said.batch, {model, against}):
        mean = said.mean(item.id)
        if mean is None:
            continue
        is_first = use.models[0] == model
        values.append(mean if is_first else 1 - mean)
        clusters.append(use.cluster)
        for one in said.by_item[item.id].values():
            leans = leaning(item, one) * (1 if is_first else -1)
            word = "wins" if leans > 0 else "losses" if leans < 0 else "ties"
            counts["both_bad" if one.verdict == "both_bad" else word] += 1
    same = [use for use in said.batch.same if set(use.models) == {model, against}]
    if values:
        values += [_HALF] * len(same)
        clusters += [use.cluster for use in same]
    grouped = clusters if any(clusters) else []
    return Opinion(
        model=model,
        against=against,
        values=tuple(values),
        clusters=tuple(grouped),
        estimate=estimate(values, _unrated(said, {model, against}), grouped or None),
        identical=len(same) if values else 0,
        **counts,
    )


def _of_one(said: Said, model: str) -> Opinion:
    found = [
        (mean, use.cluster)
        for item, use in _uses(said.batch, {model})
        if (mean := said.mean(item.id)) is not None
    ]
    values, clusters = [value for value, _ in found], [cluster for _, cluster in found]
    grouped = clusters if any(clusters) else []
    return Opinion(
        model=model,
        values=tuple(values),
        clusters=tuple(grouped),
        estimate=estimate(values, _unrated(said, {model}), grouped or None),
    )


def _uses(batch: Batch, models: set[str]) -> list[tuple[Item, Use]]:
    return [
        (item, use)
        for item in batch.items.values()
        for use in item.uses
        if set(use.models) == models
    ]


def _unrated(said: Said, models: set[str]) -> int:
    return sum(said.mean(item.id) is None for item, _ in _uses(said.batch, models))


def ranking(said: Said) -> tuple[Ranked, ...]:
    """More than two models by all comparisons together, the strongest first."""
    models = said.batch.rate.compare
    if said.batch.rate.ask != "sides" or len(models) < 3 or not said.by_item:
        return ()
    place = {name: i for i, name in enumerate(models)}
    games = [
        Game(use.cluster, place[use.models[0]], place[use.models[1]], mean)
        for item in said.batch.items.values()
        for use in item.uses
        if (mean := said.mean(item.id)) is not None
    ]
    games += [
        Game(use.cluster, place[use.models[0]], place[use.models[1]], _HALF)
        for use in said.batch.same
    ]
    found = [
        Ranked(
            model=name,
            expected=one.expected,
            low=one.expected_interval[0],
            high=one.expected_interval[1],
            strength=one.log,
            strength_low=one.log_interval[0],
            strength_high=one.log_interval[1],
        )
        for name, one in zip(models, strengths(games, len(models), CONFIDENCE), strict=True)
    ]
    return tuple(sorted(found, key=lambda one: -one.expected))


def reliability(said: Said) -> Reliability:
    """How far raters agree over the items that several of them rated."""
    raters = sorted({one.rater for one in said.every})
    units = [
        [_ordinal(said.batch, one[rater]) if rater in one else None for rater in raters]
        for one in said.by_item.values()
    ]
    level: Literal["nominal", "ordinal"] = (
        "nominal" if said.batch.rate.ask == "correct" else "ordinal"
    )
    ends = alpha_interval(units, level, CONFIDENCE)
    return Reliability(
        alpha=alpha(units, level),
        low=ends[0] if ends is not None else None,
        high=ends[1] if ends is not None else None,
        level=level,
        items=paired_units(units),
        raters=len(raters),
        confidence=CONFIDENCE,
    )


def _ordinal(batch: Batch, rating: Rating) -> float:
    if batch.rate.ask == "sides":
        return float(leaning(batch.items[rating.item], rating))
    return value_of(batch, rating)


def side_bias(ratings: Sequence[Rating]) -> SideBias | None:
    """Whether the left answer is called better more often than a coin would."""
    left = sum(one.verdict in ("left", "left_much") for one in ratings)
    right = sum(one.verdict in ("right", "right_much") for one in ratings)
    if not left + right:
        return None
    share = left / (left + right)
    low, high = wilson(share, left + right, CONFIDENCE)
    return SideBias(
        left=left, n=left + right, share=share, low=low, high=high, p=mcnemar(left, right)
    )


def reasons(said: Said) -> dict[str, dict[str, int]]:
    """Reason → model → how often it was given for the model: for the better answer of two, or for
    the only one."""
    found: dict[str, Counter[str]] = {}
    for name, given in said.by_item.items():
        item = said.batch.items[name]
        for one in given.values():
            model = _meant(item, one, said.batch.rate.ask)
            for reason in one.reasons:
                if model is not None and reason in said.batch.reasons:
                    found.setdefault(reason, Counter())[model] += 1
    return {name: dict(counts) for name, counts in found.items()}


def _meant(item: Item, rating: Rating, ask: str) -> str | None:
    """The model that a verdict speaks for; None where it speaks for neither."""
    if ask != "sides":
        return item.uses[0].models[0]
    leans = leaning(item, rating)
    return None if not leans else item.uses[0].models[0 if leans > 0 else 1]


def majority(said: Said, item: str) -> int:
    """Whether more raters lean to the first answer (1) or to the second (-1); 0 without a lead."""
    leans: Mapping[str, Rating] = said.by_item.get(item, {})
    total = sum((value_of(said.batch, one) > _HALF) - (value_of(said.batch, one) < _HALF)
                for one in leans.values())  # fmt: skip
    return (total > 0) - (total < 0)
