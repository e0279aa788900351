"""What a hosted job costs at the most, held against the spec's budget before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ftdsl.language.program import Value


@dataclass(frozen=True, slots=True)
class Bill:
    """``tokens`` of one pass times ``epochs`` at ``price`` dollars a million. ``price`` None is a
    price that nobody stated."""

    tokens: int
    epochs: int
    price: float | None
    budget: float

    @property
    def money(self) -> float | None:
        return None if self.price is None else self.tokens * self.epochs * self.price / 1e6

    @property
    def allowed(self) -> bool:
        return self.money is not None and self.money <= self.budget


def bill_of(settings: Mapping[str, Value], tokens: int, epochs: int, *, free: bool) -> Bill:
    """The bill of a job. A host of this machine costs nothing (``free``) unless a price is stated:
    then it is rehearsed as it would be elsewhere."""
    stated, budget = settings.get("price_per_1m"), settings.get("budget")
    price = float(stated) if isinstance(stated, int | float) else (0.0 if free else None)
    return Bill(tokens, epochs, price, float(budget) if isinstance(budget, int | float) else 0.0)
