from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.engine.context import Refused
from ftdsl.evaluation.gates import run_gate
from ftdsl.language.program import Expr, RequireDef
from ftdsl.results.models import GateOutput
from ftdsl.statistics.proportions import tango, wilson
from ftdsl.statistics.shares import share_interval
from tests.evaluation.verdicts import (
    Scores,
    at_least,
    binary,
    decide,
    gate_step,
    measure,
    not_worse,
    number,
    publish,
    require,
)
from tests.models.desk import desk


def scores(right: int, of: int) -> list[float]:
    return [1.0] * right + [0.0] * (of - right)


def test_a_point_decides_without_confidence(tmp_path: Path) -> None:
    found = decide(tmp_path, require(at_least(0.82)), scores(41, 50))
    (one,) = found.requirements
    assert (found.verdict, one.verdict, one.estimate, one.bound) == ("pass", "pass", 0.82, 0.82)
    assert (one.low, one.high) == share_interval(41, 50, 0.95)
    assert (one.method, one.unit) == ("Clopper-Pearson", "share")
    assert one.why == "yes or no, fewer than 10 are wrong"
    assert decide(tmp_path, require(at_least(0.83)), scores(41, 50)).verdict == "fail"


@pytest.mark.parametrize(
    ("right", "verdict"), [(50, "pass"), (45, "inconclusive"), (30, "fail"), (41, "inconclusive")]
)
def test_an_interval_decides_with_confidence(tmp_path: Path, right: int, verdict: str) -> None:
    assert decide(tmp_path, require(at_least(0.82), 0.95), scores(right, 50)).verdict == verdict


def test_needed_n_is_where_it_is_decided(tmp_path: Path) -> None:
    (one,) = decide(tmp_path, require(at_least(0.82), 0.95), scores(45, 50)).requirements
    assert one.needed_n is not None
    assert share_interval(0.9 * one.needed_n, one.needed_n, 0.95)[0] >= 0.82
    assert share_interval(0.9 * (one.needed_n - 1), one.needed_n - 1, 0.95)[0] < 0.82


def test_what_the_further_cases_cost_is_told_where_prices_are_known(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "tuned", scores(45, 50), cost=2.0)
    (one,) = run_gate(gate_step(require(at_least(0.82), 0.95)), where).requirements
    assert one.needed_n is not None
    assert one.needed_cost == pytest.approx((one.needed_n - 50) * 2.0 / 1000)
    publish(where, "tuned", scores(45, 50))
    (one,) = run_gate(gate_step(require(at_least(0.82), 0.95)), where).requirements
    assert one.needed_cost is None


def test_no_number_of_cases_decides_an_estimate_on_the_bound(tmp_path: Path) -> None:
    (one,) = decide(tmp_path, require(at_least(0.5), 0.95), scores(25, 50)).requirements
    assert (one.verdict, one.needed_n) == ("inconclusive", None)


def paired(both: int, gained: int, lost: int, neither: int) -> tuple[list[float], list[float]]:
    tuned = [1.0] * (both + gained) + [0.0] * (lost + neither)
    base = [1.0] * both + [0.0] * gained + [1.0] * lost + [0.0] * neither
    return tuned, base


def test_the_baseline_is_compared_case_by_case(tmp_path: Path) -> None:
    tuned, base = paired(60, 12, 2, 26)
    (one,) = decide(tmp_path, require(not_worse(0.01), 0.95), tuned, base).requirements
    assert (one.low, one.high) == tango(12, 2, 100, 0.95)
    assert one.estimate == 0.10
    assert one.bound == pytest.approx(-0.01)
    assert (one.fixed, one.broken, one.paired, one.verdict) == (12, 2, True, "pass")
    assert "McNemar's mid-p = 0.00739" in one.note


def test_ten_equal_answers_do_not_show_that_nothing_is_worse(tmp_path: Path) -> None:
    tuned, base = paired(10, 0, 0, 0)
    (one,) = decide(tmp_path, require(not_worse(0.01), 0.95), tuned, base).requirements
    assert one.verdict == "inconclusive"
    assert one.low == pytest.approx(-0.2775, abs=1e-4)


def test_a_graded_difference_is_paired_as_well(tmp_path: Path) -> None:
    where = desk(tmp_path)
    base = [0.1 + 0.007 * i for i in range(60)]
    publish(where, "base", {"close": base})
    publish(where, "tuned", {"close": [b + 0.05 + 0.001 * (i % 7) for i, b in enumerate(base)]})
    found = run_gate(gate_step(require(not_worse(0.0, "close"), 0.95), baseline="base"), where)
    (one,) = found.requirements
    assert one.verdict == "pass"
    assert one.method == "BCa bootstrap, paired"
    assert one.low > 0.05  # unpaired, the spread of the cases alone would be ± 0.03
    assert one.fixed is None


