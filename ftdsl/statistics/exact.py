"""Exact tests of small counts."""

from __future__ import annotations

from fractions import Fraction
from math import comb


def fisher(a: int, b: int, c: int, d: int) -> float:
    """The two-sided p-value of "both rows have the same share" in the table a, b / c, d: the chance
    of all tables with its sums that are no likelier (Fisher, "The design of experiments", 1935)."""
    rows, column, total = a + b, a + c, a + b + c + d
    ways = [
        comb(rows, k) * comb(total - rows, column - k)
        for k in range(max(0, column - (total - rows)), min(rows, column) + 1)
    ]
    seen = comb(rows, a) * comb(total - rows, column - a)
    return float(Fraction(sum(one for one in ways if one <= seen), comb(total, column)))
