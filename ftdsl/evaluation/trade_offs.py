"""Which candidates are worth their cost: those that none beats in quality and in cost at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from ftdsl.results.selection import Contender

Axis = Literal["", "cost_per_1k", "latency.p50", "size"]

_AXES: dict[Axis, Callable[[Contender], float | None]] = {
    "cost_per_1k": lambda one: one.cost_per_1k,
    "latency.p50": lambda one: one.latency.get("p50"),
    "size": lambda one: one.size,
}


def cost_axis(contenders: Sequence[Contender]) -> Axis:
    """The first of price, time and size that is known of all that have a value, and differs."""
    valued = [one for one in contenders if one.value is not None]
    for axis, cost in _AXES.items():
        costs = [cost(one) for one in valued]
        if None not in costs and len(set(costs)) > 1:
            return axis
    return ""


def efficient(contenders: Sequence[Contender], axis: Axis, largest: bool) -> frozenset[str]:
    """The candidates that no other one beats: none is at least as good and as cheap, and better in
    one of the two. With ``largest`` a larger value is the better one."""
    if not axis:
        return frozenset()
    points = {
        one.model: (one.value if largest else -one.value, _AXES[axis](one) or 0.0)
        for one in contenders
        if one.value is not None
    }
    return frozenset(
        name
        for name, (good, cost) in points.items()
        if not any(g >= good and c <= cost and (g > good or c < cost) for g, c in points.values())
    )
