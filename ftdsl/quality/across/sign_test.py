"""The sign test: whether a quantity lies above 0 more often than chance would have it."""

from __future__ import annotations

import math
from typing import Any


class SignTest:
    """Two-sided p-value of the sign test over the values that are there; zeros are left out."""

    def __init__(self) -> None:
        self.above = self.below = 0

    def add(self, column: list[Any]) -> None:
        self.above += sum(1 for one in column if one is not None and one > 0)
        self.below += sum(1 for one in column if one is not None and one < 0)

    def merge(self, dumped: Any) -> None:
        self.above += dumped[0]
        self.below += dumped[1]

    def dump(self) -> Any:
        return [self.above, self.below]

    def value(self) -> float:
        return _two_sided(max(self.above, self.below), self.above + self.below)


def _two_sided(most: int, total: int) -> float:
    """Twice the chance of ``most`` heads or more in ``total`` throws, at most 1."""
    # From the likeliest term on, each is a known ratio of the one before: no large number is made.
    first = math.lgamma(total + 1) - math.lgamma(most + 1) - math.lgamma(total - most + 1)
    term = math.exp(first - total * math.log(2))
    tail = 0.0
    for heads in range(most, total + 1):
        tail += term
        if term < tail * 1e-17:
            break
        term *= (total - heads) / (heads + 1)
    return min(1.0, 2 * tail)
