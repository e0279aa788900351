"""What a candidate of a selection came to, in the words that all reports share."""

from __future__ import annotations

from ftdsl.reports.numbers import count, difference, interval, money, plural, score, size
from ftdsl.results.selection import Behind, Contender, SelectOutput

AXES = {
    "cost_per_1k": "cost of a thousand answers",
    "latency.p50": "median time of an answer",
    "size": "size of the weights",
}


def rank_text(one: Contender, output: SelectOutput) -> str:
    """``1``, ``1 =`` for one that shares the lead, ``out``."""
    if one.rank is None:
        return "out"
    shared = one.rank == 1 and len(output.chosen) > 1
    return f"{one.rank} =" if shared else str(one.rank)


def figures(one: Contender) -> list[str]:
    """Scores, times, price and size, as far as they are known."""
    found = [f"{name} {score(each.mean)}" for name, each in one.scores.items()]
    found += [f"{name} {seconds(value)}" for name, value in one.latency.items()]
    if one.cost_per_1k is not None:
        found.append(f"{money(one.cost_per_1k)} per 1k")
    if one.size is not None:
        found.append(size(round(one.size)))
    return found


def seconds(value: float) -> str:
    """A time of an answer."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.3g} s"


def behind_text(behind: Behind) -> str:
    """How far behind the leader, and whether that is more than chance."""
    if behind.n == 0:
        told = f"{behind.difference:.4g} behind {behind.leader}"
        return f"tied with {behind.leader}: {behind.note}" if behind.note else told
    ends = interval(-behind.high, -behind.low, points=True)
    amount = f"{difference(-behind.difference)} {ends} against {behind.leader}"
    tied = f"tied with {behind.leader}: " if behind.tied else ""
    how = f"{behind.method}, {plural(behind.n, 'case')}, {behind.confidence:.4g} joint confidence"
    return f"{tied}{amount} ({how})"


def axis_text(value: float, axis: str) -> str:
    """A value on the cost axis."""
    if axis == "cost_per_1k":
        return money(value)
    return size(round(value)) if axis == "size" else seconds(value)


def cost_of(one: Contender, axis: str) -> float | None:
    """Where a candidate stands on the cost axis."""
    if axis == "cost_per_1k":
        return one.cost_per_1k
    return one.size if axis == "size" else one.latency.get("p50")


def left_text(output: SelectOutput) -> str:
    """How many candidates are left."""
    left = sum(one.rank is not None for one in output.contenders)
    return f"{count(left)} of {plural(len(output.contenders), 'candidate')} left"
