"""Numbers as people read them: counts, shares, sizes, durations, intervals, small curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_BLOCKS = "▁▂▃▄▅▆▇█"
_SIZES = ("B", "kB", "MB", "GB", "TB")


def count(value: int) -> str:
    """``1,234``."""
    return f"{value:,}"


def plural(value: int, noun: str, many: str = "") -> str:
    """``1 row``, ``1,234 rows``."""
    return f"{count(value)} {noun if value == 1 else many or noun + 's'}"


def share(value: float) -> str:
    """A part of one in percent with one decimal; never rounded to 0% or 100% unless it is that."""
    if not math.isfinite(value):
        return "unknown"
    percent = value * 100
    if 0 < percent < 0.05:
        return "<0.1%"
    if 99.95 <= percent < 100:
        return ">99.9%"
    return f"{percent:.1f}".removesuffix(".0") + "%"


def score(value: float) -> str:
    """A score in [0, 1] as ``41.2%``; anything else as a plain number."""
    if not math.isfinite(value):
        return "unknown"
    return f"{value * 100:.1f}%" if -1 <= value <= 1 else f"{value:,.2f}"


def difference(value: float) -> str:
    """The difference of two scores in points: ``+29.1 pp``."""
    return f"{value * 100:+.1f} pp" if math.isfinite(value) else "unknown"


def quantity(value: float, unit: str, *, points: bool = False) -> str:
    """An estimate in its unit: a score, a difference in points, seconds or dollars."""
    if unit == "seconds":
        return f"{value:.3g} s"
    if unit == "dollars":
        return money(value)
    if unit == "number":
        return f"{value:.2f}"
    return difference(value) if points else score(value)


def interval(low: float, high: float, *, points: bool = False, unit: str = "share") -> str:
    """``[34.1%, 48.0%]``, or in points ``[+22.4, +35.7] pp``, or in another unit."""
    if unit != "share":
        return f"[{quantity(low, unit)}, {quantity(high, unit)}]"
    if points and math.isfinite(low) and math.isfinite(high):
        return f"[{low * 100:+.1f}, {high * 100:+.1f}] pp"
    return f"[{score(low)}, {score(high)}]"


def decimal(value: float | None) -> str:
    """A loss or a learning rate, three significant digits; an en dash where there is none."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    return f"{value:.3g}" if abs(value) < 0.01 and value else f"{value:.3f}"


def size(value: int) -> str:
    """``3.1 MB``: decimal units."""
    amount = float(value)
    for unit in _SIZES[:-1]:
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.1f} {_SIZES[-1]}"


def duration(seconds: float) -> str:
    """``0.4s``, ``12s``, ``4m 12s``, ``2h 05m``."""
    if seconds < 0.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def large(value: float) -> str:
    """``840``, ``12k``, ``3.4M``: for estimates, where more digits would be a lie."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            scaled = value / limit
            return f"{scaled:.3g}{unit}" if scaled < 999 else f"{scaled:.0f}{unit}"
    return f"{value:.0f}"


def money(value: float) -> str:
    """US dollars."""
    return f"${value:,.2f}"


def thinned(values: Sequence[float], width: int) -> list[float]:
    """At most ``width`` values: the mean of each of ``width`` equal stretches."""
    if len(values) <= width:
        return list(values)
    edges = [round(i * len(values) / width) for i in range(width + 1)]
    return [math.fsum(values[a:b]) / (b - a) for a, b in pairwise(edges)]


def sparkline(values: Sequence[float], width: int = 24) -> str:
    """The values as a row of blocks, lowest to highest; empty for fewer than two."""
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 2:
        return ""
    shown = thinned(finite, width)
    low, high = min(shown), max(shown)
    spread = high - low or 1.0
    return "".join(_BLOCKS[min(7, int((value - low) / spread * 8))] for value in shown)


def meter(value: float, width: int) -> str:
    """A share as a bar of ``width`` signs."""
    filled = round(max(0.0, min(1.0, value)) * width)
    return "█" * filled + "░" * (width - filled)
