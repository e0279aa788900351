"""Many looks at the same cases: a group against the rest, and what of it is more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]


def group_p_value(own: Floats, rest: Floats) -> float:
    """Two-sided, of "the group is like the rest": Fisher's exact test for scores of 0 and 1,
    Welch's t for graded ones."""
    both = np.concatenate([own, rest])
    if np.isin(both, (0.0, 1.0)).all():
        return fisher(int(own.sum()), len(own), int(both.sum()), len(both))
    return _welch(own, rest)


def fisher(right: int, n: int, all_right: int, total: int) -> float:
    """Fisher's exact test: ``right`` of ``n``, where ``all_right`` of ``total`` are. The sum of all
    tables that are no likelier than the one seen."""
    low, high = max(0, n - (total - all_right)), min(n, all_right)
    logs = np.array([_log_ways(k, n, all_right, total) for k in range(low, high + 1)])
    seen = logs[right - low]
    return float(min(1.0, np.exp(logs[logs <= seen + 1e-7]).sum()))


def _log_ways(k: int, n: int, all_right: int, total: int) -> float:
    return _log_choose(all_right, k) + _log_choose(total - all_right, n - k) - _log_choose(total, n)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _welch(own: Floats, rest: Floats) -> float:
    from scipy.special import stdtr

    parts = [float(one.var(ddof=1)) / len(one) for one in (own, rest)]
    if sum(parts) == 0:
        return 1.0 if own.mean() == rest.mean() else 0.0
    t = float(own.mean() - rest.mean()) / math.sqrt(sum(parts))
    lengths = (len(own) - 1, len(rest) - 1)
    shares = (part**2 / length for part, length in zip(parts, lengths, strict=True))
    freedom = sum(parts) ** 2 / sum(shares)
    return float(2 * stdtr(freedom, -abs(t)))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: those up to q hold a share of at most q false ones in the mean (Benjamini
    and Hochberg, "Controlling the false discovery rate", JRSS B 57, 1995)."""
    count = len(p_values)
    order = sorted(range(count), key=lambda place: -p_values[place])
    found, least = [1.0] * count, 1.0
    for after, place in enumerate(order):
        least = min(least, p_values[place] * count / (count - after))
        found[place] = least
    return found
