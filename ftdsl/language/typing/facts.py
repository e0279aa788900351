"""Which values a condition shows not to be null."""

from __future__ import annotations

from ftdsl.language import catalog
from ftdsl.language.program import Expr

_PRESENCE = frozenset(
    entry.name
    for entry in catalog.ROW.values()
    if [parameter.type for parameter in entry.parameters] == ["optional"]
)
"""Functions that ask whether a value is there."""


def present(condition: Expr | None, holds: bool) -> frozenset[str]:
    """The fields that cannot be null once ``condition`` is known to hold, or not to."""
    if condition is None:
        return frozenset()
    if condition.op == "not":
        return present(condition.args[0], not holds)
    if condition.op in ("and", "or"):
        sides = [present(side, holds) for side in condition.args]
        # In `a and b` both hold; of a failed `a and b` it is not known which one failed.
        return sides[0] | sides[1] if (condition.op == "and") is holds else sides[0] & sides[1]
    if holds and condition.op == "call" and condition.value in _PRESENCE:
        argument = condition.args[0]
        if argument.op in ("field", "param"):
            return frozenset([str(argument.value)])
    return frozenset()
