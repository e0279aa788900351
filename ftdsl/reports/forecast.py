"""What a check foretells of training, in lines of text: tokens, long rows, cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from ftdsl.reports.inert import line
from ftdsl.reports.numbers import count

_TOKENS = "tokens"


class Long(Protocol):
    """Rows over a limit, in one training or one trainer."""

    @property
    def trainer(self) -> str: ...
    @property
    def train(self) -> str: ...
    @property
    def limit(self) -> int: ...
    @property
    def fate(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def over(self) -> int: ...


class Bill(Protocol):
    """What a hosted training costs."""

    @property
    def train(self) -> str: ...
    @property
    def tokens(self) -> int: ...
    @property
    def epochs(self) -> int: ...
    @property
    def price_per_1m(self) -> float | None: ...
    @property
    def money(self) -> float | None: ...


def foretold(
    statistics: Mapping[str, Mapping[str, float]], long: Sequence[Long], bills: Sequence[Bill]
) -> Iterator[str]:
    """Percentiles of the tokens, who would cut or drop how many rows, and what training costs;
    nothing where tokens were not counted."""
    found = statistics.get(_TOKENS)
    if found is None:
        return
    median, high, most = (round(found[name]) for name in ("median", "p95", "max"))
    yield (
        f"tokens a row: median {count(median)}, 95th percentile {count(high)}, "
        f"longest {count(most)}"
    )
    yield from (_long(one) for one in long if one.over or one.train)
    yield from map(_cost, bills)


def _long(found: Long) -> str:
    who = f"train {line(found.train)}" if found.train else f"{found.trainer} by default"
    rows = f"{count(found.over)} of {count(found.rows)} rows"
    if not found.over:
        return f"{who}: no row of {count(found.rows)} is over {count(found.limit)} tokens"
    return f"{who}: {rows} over {count(found.limit)} tokens are {found.fate}"


def _cost(bill: Bill) -> str:
    told = (
        f"train {line(bill.train)}: {count(bill.tokens)} tokens, "
        f"{count(bill.epochs)} {'epoch' if bill.epochs == 1 else 'epochs'}"
    )
    if bill.money is None:
        return f"{told}; the cost is unknown: state `price_per_1m`"
    return f"{told}: about ${bill.money:,.2f} at ${bill.price_per_1m:,.2f} a million"
