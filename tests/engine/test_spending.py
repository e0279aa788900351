from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.engine.spending import Amount, Budget, Exhausted, Ledger, Purse


def test_what_is_under_way_counts_until_it_is_settled() -> None:
    ledger = Ledger(Budget(money=1.0))
    purse, worst = Purse((ledger,)), Amount(0.4, 100, 1)
    assert purse.hold(worst)
    assert purse.hold(worst)
    assert not purse.hold(worst)  # it may fit when the others turn out cheaper
    purse.settle(worst, Amount(0.1, 20, 1))
    assert purse.hold(worst)
    assert (ledger.spent.money, ledger.held.money) == (pytest.approx(0.1), pytest.approx(0.8))
    purse.settle(worst, worst)
    purse.settle(worst, worst)
    with pytest.raises(Exhausted, match="this run: money") as spent:
        purse.hold(worst)
    assert (spent.value.limit, spent.value.spent) == (1.0, pytest.approx(0.9))


@pytest.mark.parametrize(
    ("budget", "what"),
    [(Budget(tokens=150), "tokens"), (Budget(requests=1), "requests"), (Budget(money=0), "money")],
)
def test_each_limit_holds(budget: Budget, what: str) -> None:
    purse, worst = Purse((Ledger(budget),)), Amount(0.4, 100, 1)
    with pytest.raises(Exhausted) as spent:
        while purse.hold(worst):
            purse.settle(worst, worst)
    assert spent.value.what == what


def test_every_ledger_must_bear_a_request() -> None:
    run = Ledger(Budget(money=10.0))
    part = run.part("eval `golden`", Budget(money=1.0))
    assert run.part("eval `golden`", Budget()) is part
    purse = Purse((run, part))
    assert purse.hold(Amount(0.9, 1, 1))
    assert not purse.hold(Amount(0.9, 1, 1))
    assert run.held == Amount(0.9, 1, 1)  # nothing was held where the other had no room
    purse.settle(Amount(0.9, 1, 1), Amount(0.9, 1, 1))
    with pytest.raises(Exhausted, match="eval `golden`: money"):
        purse.hold(Amount(0.9, 1, 1))
    assert Purse((run,)).hold(Amount(0.9, 1, 1))


amounts = st.builds(
    Amount,
    st.floats(0, 2, allow_subnormal=False),
    st.integers(0, 500).map(float),
    st.just(1.0),
)


@given(
    st.lists(st.tuples(amounts, st.floats(0, 1), st.booleans()), max_size=80),
    st.floats(0, 20),
    st.integers(0, 5000),
    st.integers(0, 40),
)
def test_no_schedule_spends_more_than_the_budget(
    requests: list[tuple[Amount, float, bool]], money: float, tokens: int, count: int
) -> None:
    """Requests of any worst case, which turn out to cost any share of it, ending in any order."""
    ledger = Ledger(Budget(money, tokens, count))
    purse = Purse((ledger,))
    under_way: list[tuple[Amount, float]] = []
    for worst, share, newest_first in requests:
        try:
            if purse.hold(worst):
                under_way.append((worst, share))
        except Exhausted as spent:
            assert getattr(worst, spent.what) + spent.spent > spent.limit
        if under_way and newest_first:
            held, part = under_way.pop()
            purse.settle(held, Amount(*(part * one for one in held)))
        for limit, one, other in zip(ledger.budget, ledger.spent, ledger.held, strict=True):
            assert limit is not None
            assert one + other <= limit + 1e-6
    for held, _ in under_way:
        purse.settle(held, held)
    assert all(
        one <= (limit or 0) + 1e-6 for one, limit in zip(ledger.spent, ledger.budget, strict=True)
    )
