"""Values that are hardly one of a list: the same but for case and white space, or a slip away."""

from __future__ import annotations

from collections.abc import Iterable

from ftdsl.diagnostics.suggestion import edit_distance

_SHORTEST = 4
"""Letters of the shortest value that can be a slip of another: codes are near one another."""
_PER_EDIT = 4
LONGEST = 60
"""Characters of the longest value that is looked at: what is longer is a text, and no label."""


def form(value: str) -> str:
    """What is left of a value without its case and its white space."""
    return " ".join(value.casefold().split())


def same_but_for_form(value: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that differs from ``value`` by case and white space alone; None where
    none or several do, or ``value`` is known itself."""
    plain, values = form(value), set(known)
    found = [one for one in values if form(one) == plain]
    return found[0] if len(found) == 1 and value not in values else None


def likely(value: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that is likely meant by ``value``: the same but for form, or the nearest
    by one edit in four letters. None where several are as near, and for another number."""
    values = sorted(set(known))
    if value in values or len(value) > LONGEST:
        return None
    if (same := same_but_for_form(value, values)) is not None:
        return same
    near = sorted((slip, one) for one in values if (slip := slips(form(value), form(one))))
    nearest = [one for count, one in near if count == near[0][0]]
    return nearest[0] if len(nearest) == 1 else None


def slips(value: str, other: str) -> int:
    """How many edits lead from one form to the other; 0 where they are not near: the same, too
    short, too far apart, or with other digits."""
    size = min(len(value), len(other))
    limit = max(1, size // _PER_EDIT)
    if size < _SHORTEST or value == other or abs(len(value) - len(other)) > limit:
        return 0
    if _digits(value) != _digits(other):
        return 0
    found = edit_distance(value, other)
    return found if found <= limit else 0


def _digits(value: str) -> list[str]:
    return [one for one in value if one.isdigit()]
