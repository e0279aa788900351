"""Several scores of one case made into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def weighted(*scores_and_weights: Any) -> float:
    """The mean of the scores, each by its weight: the last argument holds as many as there are
    scores. A yes counts 1, a no 0."""
    *scores, weights = scores_and_weights
    total = sum(weights)
    summed = sum(float(one) * weight for one, weight in zip(scores, weights, strict=True))
    return float(summed / total)


SCORERS: Mapping[str, Callable[..., float]] = {"weighted": weighted}
