"""Intervals against published figures, against the likelihood itself, and by simulation."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from ftdsl.evaluation.estimates import estimate
from ftdsl.statistics.means import GradedMean
from ftdsl.statistics.proportions import (
    clopper_pearson,
    mcnemar,
    mcnemar_mid_p,
    normal_quantile,
    tango,
    wilson,
)
from ftdsl.statistics.quantiles import percentile, quantile_interval
from ftdsl.statistics.shares import chosen_for, share_interval


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(right: int, n: int, low: float, high: float) -> None:
    found = wilson(right / n, n, 0.95)
    assert (round(found[0], 4), round(found[1], 4)) == (low, high)


@given(n=st.integers(1, 500), data=st.data(), confidence=st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=50, deadline=None)
def test_wilson_as_scipy_has_it(n: int, data: st.DataObject, confidence: float) -> None:
    right = data.draw(st.integers(0, n))
    want = stats.binomtest(right, n).proportion_ci(confidence, method="wilson")
    assert wilson(right / n, n, confidence) == pytest.approx((want.low, want.high), abs=1e-9)


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        # The same table, the exact method.
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0000, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_clopper_pearson_as_published(right: int, n: int, low: float, high: float) -> None:
    found = clopper_pearson(right, n, 0.95)
    assert (round(found[0], 4), round(found[1], 4)) == (low, high)


@given(n=st.integers(1, 500), data=st.data(), confidence=st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=50, deadline=None)
def test_clopper_pearson_as_scipy_has_it(n: int, data: st.DataObject, confidence: float) -> None:
    right = data.draw(st.integers(0, n))
    want = stats.binomtest(right, n).proportion_ci(confidence, method="exact")
    assert clopper_pearson(right, n, confidence) == pytest.approx((want.low, want.high), abs=1e-9)


def test_the_rule_for_shares_is_said() -> None:
    assert chosen_for(29, 29).why == "yes or no, fewer than 30 cases"
    assert chosen_for(9, 100).why == "yes or no, fewer than 10 are right"
    assert chosen_for(91, 100).why == "yes or no, fewer than 10 are wrong"
    assert chosen_for(90, 100).method == "Wilson"
    assert share_interval(90, 100, 0.95) == wilson(0.9, 100, 0.95)
    assert share_interval(91, 100, 0.95) == clopper_pearson(91, 100, 0.95)


@given(n=st.integers(1, 300), confidence=st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=40, deadline=None)
def test_one_more_right_answer_never_lowers_an_end(n: int, confidence: float) -> None:
    ends = [share_interval(right, n, confidence) for right in range(n + 1)]
    for before, after in pairwise(ends):
        assert before[0] <= after[0] + 1e-12
        assert before[1] <= after[1] + 1e-12


@pytest.mark.parametrize("n", [30, 50, 200, 1000])
def test_shares_err_to_one_side_by_at_most_twice_what_is_meant(n: int) -> None:
    """Exactly, over a grid of true shares; Wilson's interval alone reaches 16%."""
    shares = np.linspace(0.0005, 0.5, 800)
    weights = stats.binom.pmf(np.arange(n + 1)[:, None], n, shares[None, :])
    ends = np.array([share_interval(right, n, 0.95) for right in range(n + 1)])
    plain = np.array([wilson(right / n, n, 0.95) for right in range(n + 1)])
    missed = [(weights * (shares < one[:, :1])).sum(axis=0).max() for one in (ends, plain)]
    assert missed[0] <= 0.051
    assert missed[1] >= 0.09
    assert (weights * ((ends[:, :1] <= shares) & (shares <= ends[:, 1:]))).sum(axis=0).min() > 0.93


@pytest.mark.parametrize(
    ("gained", "lost", "n", "confidence", "low", "high"),
    [
        # Soft contact lenses (43, 0, 1, 0): Tango 1998, section 5.
        (0, 1, 44, 0.90, -0.096, 0.037),
        # Airway hyper-responsiveness before and after transplantation (Bentur et al. 2009), as in
        # Fagerland, Lydersen and Laake, "The paired 2x2 table", 2014: 1 and 7 of 21.
        (1, 7, 21, 0.95, -0.517, -0.026),
        # R's PropCIs::scoreci.mp(25, 28, 618) at 90%.
        (28, 25, 618, 0.90, -0.0148, 0.0247),
    ],
)
def test_tango_as_published(
    gained: int, lost: int, n: int, confidence: float, low: float, high: float
) -> None:
    found = tango(gained, lost, n, confidence)
    digits = 4 if n == 618 else 3
    assert (round(found[0], digits), round(found[1], digits)) == (low, high)


