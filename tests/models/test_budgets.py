"""What a budget lets through, counted at the server."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from ftdsl.engine.context import Policy, Refused
from ftdsl.engine.spending import Budget, Ledger, Purse
from ftdsl.evaluation.step import run_eval
from ftdsl.language.program import ModelDef, Value
from ftdsl.models.asking import answer_all
from ftdsl.plan.prices import Price, price_of, price_table
from tests.evaluation.evals import eval_def, eval_step, write_cases
from tests.models.desk import desk
from tests.models.faulty_server import completion, raw, resets, says, serving, status
from tests.models.test_faulty_host import model, questions

DOLLAR_A_TOKEN = Price(1e6, 0.5e6, 1e6, "the test")
"""Three tokens in and two out, which the server counts, are five dollars."""


def hosted(url: str = "https://models.example.org/v1", **settings: Value) -> ModelDef:
    found: dict[str, Value] = {"base_url": url, "name": "m", "max_tokens": 10} | settings
    return ModelDef("m", "openai_compatible", tuple(sorted(found.items())))


@pytest.mark.code("FT534")
def test_requests_stop_at_the_budget_and_the_answers_are_kept(tmp_path: Path) -> None:
    ledger = Ledger(Budget(requests=7))
    with serving(says("a")) as (url, log):
        poor = model(url, purse=Purse((ledger,)), concurrency=3)
        with pytest.raises(Refused, match="7 of 7 requests") as refused:
            answer_all(poor, questions(20), desk(tmp_path))
        assert len(log.bodies) == 7
        found = answer_all(model(url), questions(20), desk(tmp_path))
    assert (refused.value.diagnostic.code, refused.value.exit_code) == ("FT534", 4)
    assert sum(one.cached for one in found) == 7
    assert len(log.bodies) == 20


@pytest.mark.parametrize("concurrency", [1, 8])
def test_money_is_set_aside_at_the_worst_and_counted_at_the_true_cost(
    tmp_path: Path, concurrency: int
) -> None:
    """Worst case: a dollar for each byte of the request and 10 for the answer. Truly 5 each."""
    asked = [one for one in questions(30) if len(one.case_id) == 3][:15]
    with serving(says("a")) as (url, log):
        free = model(url, price=DOLLAR_A_TOKEN)
        answer_all(free, asked[:1], desk(tmp_path))
        size = len(json.dumps(log.bodies[0], separators=(",", ":")))
        worst = size + 256
        log.bodies.clear()
        ledger = Ledger(Budget(money=worst + 5 * 9))
        rich = model(
            url, price=DOLLAR_A_TOKEN, purse=Purse((ledger,)), concurrency=concurrency,
            identity={"url": "other"},
        )  # fmt: skip
        with pytest.raises(Refused, match=r"\$50\.0000 of"):
            answer_all(rich, asked, desk(tmp_path))
    assert len(log.bodies) == 10
    assert ledger.spent.money == pytest.approx(50)
    assert ledger.held.money == pytest.approx(0)


def test_what_may_have_been_billed_counts_in_full_and_what_was_not_does_not(
    tmp_path: Path,
) -> None:
    spent = {}
    for name, fault in {"reset": resets, "500": status(500), "429": status(429)}.items():
        ledger = Ledger(Budget(money=10_000))
        with serving(fault, says("a")) as (url, log):
            asked = model(url, price=DOLLAR_A_TOKEN, purse=Purse((ledger,)))
            answer_all(asked, questions(1), desk(tmp_path))
        spent[name] = ledger.spent
        (tmp_path / ".cache" / "answers.sqlite").unlink()
        assert len(log.bodies) == 2
    assert [one.requests for one in spent.values()] == [2, 2, 2]
    assert spent["429"].money == pytest.approx(5)
    assert spent["reset"].money == spent["500"].money > 5 + 256


def test_cached_tokens_cost_less_and_uncounted_ones_the_most(tmp_path: Path) -> None:
    body = completion("a")
    body["usage"]["prompt_tokens_details"] = {"cached_tokens": 2}
    ledger = Ledger(Budget(money=10_000))
    with serving(raw(json.dumps(body).encode())) as (url, _):
        asked = model(url, price=DOLLAR_A_TOKEN, purse=Purse((ledger,)))
        (found,) = answer_all(asked, questions(1), desk(tmp_path))
    assert found.cached_tokens == 2
    assert ledger.spent.money == pytest.approx(1 + 2 * 0.5 + 2)
    ledger = Ledger(Budget(money=10_000))
    with serving(raw(json.dumps({k: v for k, v in body.items() if k != "usage"}).encode())) as (
        url, _,
    ):  # fmt: skip
        asked = model(url, price=DOLLAR_A_TOKEN, purse=Purse((ledger,)), identity={"url": "other"})
        answer_all(asked, questions(1), desk(tmp_path))
    assert ledger.spent.money > 256


@pytest.mark.code("FT532")
@pytest.mark.code("FT533")
def test_an_unknown_price_and_a_missing_budget_ask_nothing(tmp_path: Path) -> None:
    write_cases(tmp_path, [("q", "a")])
    hosts = frozenset({"models.example.org"})
    priced = {"input_per_1m": 1.0, "output_per_1m": 2.0}
    for settings, budget, code in (
        ({}, Budget(money=5.0), "FT532"),
        (priced, Budget(tokens=1000), "FT533"),
    ):
        policy = Policy(allowed_hosts=hosts, ledger=Ledger(budget))
        with pytest.raises(Refused) as refused:
            run_eval(eval_step(hosted(**settings)), desk(tmp_path, policy))
        assert (refused.value.diagnostic.code, refused.value.exit_code) == (code, 4)


def test_an_eval_has_a_budget_of_its_own_and_says_what_it_spent(tmp_path: Path) -> None:
    write_cases(tmp_path, [(f"q{i}", "a") for i in range(10)])
    prices: dict[str, Value] = {"input_per_1m": 10.0, "output_per_1m": 20.0}
    with serving(says("a")) as (url, log):
        step = eval_step(hosted(url, **prices), eval_def(budget_requests=4, concurrency=1))
        policy = Policy(ledger=Ledger(Budget(money=5.0)))
        with pytest.raises(Refused, match=r"eval `golden`.*4 of 4 requests") as refused:
            run_eval(step, desk(tmp_path, policy))
        assert "`budget_requests` of the eval" in refused.value.diagnostic.help
        assert len(log.bodies) == 4
        policy = Policy(ledger=Ledger(Budget(money=5.0)))
        step = eval_step(hosted(url, **prices), eval_def(budget=1.0, concurrency=1))
        found = run_eval(step, desk(tmp_path, policy))
    each = 3 * 10 / 1e6 + 2 * 20 / 1e6
    assert len(log.bodies) == 10
    assert found.cost_per_1k == pytest.approx(1000 * each)
    assert found.spent == pytest.approx(6 * each)
    assert found.price == "$10 in, $10 cached, $20 out per 1M tokens (stated in the spec)"


def test_the_table_is_dated_and_has_its_sources() -> None:
    table = price_table()
    assert len(table) >= 10
    for price in table.values():
        assert price.source.startswith("https://")
        assert isinstance(price.as_of, date)
        assert 0 < price.cached <= price.input < price.output


def test_who_states_a_price() -> None:
    mini = ModelDef("mini", "openai", (("name", "gpt-4.1-mini"),))
    listed = price_of(mini)
    assert listed is not None
    assert (listed.input, listed.cached, listed.output) == (0.40, 0.10, 1.60)
    assert "developers.openai.com" in str(listed)
    cheap = ModelDef(
        "mini", "openai",
        (("input_per_1m", 0.01), ("name", "gpt-4.1-mini"), ("output_per_1m", 9.0)),
    )  # fmt: skip
    dearer = price_of(cheap)
    assert dearer is not None
    assert (dearer.input, dearer.output) == (0.40, 9.0)
    assert price_of(ModelDef("ft", "openai", (("name", "ft:gpt-4.1-mini:acme::x"),))) is None
    assert price_of(hosted()) is None
    for free in (hosted("http://127.0.0.1:1/v1"), hosted(privacy="on_premises")):
        found = price_of(free)
        assert found is not None
        assert found.is_free
