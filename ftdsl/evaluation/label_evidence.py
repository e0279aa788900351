"""What scored cases say of how well labels are found: macro F1 and kappa, at any confidence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ftdsl.evaluation.estimates import clusters_of, numbered
from ftdsl.evaluation.evidence import Evidence
from ftdsl.language.labelled import FIGURES
from ftdsl.results.scored import ScoredCase
from ftdsl.statistics.labels import LEAST_CASES, Figure, LabelSum, Term
from ftdsl.statistics.means import LEAST_CLUSTERS
from ftdsl.statistics.proportions import Interval
from ftdsl.statistics.shares import Chosen

MOST_LABELS = 20
_BASELINE = "baseline."
_FIGURES: Mapping[str, Figure] = {"macro_f1": "macro_f1", "kappa": "kappa"}


def reads_labels(name: str) -> bool:
    """Whether a measure is made of labels."""
    return name.rpartition(".")[2] in FIGURES


@dataclass(frozen=True, slots=True)
class LabelEvidence:
    """A sum of macro F1 and kappa of the candidate, and of the baseline on the same cases."""

    of: LabelSum
    note: str = ""
    flips: None = None

    @property
    def estimate(self) -> float:
        return self.of.estimate

    @property
    def n(self) -> int:
        return self.of.n

    @property
    def chosen(self) -> Chosen:
        return self.of.chosen

    def interval(self, confidence: float) -> Interval:
        return self.of.interval(confidence)

    def interval_at(self, n: float, confidence: float) -> Interval:
        low, high = self.of.interval(confidence)
        shrunk = math.sqrt(self.n / n)
        middle = self.estimate
        return middle - (middle - low) * shrunk, middle + (high - middle) * shrunk


def label_evidence(
    weights: Sequence[tuple[str, float]],
    cases: Sequence[object],
    baseline: Sequence[object] | None,
    *,
    stated: bool,
) -> Evidence | str:
    """Evidence on the sum of weight times figure, or why there is none. ``stated`` asks for enough
    cases of each label, since an interval is to decide."""
    others = any(name.startswith(_BASELINE) for name, _ in weights)
    if others and baseline is None:
        return "the lock keeps no labels: name a `baseline` model"
    pairs = _pairs(cases, baseline if others else None)
    if isinstance(pairs, str):
        return pairs
    own, other = pairs
    counts = Counter(case.labels[0] for case in own if case.labels is not None)
    if not 2 <= len(counts) <= MOST_LABELS:
        return f"{len(counts)} different expected texts are no labels: 2 to {MOST_LABELS} are"
    rare = [f"`{label}` ({n})" for label, n in sorted(counts.items()) if n < LEAST_CASES]
    if stated and rare:
        return f"labels with fewer than {LEAST_CASES} cases: {', '.join(rare)}"
    clusters = clusters_of(own)
    if clusters is not None and len(set(clusters)) < LEAST_CLUSTERS:
        return f"{len(set(clusters))} clusters are too few: at least {LEAST_CLUSTERS}"
    places = {label: place for place, label in enumerate(sorted(counts))}
    models = [own, other] if other else [own]
    given = [_numbers(model, 1, places) for model in models]
    terms = [
        Term(int(name.startswith(_BASELINE)), _FIGURES[name.rpartition(".")[2]], weight)
        for name, weight in weights
    ]
    groups = numbered(clusters) if clusters is not None else None
    return LabelEvidence(LabelSum(_numbers(own, 0, places), given, len(places), terms, groups))


def _pairs(
    cases: Sequence[object], baseline: Sequence[object] | None
) -> tuple[list[ScoredCase], list[ScoredCase]] | str:
    """The cases that have labels under all models that are asked for."""
    own, other = [], []
    for place, case in enumerate(cases):
        twin = baseline[place] if baseline is not None else None
        if not isinstance(case, ScoredCase) or case.labels is None:
            continue
        if baseline is not None:
            if not isinstance(twin, ScoredCase) or twin.labels is None:
                continue
            other.append(twin)
        own.append(case)
    if not own:
        return "no case has labels under all models that it needs"
    if len(own) < 0.95 * len(cases):
        return f"{1 - len(own) / len(cases):.1%} of the cases have no label; at most 5% may"
    return own, other


def _numbers(
    cases: Sequence[ScoredCase], which: int, places: Mapping[str, int]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Each case's expected (0) or given (1) label; one that nobody expects is the last."""
    other = len(places)
    found = [places.get(case.labels[which], other) if case.labels else other for case in cases]
    return np.array(found, dtype=np.int64)
