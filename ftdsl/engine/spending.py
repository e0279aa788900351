"""What a run may spend on models, and what it has spent: dollars, tokens and requests.

A request is paid for before it is made: its worst case is held until its true cost is known, so
that what was spent and what is under way together never exceed a limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

_ROUNDING = 1e-9  # dollars that adding up may be off


class Amount(NamedTuple):
    """What one or more requests cost: US dollars, tokens in and out, requests."""

    money: float = 0.0
    tokens: float = 0.0
    requests: float = 0.0

    def plus(self, other: Amount, times: float = 1.0) -> Amount:
        return Amount(
            self.money + times * other.money,
            self.tokens + times * other.tokens,
            self.requests + times * other.requests,
        )


class Budget(NamedTuple):
    """The most of each; None is no limit."""

    money: float | None = None
    tokens: float | None = None
    requests: float | None = None


class Exhausted(Exception):
    """No further request fits into a limit, whatever those under way will come to."""

    def __init__(self, whose: str, what: str, limit: float, spent: float) -> None:
        super().__init__(f"{whose}: {what}")
        self.whose = whose
        self.what = what
        self.limit = limit
        self.spent = spent


@dataclass(slots=True)
class Ledger:
    """``whose`` budget it is, in words. ``held`` is the worst case of the requests under way."""

    budget: Budget = field(default_factory=Budget)
    whose: str = "this run"
    spent: Amount = field(default_factory=Amount)
    held: Amount = field(default_factory=Amount)
    parts: dict[str, Ledger] = field(default_factory=dict)

    def part(self, name: str, budget: Budget) -> Ledger:
        """The ledger of a part of the run that has a budget of its own."""
        if name not in self.parts:
            self.parts[name] = Ledger(budget, name)
        return self.parts[name]

    def fits(self, worst: Amount) -> bool:
        """Whether ``worst`` fits beside all that is spent and held. Raises ``Exhausted`` where it
        would not even if all that is held were given back."""
        fits = True
        for what, limit, spent, held, more in zip(
            Amount._fields, self.budget, self.spent, self.held, worst, strict=True
        ):
            if limit is None:
                continue
            if spent + more > limit + _ROUNDING:
                raise Exhausted(self.whose, what, limit, spent)
            fits = fits and spent + held + more <= limit + _ROUNDING
        return fits


@dataclass(frozen=True, slots=True)
class Purse:
    """The ledgers that one model's requests are paid from; all of them must bear each."""

    ledgers: tuple[Ledger, ...] = ()

    def hold(self, worst: Amount) -> bool:
        """Hold ``worst`` in every ledger if it fits in all, and tell whether it did. False: try
        again when a request under way has ended. Raises ``Exhausted``."""
        fitting = [ledger.fits(worst) for ledger in self.ledgers]  # each may raise
        if not all(fitting):
            return False
        for ledger in self.ledgers:
            ledger.held = ledger.held.plus(worst)
        return True

    def settle(self, worst: Amount, true: Amount) -> None:
        """The request that ``worst`` was held for came to ``true``."""
        for ledger in self.ledgers:
            ledger.held = ledger.held.plus(worst, -1.0)
            ledger.spent = ledger.spent.plus(true)
