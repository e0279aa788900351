"""How far several raters agree: Krippendorff's alpha at four levels of measurement, its interval.

Krippendorff, "Computing Krippendorff's alpha-reliability", 2011. Ratings may be missing. Zero is
what chance gives, one is full agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ftdsl.statistics.proportions import Interval, clopper_pearson

Level = Literal["nominal", "ordinal", "interval", "ratio"]
Unit = Sequence[float | None]
Floats = np.ndarray[Any, np.dtype[np.float64]]

_RESAMPLES = 2_000
_SEED = 20_260_103
_FEW = 10  # fewer units with a disagreement than this and resampling knows too little of the rest


def alpha(units: Sequence[Unit], level: Level) -> float | None:
    """Krippendorff's α of ratings, one sequence a unit and None for a missing one. None where
    nothing could disagree: no unit has two ratings, or all of them are the same."""
    values, pairs = _coincidences(units)
    if not len(pairs):
        return None
    found = _alphas(pairs.sum(axis=0)[None], values, level)[0]
    return None if np.isnan(found) else float(found)


def alpha_interval(units: Sequence[Unit], level: Level, confidence: float) -> Interval | None:
    """The percentile interval over 2,000 resamples of whole units, with a fixed seed.

    Where fewer than ten units hold a disagreement the lower end is moved to what α would be if as
    many more as an exact interval allows were rated by chance: five units that agree prove little.
    """
    values, pairs = _coincidences(units)
    seen = alpha(units, level)
    if seen is None:
        return None
    count = len(pairs)
    random = np.random.Generator(np.random.PCG64(_SEED))
    weights = random.multinomial(count, np.full(count, 1 / count), size=_RESAMPLES)
    sums = (weights @ pairs.reshape(count, -1)).reshape(_RESAMPLES, *pairs.shape[1:])
    found = _alphas(sums, values, level)
    found = found[~np.isnan(found)]
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    low, high = (float(one) for one in np.quantile(found, tails)) if len(found) else (seen, seen)
    apart = int((np.trace(pairs, axis1=1, axis2=2) < pairs.sum(axis=(1, 2)) - 1e-9).sum())
    if apart < _FEW:
        unseen = clopper_pearson(apart, count, confidence)[1] - apart / count
        low = min(low, seen - unseen)
    return low, high


def paired_units(units: Sequence[Unit]) -> int:
    """How many units have two ratings or more: the others say nothing of agreement."""
    return sum(sum(one is not None for one in unit) > 1 for unit in units)


def _coincidences(units: Sequence[Unit]) -> tuple[Floats, Floats]:
    """The distinct values in order, and each unit's matrix of coincidences of them."""
    rated = [[one for one in unit if one is not None] for unit in units]
    paired = [unit for unit in rated if len(unit) > 1]
    values = sorted({one for unit in paired for one in unit})
    place = {value: i for i, value in enumerate(values)}
    found = np.zeros((len(paired), len(values), len(values)))
    for row, unit in zip(found, paired, strict=True):
        counts = np.bincount([place[one] for one in unit], minlength=len(values)).astype(float)
        row += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    return np.array(values, dtype=float), found


def _alphas(matrices: Floats, values: Floats, level: Level) -> Floats:
    """α of each matrix of coincidences; NaN where nothing could disagree."""
    totals = matrices.sum(axis=2)
    n = totals.sum(axis=1)
    apart = _distances(totals, values, level)
    observed = (matrices * apart).sum(axis=(1, 2))
    by_chance = (totals[:, :, None] * totals[:, None, :] * apart).sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(by_chance > 0, 1 - (n - 1) * observed / by_chance, np.nan)
    return found


def _distances(totals: Floats, values: Floats, level: Level) -> Floats:
    """The squared difference of every two values, for each matrix."""
    count = len(values)
    if level == "nominal":
        return np.broadcast_to(1.0 - np.eye(count), (len(totals), count, count))
    if level == "ordinal":
        # The ratings that lie between two values, half of those at either end.
        ranks = np.cumsum(totals, axis=1) - totals / 2
        between: Floats = (ranks[:, :, None] - ranks[:, None, :]) ** 2
        return between
    apart = (values[:, None] - values[None, :]) ** 2
    if level == "ratio":
        sums = (values[:, None] + values[None, :]) ** 2
        apart = np.divide(apart, sums, out=np.zeros_like(apart), where=sums > 0)
    return np.broadcast_to(apart, (len(totals), count, count))