def test_a_locked_baseline_is_unpaired_and_its_own_doubt_counts(tmp_path: Path) -> None:
    low, high = wilson(0.8, 100, 0.95)
    locked = {"exact.mean": 0.8, "exact.low": low, "exact.high": high, "exact.n": 100.0}
    found = decide(tmp_path, require(not_worse(0.01), 0.95), scores(90, 100), locked=locked)
    (one,) = found.requirements
    assert one.estimate == pytest.approx(0.10)
    # Newcombe's hybrid score interval for 90/100 against 80/100, computed by hand from Wilson.
    assert one.low == pytest.approx(
        0.1 - ((0.9 - 0.8256) ** 2 + (0.8666 - 0.8) ** 2) ** 0.5, abs=1e-3
    )
    assert one.verdict == "pass"
    assert not one.paired


def test_without_a_lock_nothing_is_decided_and_it_says_so(tmp_path: Path) -> None:
    (one,) = decide(tmp_path, require(not_worse(0.01)), scores(9, 10)).requirements
    assert one.verdict == "inconclusive"
    assert "ftdsl lock" in one.note


@pytest.mark.parametrize(("missing", "verdict"), [(5, "pass"), (6, "inconclusive")])
def test_more_than_a_twentieth_unscored_decides_nothing(
    tmp_path: Path, missing: int, verdict: str
) -> None:
    tuned: Scores = [None] * missing + [1.0] * (100 - missing)
    for confidence in (None, 0.95):
        (one,) = decide(tmp_path, require(at_least(0.5), confidence), tuned).requirements
        assert one.verdict == verdict
    assert ("unscored" in one.note) == (verdict == "inconclusive")


def test_the_baselines_unscored_cases_count_as_well(tmp_path: Path) -> None:
    base: Scores = [None] * 6 + [0.0] * 94
    (one,) = decide(tmp_path, require(not_worse(0.0)), scores(100, 100), base).requirements
    assert (one.verdict, one.n) == ("inconclusive", 94)


def test_a_gate_without_any_score_is_inconclusive(tmp_path: Path) -> None:
    found = decide(tmp_path, require(at_least(0.5)), [None] * 5)
    assert found.verdict == "inconclusive"


def test_the_unscored_share_itself_can_be_required(tmp_path: Path) -> None:
    tuned: Scores = [None] * 6 + [1.0] * 94
    condition = binary(measure("exact.unscored"), "<=", number(0.1))
    assert decide(tmp_path, require(condition), tuned).verdict == "pass"
    condition = binary(measure("exact.unscored"), "<=", number(0.05))
    assert decide(tmp_path, require(condition), tuned).verdict == "fail"


def test_the_worst_requirement_decides(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "tuned", scores(45, 50))
    good, open_, bad = require(at_least(0.5)), require(at_least(0.9), 0.95), require(at_least(0.95))
    assert run_gate(gate_step(good), where).verdict == "pass"
    assert run_gate(gate_step(good, open_), where).verdict == "inconclusive"
    assert run_gate(gate_step(open_, bad, good), where).verdict == "fail"


def test_each_slice_with_enough_rows_is_decided(tmp_path: Path) -> None:
    topics = ["a"] * 5 + ["b"] * 4 + ["c"]  # of 50 rows: 25, 20, 5
    tuned = [0.0 if i % 10 in (0, 9) else 1.0 for i in range(50)]
    found = decide(tmp_path, require(at_least(0.9), by="topic"), tuned, topics=topics)
    assert {one.slice: one.verdict for one in found.requirements} == {"a": "fail", "b": "pass"}
    assert found.notes == ("by topic: fewer than 20 rows, so not decided: c (5)",)


def test_a_slice_requirement_without_a_large_enough_slice_decides_nothing(tmp_path: Path) -> None:
    found = decide(tmp_path, require(at_least(0.9), by="topic"), scores(10, 10), topics=["a", "b"])
    assert found.verdict == "inconclusive"
    assert found.requirements[0].note == "no value of `topic` has enough rows"


def test_slices_are_paired_with_their_own_cases(tmp_path: Path) -> None:
    tuned = [1.0 if i % 2 else 0.0 for i in range(80)]
    base = [0.0 if i % 2 else 1.0 for i in range(80)]
    found = decide(tmp_path, require(not_worse(0.0), by="topic"), tuned, base, topics=["a", "b"])
    assert {one.slice: one.estimate for one in found.requirements} == {"a": -1.0, "b": 1.0}


