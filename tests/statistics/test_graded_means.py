"""Sign flips and clusters: against SciPy, against the definition, and by simulation."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ftdsl.statistics.means import ClusteredMean, GradedMean
from ftdsl.statistics.power import (
    cases_for_margin,
    least_cases,
    power_of_bound,
    power_of_margin,
)
from ftdsl.statistics.proportions import tango, wilson
from ftdsl.statistics.signs import SignFlips


def test_an_end_is_where_all_sign_flips_reject() -> None:
    """By brute force: a shift below the low end is rejected by the one-sided permutation test."""
    values = np.array([0.3, -0.1, 0.4, 0.25, 0.05, 0.15, -0.02, 0.33])
    low, high = SignFlips(values).interval(0.9, -1, 1)

    def above(shift: float) -> float:
        moved = values - shift
        means = [float(np.mean(np.array(s) * moved)) for s in product((1, -1), repeat=len(values))]
        return sum(mean >= moved.mean() - 1e-12 for mean in means) / len(means)

    assert above(low - 1e-6) <= 0.05 < above(low + 1e-6)
    # The flip that changes nothing counts on both sides.
    assert 1 - above(high + 1e-6) + 1 / 256 <= 0.05 < 1 - above(high - 1e-6) + 1 / 256


def test_p_as_scipys_permutation_test() -> None:
    values = np.random.default_rng(4).normal(0.2, 0.4, 12)
    want = stats.permutation_test(
        (values, np.zeros(12)), lambda a, b: np.mean(a - b), permutation_type="samples",
        n_resamples=np.inf,
    ).pvalue  # fmt: skip
    assert SignFlips(values).p_value == pytest.approx(want, abs=1e-3)
    many = np.random.default_rng(4).normal(0.1, 0.4, 25)
    drawn = stats.permutation_test(
        (many, np.zeros(25)), lambda a, b: np.mean(a - b), permutation_type="samples",
        n_resamples=20_000, rng=np.random.default_rng(1),
    ).pvalue  # fmt: skip
    assert SignFlips(many).p_value == pytest.approx(drawn, abs=0.02)


def test_four_differences_decide_nothing_at_95() -> None:
    found = GradedMean(np.array([0.2, 0.3, 0.25, 0.4]), -1, 1, paired=True)
    assert found.interval(0.95) == (-1, 1)
    assert found.chosen.method == "sign-flip permutation, widened"
    assert "fewer than 30" in found.chosen.why


@given(
    values=st.lists(st.floats(-1, 1), min_size=10, max_size=40),
    levels=st.tuples(st.floats(0.5, 0.999), st.floats(0.5, 0.999)),
)
@settings(max_examples=40, deadline=None)
def test_paired_intervals_grow_with_confidence(
    values: list[float], levels: tuple[float, float]
) -> None:
    found = GradedMean(np.asarray(values), -1, 1, paired=True)
    inner, outer = (found.interval(level) for level in sorted(levels))
    assert -1 <= outer[0] <= inner[0] <= inner[1] + 1e-12 <= outer[1] + 2e-12 <= 1 + 3e-12


def covered(hits: int, draws: int, at_least: float) -> bool:
    return hits / draws >= at_least - 3 * math.sqrt(at_least * (1 - at_least) / draws)


@pytest.mark.parametrize("n", [8, 15, 29])
def test_sign_flips_cover_symmetric_differences(n: int) -> None:
    random = np.random.default_rng(n)
    draws, hits = 400, 0
    for _ in range(draws):
        values = 0.1 + np.clip(random.normal(0, 0.2, n), -0.8, 0.8)
        low, high = GradedMean(values, -1, 1, paired=True).interval(0.95)
        hits += low <= 0.1 <= high
    assert covered(hits, draws, 0.95)


@pytest.mark.parametrize(("clusters", "least"), [(8, 0.93), (30, 0.93), (100, 0.935)])
def test_clusters_cover_where_single_cases_do_not(clusters: int, least: float) -> None:
    random = np.random.default_rng(clusters)
    draws, hits, alone = 400, 0, 0
    for _ in range(draws):
        sizes = random.integers(2, 9, clusters)
        level = random.beta(4, 2, clusters)
        groups = np.repeat(np.arange(clusters), sizes)
        values = (random.random(len(groups)) < level[groups]).astype(float)
        low, high = ClusteredMean(values, groups, 0, 1).interval(0.95)
        hits += low <= 2 / 3 <= high
        ends = wilson(float(values.mean()), len(values), 0.95)
        alone += ends[0] <= 2 / 3 <= ends[1]
    assert covered(hits, draws, least)
    assert alone < hits


def test_clusters_of_one_case_are_nearly_the_plain_t() -> None:
    values = np.random.default_rng(3).beta(2, 5, 150)
    low, high = ClusteredMean(values, np.arange(150), 0, 1).interval(0.95)
    assert (low, high) == pytest.approx(GradedMean(values, 0, 1).interval(0.95), abs=1e-4)


def test_few_or_equal_clusters_are_not_certain() -> None:
    few = ClusteredMean(np.ones(40), np.arange(40) % 4, 0, 1)
    assert few.interval(0.95) == (0, 1)
    equal = ClusteredMean(np.ones(40), np.arange(40) % 10, 0, 1)
    assert equal.interval(0.95)[0] < 0.75  # ten clusters, and not forty cases, were all right
    assert equal.chosen.method == "cluster jackknife (CV3), t, widened"


@pytest.mark.parametrize(("flips", "margin", "cases"), [(0.1, 0.05, 248), (0.2, 0.02, 3092)])
def test_cases_for_a_margin_as_tabled(flips: float, margin: float, cases: int) -> None:
    """(1.645 + 0.842)² ψ / δ²: a one-sided 5% test is a two-sided interval of 90%."""
    assert cases_for_margin(margin, flips, 0.90) == cases
    assert power_of_margin(cases, margin, flips, 0.90) == pytest.approx(0.8, abs=0.001)


@pytest.mark.parametrize(("n", "flips", "margin"), [(200, 0.1, 0.05), (400, 0.2, 0.08)])
def test_the_power_of_a_margin_is_what_a_simulation_gives(
    n: int, flips: float, margin: float
) -> None:
    random = np.random.default_rng(n)
    counts = random.multinomial(n, [flips / 2, flips / 2, 1 - flips], 2000)
    ends = {pair: tango(*pair, n, 0.95)[0] for pair in {(int(g), int(x)) for g, x, _ in counts}}
    passed = sum(ends[int(g), int(x)] > -margin for g, x, _ in counts) / len(counts)
    assert passed == pytest.approx(power_of_margin(n, margin, flips, 0.95), abs=0.06)


def test_power_of_a_bound_is_none_at_the_bound() -> None:
    assert power_of_bound(400, 0.8, 0.8, 0.95) == pytest.approx(0.025)
    assert power_of_bound(400, 0.8, 0.9, 0.95) > 0.99


def test_the_least_cases_that_could_pass() -> None:
    assert least_cases(lambda n: n >= 73, 1) == 73
    assert least_cases(lambda n: tango(0, 0, n, 0.95)[0] > -0.01) == 381
    assert least_cases(lambda _: False) is None