@given(cells=st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60)))
@settings(max_examples=30, deadline=None)
def test_tangos_ends_are_where_the_score_test_says(cells: tuple[int, int, int]) -> None:
    gained, lost, same = cells
    n = gained + lost + same
    if n == 0 or same == 0:
        return
    for end, sign in zip(tango(gained, lost, n, 0.95), (1, -1), strict=True):
        if abs(end) > 0.999:
            continue
        share = _likeliest(gained, lost, n, end)
        score = (gained - lost - n * end) / math.sqrt(n * (2 * share + end - end * end))
        assert sign * score == pytest.approx(1.959964, abs=2e-3)


def _likeliest(gained: int, lost: int, n: int, difference: float) -> float:
    """The share of "only the baseline" with the highest likelihood, by brute force."""

    def unlikely(share: float) -> float:
        cells = (share + difference, share, 1 - 2 * share - difference)
        counts = (gained, lost, n - gained - lost)
        return -sum(
            count * math.log(max(cell, 1e-300))
            for count, cell in zip(counts, cells, strict=True)
            if count
        )

    low, high = max(0.0, -difference), (1 - difference) / 2
    found = optimize.minimize_scalar(
        unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    return float(min((found.x, low, high), key=unlikely))


@given(gained=st.integers(0, 60), lost=st.integers(0, 60))
@settings(max_examples=50)
def test_mcnemar_as_scipys_binomial_test(gained: int, lost: int) -> None:
    if gained + lost:
        want = stats.binomtest(gained, gained + lost, 0.5).pvalue
        assert mcnemar(gained, lost) == pytest.approx(want)
    else:
        assert mcnemar(gained, lost) == 1


@pytest.mark.parametrize(
    ("gained", "lost", "exact", "mid"),
    [
        # Fagerland, Lydersen and Laake 2013: airway hyper-responsiveness, and complete response
        # before and after consolidation therapy (Cavo et al. 2012).
        (1, 7, 0.070, 0.039),
        (6, 16, 0.052, 0.035),
    ],
)
def test_mcnemars_p_values_as_published(gained: int, lost: int, exact: float, mid: float) -> None:
    assert round(mcnemar(gained, lost), 3) == exact
    assert round(mcnemar_mid_p(gained, lost), 3) == mid


@given(gained=st.integers(0, 60), lost=st.integers(0, 60))
@settings(max_examples=50)
def test_mid_p_takes_half_of_what_was_seen(gained: int, lost: int) -> None:
    n, least = gained + lost, min(gained, lost)
    if n:
        half = stats.binom.cdf(least, n, 0.5) - stats.binom.pmf(least, n, 0.5) / 2
        assert mcnemar_mid_p(gained, lost) == pytest.approx(min(1.0, 2 * half))
    else:
        assert mcnemar_mid_p(gained, lost) == 1


def test_six_one_way_flips_are_the_least_that_count() -> None:
    assert mcnemar(5, 0) == 0.0625
    assert mcnemar(6, 0) == 0.03125
    assert mcnemar(2000, 2000) == pytest.approx(1.0)


def test_students_interval_as_scipy_has_it() -> None:
    values = np.random.default_rng(3).beta(2, 5, 150)
    want = stats.t.interval(0.9, 149, values.mean(), stats.sem(values))
    found = GradedMean(values, 0, 1)
    assert found.chosen.method == "t"
    assert found.interval(0.9) == pytest.approx(want)


def test_bca_agrees_with_scipys() -> None:
    values = np.random.default_rng(5).beta(1, 6, 60)
    want = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    found = GradedMean(values, 0, 1)
    assert found.chosen.method == "BCa bootstrap"
    assert found.interval(0.95) == pytest.approx((want.low, want.high), abs=0.003)
    assert GradedMean(values, 0, 1).interval(0.95) == found.interval(0.95)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_equal_scores_are_not_certain(value: float) -> None:
    low, high = GradedMean(np.full(50, value), 0, 1).interval(0.95)
    unseen = clopper_pearson(0, 50, 0.95)[1]
    assert low == pytest.approx((1 - unseen) * value)
    assert high == pytest.approx((1 - unseen) * value + unseen)


@given(
    values=st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]), min_size=1, max_size=120),
    levels=st.tuples(st.floats(0.5, 0.999), st.floats(0.5, 0.999)),
)
@settings(max_examples=50, deadline=None)
def test_intervals_hold_the_mean_and_grow_with_confidence(
    values: list[float], levels: tuple[float, float]
) -> None:
    graded = GradedMean(np.asarray(values), 0, 1)
    inner, outer = (graded.interval(level) for level in sorted(levels))
    assert 0 <= outer[0] <= inner[0] <= inner[1] <= outer[1] <= 1
    whole = estimate(values, 0)
    assert whole.low - 1e-9 <= whole.mean <= whole.high + 1e-9


