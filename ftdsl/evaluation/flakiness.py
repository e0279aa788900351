"""How much the answers to one and the same case differ, where each is asked more than once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from ftdsl.results.models import Flakiness
from ftdsl.statistics.shares import share_interval

_CONFIDENCE = 0.95


class Repeated(Protocol):
    """What flakiness needs of a case."""

    @property
    def epochs(self) -> Mapping[str, tuple[float, ...]]: ...


def is_flaky(values: Sequence[float]) -> bool:
    """Whether the same case was scored in two ways."""
    return len(set(values)) > 1


def flakiness(names: Sequence[str], cases: Sequence[Repeated]) -> dict[str, Flakiness]:
    """By score, over the cases that were answered more than once; empty where none was."""
    found = {}
    for name in names:
        groups = [case.epochs[name] for case in cases if len(case.epochs.get(name, ())) > 1]
        if groups:
            found[name] = _of(groups)
    return found


def _of(groups: Sequence[Sequence[float]]) -> Flakiness:
    n, flaky = len(groups), sum(map(is_flaky, groups))
    low, high = share_interval(flaky, n, _CONFIDENCE)
    within = float(np.mean([np.var(group, ddof=1) for group in groups]))
    means = [float(np.mean(group)) for group in groups]
    # Means of few answers differ by chance as well: that part is no difference between cases.
    spread = float(np.var(means, ddof=1)) if n > 1 else 0.0
    between = max(0.0, spread - within / len(groups[0]))
    return Flakiness(
        n=n, flaky=flaky, rate=flaky / n, low=low, high=high, within=within, between=between
    )
