"""Numbers, lists and absent values of a row."""

from __future__ import annotations

from typing import Any

Number = int | float


def has(value: Any) -> bool:
    """Whether the value is there."""
    return value is not None


def items(values: list[Any]) -> int:
    """Items in the list."""
    return len(values)


def magnitude(value: Number) -> Number:
    """The quantity without its sign."""
    return abs(value)


def rounded(value: Number, digits: int = 0) -> Number:
    """The quantity rounded to ``digits`` after the point, halves to the even digit."""
    return round(value, digits)


def smallest(*values: Number) -> Number:
    """The smallest of the quantities."""
    return min(values)


def largest(*values: Number) -> Number:
    """The largest of the quantities."""
    return max(values)


EACH: dict[str, Any] = {
    "has": has,
    "items": items,
    "abs": magnitude,
    "round": rounded,
    "min": smallest,
    "max": largest,
}