def covered(hits: int, draws: int, at_least: float) -> bool:
    """Whether coverage is ``at_least`` that, but for three standard errors of the simulation."""
    return hits / draws >= at_least - 3 * math.sqrt(at_least * (1 - at_least) / draws)


@pytest.mark.parametrize(("n", "share"), [(20, 0.5), (50, 0.9), (200, 0.7), (80, 0.97)])
def test_wilson_covers(n: int, share: float) -> None:
    draws = np.random.default_rng(n).binomial(n, share, 4000)
    ends = {right: wilson(right / n, n, 0.95) for right in set(draws.tolist())}
    hits = sum(ends[right][0] <= share <= ends[right][1] for right in draws.tolist())
    assert covered(hits, len(draws), 0.93)  # score intervals waver around the nominal level


@pytest.mark.parametrize(
    ("n", "gained", "lost"), [(10, 0.0, 0.05), (20, 0.05, 0.05), (50, 0.02, 0.07), (200, 0.1, 0.12)]
)
def test_tango_rarely_passes_a_worse_model(n: int, gained: float, lost: float) -> None:
    """A candidate exactly at the margin passes a one-sided 2.5% test about that often, where an
    interval by the normal approximation passes up to 60% of them."""
    random = np.random.default_rng(n)
    margin = gained - lost
    counts = random.multinomial(n, [gained, lost, 1 - gained - lost], 4000)
    ends = {pair: tango(*pair, n, 0.95)[0] for pair in {(int(g), int(x)) for g, x, _ in counts}}
    passed = sum(ends[int(g), int(x)] > margin for g, x, _ in counts)
    assert passed / len(counts) <= 0.035


@pytest.mark.parametrize(
    ("n", "a", "b", "at_least"), [(15, 2, 2, 0.90), (40, 2, 5, 0.92), (150, 5, 1, 0.93)]
)
def test_graded_intervals_cover(n: int, a: float, b: float, at_least: float) -> None:
    random = np.random.default_rng(n)
    draws = 400
    hits = 0
    for _ in range(draws):
        low, high = GradedMean(random.beta(a, b, n), 0, 1).interval(0.95)
        hits += low <= a / (a + b) <= high
    assert covered(hits, draws, at_least)


def test_rare_large_differences_are_not_overlooked() -> None:
    """One case in 20 loses everything, the others nothing: of 30 such cases a resample knows too
    little, since one draw in five has none of them."""
    random = np.random.default_rng(11)
    draws = 400
    hits = 0
    for _ in range(draws):
        values = -(random.random(30) < 0.05).astype(float) * random.uniform(0.99, 1.0, 30)
        low, high = GradedMean(values, -1, 1).interval(0.95)
        hits += low <= -0.05 * 0.995 <= high
    assert covered(hits, draws, 0.95)


def test_order_statistics_cover_a_percentile() -> None:
    random = np.random.default_rng(2)
    truth = float(stats.expon.ppf(0.95))
    hits = 0
    for _ in range(1000):
        found = quantile_interval(random.exponential(1, 150).tolist(), 0.95, 0.95)
        assert found is not None
        hits += found[0] <= truth <= found[1]
    assert covered(hits, 1000, 0.95)


def test_the_95th_percentile_needs_72_values_for_an_upper_end() -> None:
    assert quantile_interval([float(i) for i in range(71)], 0.95, 0.95) is None
    assert quantile_interval([float(i) for i in range(72)], 0.95, 0.95) is not None
    # Ranks 40 and 61 of 100 enclose the median, as every table of order statistics has it.
    assert quantile_interval([float(i) for i in range(1, 101)], 0.5, 0.95) == (40, 61)


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([float(i) for i in range(1, 21)], 0.95) == 19.0
    assert percentile([5.0], 0.95) == 5.0
    assert normal_quantile(0.95) == pytest.approx(1.959964)
