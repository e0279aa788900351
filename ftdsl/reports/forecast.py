"""What a check foretells of training, in lines of text: tokens, long rows, cost."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.inert import line
from ftdsl.reports.numbers import count
from ftdsl.results.models import CheckOutput, Forecast, TrainingCost

_TOKENS = "tokens"


def token_lines(output: CheckOutput) -> Iterator[str]:
    """Percentiles of the tokens, who would cut or drop how many rows, and what training costs."""
    found = output.statistics.get(_TOKENS)
    if found is None:
        return
    median, high, most = (round(found[name]) for name in ("median", "p95", "max"))
    yield (
        f"    tokens a row: median {count(median)}, 95th percentile {count(high)}, "
        f"longest {count(most)}"
    )
    yield from (f"    {_long(one)}" for one in output.forecasts if one.over or one.train)
    yield from (f"    {_cost(one)}" for one in output.costs)


def _long(found: Forecast) -> str:
    who = f"train {line(found.train)}" if found.train else f"{found.trainer} by default"
    rows = f"{count(found.over)} of {count(found.rows)} rows"
    if not found.over:
        return f"{who}: no row of {count(found.rows)} is over {count(found.limit)} tokens"
    return f"{who}: {rows} over {count(found.limit)} tokens are {found.fate}"


def _cost(bill: TrainingCost) -> str:
    told = (
        f"train {line(bill.train)}: {count(bill.tokens)} tokens, "
        f"{count(bill.epochs)} {'epoch' if bill.epochs == 1 else 'epochs'}"
    )
    if bill.money is None:
        return f"{told}; the cost is unknown: state `price_per_1m`"
    return f"{told}: about ${bill.money:,.2f} at ${bill.price_per_1m:,.2f} a million"
