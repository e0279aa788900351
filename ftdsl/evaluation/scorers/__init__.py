"""What one output is worth against what was expected: an implementation for each catalog scorer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ftdsl.evaluation.scorers import combined, likeness, meaning, numbers, structured, texts
from ftdsl.evaluation.scorers.unscorable import Unscorable

__all__ = ["COLUMN_SCORERS", "SCORERS", "Unscorable"]

COLUMN_SCORERS = meaning.COLUMN_SCORERS

SCORERS: Mapping[str, Callable[..., float]] = {
    **texts.SCORERS,
    **numbers.SCORERS,
    **structured.SCORERS,
    **likeness.SCORERS,
    **combined.SCORERS,
}
"""By catalog name; arguments in the catalog's order. Each returns a number in [0, 1]. Those that
ask a model are in ``judges``."""
