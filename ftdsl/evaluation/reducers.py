"""What several answers to one case come to: the reducers of an eval with epochs."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence

_COUNTED = re.compile(r"(pass_at|pass_all)\((\d+)\)")


def pass_at(right: int, n: int, k: int) -> float:
    """The chance that at least one of ``k`` answers drawn from the ``n`` is right, when ``right``
    of them are: 1 - C(n - right, k) / C(n, k) (Chen et al., "Evaluating large language models
    trained on code", 2021)."""
    return 1 - math.comb(n - right, k) / math.comb(n, k)


def pass_all(right: int, n: int, k: int) -> float:
    """The chance that all of ``k`` answers drawn from the ``n`` are right: C(right, k) / C(n, k)
    (pass^k: Yao et al., "τ-bench", 2024)."""
    return math.comb(right, k) / math.comb(n, k)


def mode(values: Sequence[float]) -> float:
    """The most frequent value, the first seen of equals."""
    return statistics.mode(values)


_PLAIN: Mapping[str, Callable[[Sequence[float]], float]] = {
    "mean": lambda values: math.fsum(values) / len(values),
    "median": statistics.median,
    "mode": mode,
    "max": max,
    "min": min,
}


def reducer(name: str) -> Callable[[Sequence[float]], float]:
    """The reducer that an eval's ``reduce`` names: ``mean``, …, or ``pass_at(3)``, ``pass_all(3)``.

    The last two count the values that are 1; the checker lets them stand only over scores that are
    yes or no, and with as many epochs as they draw.
    """
    counted = _COUNTED.fullmatch(name)
    if counted is None:
        return _PLAIN[name]
    chance = pass_at if counted[1] == "pass_at" else pass_all
    k = int(counted[2])
    return lambda values: chance(sum(value == 1 for value in values), len(values), k)
