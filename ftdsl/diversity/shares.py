"""Groups against their bounds: which are met, and how many rows are missing."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from itertools import count as count_from

from ftdsl.language.program import BucketDef
from ftdsl.results.coverage import Bar

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}

# Groups shown that no bound speaks of, the largest first.
UNBOUND = 50


def bars(
    counts: dict[str, int],
    bounds: Sequence[BucketDef],
    rows: int,
    possible: tuple[str, ...] | None,
    notes: dict[str, str],
) -> tuple[Bar, ...]:
    """One bar for each bound and group. ``each`` speaks of every group (of ``possible``, or that
    occurs) that no other line names; groups without a bound are shown without one."""
    named = {bound.key for bound in bounds if bound.key is not None}
    each = [bound for bound in bounds if bound.key is None]
    every = possible if possible is not None else tuple(counts)
    found: list[Bar] = []
    for bound in bounds:
        keys = (bound.key,) if bound.key is not None else (key for key in every if key not in named)
        found += [_bar(key, counts.get(key, 0), rows, bound, notes.get(key, "")) for key in keys]
    if not each:
        rest = [key for key in every if key not in named]
        found += [_unbound(key, counts.get(key, 0), rows, notes) for key in rest[:UNBOUND]]
    return tuple(found)


def _unbound(key: str, count: int, rows: int, notes: dict[str, str]) -> Bar:
    return Bar(key=key, rows=count, share=_share(count, rows), note=notes.get(key, ""))


def _bar(key: str, count: int, rows: int, bound: BucketDef, note: str) -> Bar:
    share = _share(count, rows)
    met = OPERATORS[bound.op](share if bound.is_share else count, bound.bound)
    return Bar(
        key=key,
        rows=count,
        share=share,
        bound=bound.bound,
        op=bound.op,
        is_share=bound.is_share,
        met=met,
        missing_rows=0 if met else missing_rows(count, rows, bound),
        note=note,
    )


def _share(count: int, rows: int) -> float:
    return count / rows if rows else 0.0


def missing_rows(count: int, rows: int, bound: BucketDef) -> int:
    """How many further rows of this group meet an unmet lower bound; 0 for any other bound.

    A share is met by x rows when (count + x) / (rows + x) reaches it. No number of rows reaches
    more than all (or all, beside other rows): then it is the rows that all of them would be.
    """
    if bound.op not in (">=", ">"):
        return 0
    meets = OPERATORS[bound.op]
    if not bound.is_share:
        more = max(0, math.ceil(bound.bound) - count)
        return more if meets(count + more, bound.bound) else more + 1
    if bound.bound >= 1:
        return max(rows - count, 1)
    # The formula's rounding is at most a row off; the first that meets it is the answer.
    start = max(0, math.floor((bound.bound * rows - count) / (1 - bound.bound)) - 1)
    return next(x for x in count_from(start) if meets(_share(count + x, rows + x), bound.bound))


def entropy(counts: Sequence[int]) -> float:
    """Shannon entropy in bits of how the rows fall into groups."""
    total = sum(counts)
    parts = [count / total for count in counts if count]
    return max(0.0, -sum(part * math.log2(part) for part in parts))