def test_holm_asks_more_of_each_slice_than_of_one_alone(tmp_path: Path) -> None:
    # Each of five slices passes at 95% by itself, and just not at 99%.
    one_slice = scores(43, 50)
    assert decide(tmp_path, require(at_least(0.73), 0.95), one_slice).verdict == "pass"
    assert decide(tmp_path, require(at_least(0.73), 0.99), one_slice).verdict == "inconclusive"
    five = [one_slice[i // 5] for i in range(250)]
    found = decide(
        tmp_path, require(at_least(0.73), 0.95, by="topic"), five, topics=["a", "b", "c", "d", "e"]
    )
    assert {one.verdict for one in found.requirements} == {"inconclusive"}
    assert {one.confidence for one in found.requirements} == {0.99}


def test_holm_steps_down_after_a_clear_slice(tmp_path: Path) -> None:
    # "a" passes at 97.5%; then "b" only needs 95%, which it has, and 97.5% it has not.
    tuned = [x for pair in zip([1.0] * 50, scores(43, 50), strict=True) for x in pair]
    assert decide(tmp_path, require(at_least(0.73), 0.975), scores(43, 50)).verdict != "pass"
    found = decide(tmp_path, require(at_least(0.73), 0.95, by="topic"), tuned, topics=["a", "b"])
    levels = {one.slice: (one.verdict, one.confidence) for one in found.requirements}
    assert levels == {"a": ("pass", 0.975), "b": ("pass", pytest.approx(0.95))}


def test_a_weighted_sum_of_scores(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "tuned", {"exact": scores(8, 10), "close": [0.9] * 10})
    total = binary(
        binary(number(0.7), "*", measure("exact.mean")),
        "+",
        binary(number(0.3), "*", measure("close.mean")),
    )
    (one,) = run_gate(gate_step(require(binary(total, ">=", number(0.83)))), where).requirements
    assert one.estimate == pytest.approx(0.83)
    assert one.verdict == "pass"


def test_latency_is_decided_by_value_or_by_order_statistics(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "tuned", scores(100, 100), latency=[i / 100 for i in range(1, 101)])
    under = binary(measure("latency.p95"), "<=", number(0.97))
    (one,) = run_gate(gate_step(require(under)), where).requirements
    assert (one.verdict, one.estimate, one.unit) == ("pass", 0.95, "seconds")
    (one,) = run_gate(gate_step(require(under, 0.95)), where).requirements
    assert (one.verdict, one.low, one.high) == ("inconclusive", 0.9, 1.0)


@pytest.mark.code("FT531")
def test_times_that_are_this_machines_own_decide_nothing(tmp_path: Path) -> None:
    where = desk(tmp_path)
    under = gate_step(require(binary(measure("latency.p95"), "<=", number(0.2))))
    first = gate_step(require(binary(measure("first_token.p50"), "<=", number(0.08))))
    times = [0.21] * 50
    publish(where, "tuned", scores(50, 50), latency=times)
    assert run_gate(under, where).verdict == "fail"
    publish(where, "tuned", scores(50, 50), latency=times, lag=0.05)
    for step in (under, first):
        with pytest.raises(Refused, match="too busy") as refused:
            run_gate(step, where)
        assert refused.value.diagnostic.code == "FT531"
    # Met with all of it, or not met without any of it: decided all the same.
    publish(where, "tuned", scores(50, 50), latency=[0.19] * 50, lag=0.05)
    assert run_gate(under, where).verdict == "pass"
    publish(where, "tuned", scores(50, 50), latency=[0.3] * 50, lag=0.05)
    assert run_gate(under, where).verdict == "fail"


def test_the_time_to_the_first_token_is_decided_like_the_latency(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "tuned", scores(100, 100), latency=[i / 100 for i in range(1, 101)])
    under = binary(measure("first_token.p95"), "<=", number(0.475))
    (one,) = run_gate(gate_step(require(under)), where).requirements
    assert (one.verdict, one.estimate, one.unit) == ("pass", 0.475, "seconds")


def test_too_few_answers_have_no_upper_limit_of_a_percentile(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "tuned", scores(50, 50), latency=[0.1] * 50)
    under = binary(measure("latency.p95"), "<=", number(9.0))
    (one,) = run_gate(gate_step(require(under, 0.95)), where).requirements
    assert one.verdict == "inconclusive"
    assert "too few" in one.note


@pytest.mark.parametrize("called", ["latency.p95", "cost_per_1k"])
def test_an_unknown_measure_is_inconclusive(tmp_path: Path, called: str) -> None:
    found = decide(tmp_path, require(binary(measure(called), "<=", number(5.0))), scores(10, 10))
    assert found.verdict == "inconclusive"
    assert called in found.requirements[0].note


def test_a_known_cost_is_decided(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "tuned", scores(10, 10), cost=0.0)
    cheap = binary(measure("cost_per_1k"), "<=", number(0.6))
    assert run_gate(gate_step(require(cheap)), where).verdict == "pass"


@pytest.mark.code("FT520")
@pytest.mark.parametrize(
    "requirement",
    [
        require(binary(measure("exact.mean"), "==", number(1.0))),
        require(binary(binary(measure("a.mean"), "*", measure("b.mean")), ">=", number(1.0))),
        require(binary(binary(measure("exact.mean"), "/", number(0.0)), ">=", number(1.0))),
        require(binary(measure("exact.low"), ">=", number(0.5)), 0.95),
    ],
)
def test_a_condition_that_cannot_be_decided_is_refused(
    tmp_path: Path, requirement: RequireDef
) -> None:
    with pytest.raises(Refused) as refused:
        decide(tmp_path, requirement, scores(10, 10))
    assert refused.value.diagnostic.code == "FT520"


@pytest.mark.code("FT521")
def test_evals_of_other_cases_are_not_compared(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        decide(tmp_path, require(not_worse(0.0)), scores(10, 10), scores(9, 9))
    assert refused.value.diagnostic.code == "FT521"


def test_both_parts_of_an_and_are_decided(tmp_path: Path) -> None:
    both = binary(at_least(0.5), "and", at_least(0.95))
    found = decide(tmp_path, require(both), scores(9, 10))
    assert [one.verdict for one in found.requirements] == ["pass", "fail"]


def test_a_bound_written_first_means_the_same(tmp_path: Path) -> None:
    (one,) = decide(
        tmp_path, require(binary(number(0.8), "<=", measure("exact.mean"))), scores(9, 10)
    ).requirements
    assert (one.verdict, one.estimate, one.op, one.bound) == ("pass", 0.9, ">=", 0.8)


def test_a_requirement_knows_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.ftspec").write_text("ftspec 1\n\ngate x {\n  require exact.mean >= 1\n}\n")
    requirement = RequireDef(at_least(0.5), span=Span("a.ftspec", 21, 44))
    assert decide(tmp_path, requirement, scores(9, 10)).requirements[0].spec_line == 4


ORDER = {"fail": 0, "inconclusive": 1, "pass": 2}


def verdict(found: GateOutput) -> int:
    return ORDER[found.verdict]


@given(
    tuned=st.lists(st.sampled_from([0.0, 1.0, 0.5, None]), min_size=1, max_size=60),
    bounds=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    confidence=st.sampled_from([None, 0.8, 0.95]),
    op=st.sampled_from([">=", ">"]),
)
@settings(max_examples=50, deadline=None)
def test_a_higher_bound_never_helps(
    tmp_path_factory: pytest.TempPathFactory,
    tuned: Scores,
    bounds: tuple[float, float],
    confidence: float | None,
    op: str,
) -> None:
    folder = tmp_path_factory.mktemp("gate")
    low, high = sorted(bounds)

    def at(bound: float) -> Expr:
        return binary(measure("exact.mean"), op, number(bound))

    easy = decide(folder, require(at(low), confidence), tuned)
    hard = decide(folder, require(at(high), confidence), tuned)
    assert verdict(hard) <= verdict(easy)


@given(
    pairs=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=60, max_size=90),
    bounds=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
)
@settings(max_examples=30, deadline=None)
def test_a_smaller_margin_never_helps_in_any_slice(
    tmp_path_factory: pytest.TempPathFactory,
    pairs: list[tuple[int, int]],
    bounds: tuple[float, float],
) -> None:
    folder = tmp_path_factory.mktemp("gate")
    tuned, base = [float(t) for t, _ in pairs], [float(b) for _, b in pairs]
    small, large = sorted(bounds)

    def found(margin: float) -> dict[str, int]:
        requirement = require(not_worse(margin), 0.9, by="topic")
        output = decide(folder, requirement, tuned, base, topics=["a", "b", "c"])
        return {one.slice: ORDER[one.verdict] for one in output.requirements}

    strict, lenient = found(small), found(large)
    assert all(strict[key] <= lenient[key] for key in strict)
