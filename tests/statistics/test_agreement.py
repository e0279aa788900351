"""Krippendorff's alpha, Bradley and Terry's strengths and Fisher's test, against published tables
and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.statistics.agreement import Level, alpha, alpha_interval, paired_units
from ftdsl.statistics.exact import fisher
from ftdsl.statistics.strengths import Game, log_strengths, strengths

_ = None
# Four observers, twelve units (Krippendorff 2011, part C).
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]
UNITS = [list(unit) for unit in zip(*OBSERVERS, strict=True)]


@pytest.mark.parametrize(
    ("level", "published"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_alpha_of_krippendorffs_own_table(level: Level, published: float) -> None:
    assert alpha(UNITS, level) == pytest.approx(published, abs=5e-4)
    interval = alpha_interval(UNITS, level, 0.95)
    assert interval is not None
    assert interval[0] < published < interval[1] <= 1
    assert paired_units(UNITS) == 11


def test_alpha_of_two_observers_and_two_categories() -> None:
    """Krippendorff 2011, section A: ten units, α = 0.095."""
    meg = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    owen = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert alpha(list(zip(meg, owen, strict=True)), "nominal") == pytest.approx(0.095, abs=5e-4)


def test_alpha_is_unknown_where_nothing_could_disagree() -> None:
    assert alpha([[1, 1], [1, None]], "nominal") is None
    assert alpha([], "ordinal") is None
    assert alpha_interval([[2, None]], "ordinal", 0.95) is None


def test_few_agreeing_units_do_not_prove_agreement() -> None:
    low, high = alpha_interval([[0, 0], [1, 1], [0, 0], [1, 1], [0, 0]], "nominal", 0.95) or (9, 9)
    assert high == 1
    assert low < 0.667


@given(st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=4), min_size=2, max_size=12))
def test_alpha_does_not_ask_for_the_order_of_units_or_raters(units: list[list[int]]) -> None:
    turned = [list(reversed(unit)) for unit in reversed(units)]
    for level in ("nominal", "ordinal", "interval", "ratio"):
        one, other = alpha(units, level), alpha(turned, level)
        assert one is None or one == pytest.approx(other, abs=1e-9)
        assert one is None or one <= 1 + 1e-9


def test_alphas_interval_covers_the_truth() -> None:
    """Raters who know the value with chance ``p`` and else guess have a nominal α of p²."""
    random = np.random.default_rng(5)
    p, inside, runs = 0.8, 0, 60
    for _run in range(runs):
        truth = random.integers(0, 3, (80, 1))
        guess = random.integers(0, 3, (80, 3))
        rated = np.where(random.random((80, 3)) < p, truth, guess)
        low, high = alpha_interval(rated.tolist(), "nominal", 0.95) or (1.0, 0.0)
        inside += low <= p * p <= high
    assert 0.88 <= inside / runs <= 0.99


# The American League of 1987: wins of the row over the column (Agresti, "Categorical data
# analysis", 1990, table 10.10), and the log strengths he gives, Baltimore's being 0.
LEAGUE = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ],
    dtype=float,
)
PUBLISHED = [1.581, 1.436, 1.294, 1.248, 1.108, 0.684, 0.0]


def test_strengths_of_a_published_league() -> None:
    logs = log_strengths(LEAGUE, tied=0)
    assert (logs - logs[-1]).tolist() == pytest.approx(PUBLISHED, abs=1e-3)


def test_a_model_that_never_lost_has_a_finite_strength() -> None:
    games = [Game(f"c{i}", 0, 1, 1.0) for i in range(20)]
    first, second = strengths(games, 2, 0.95)
    assert np.isfinite(first.log)
    assert first.log == pytest.approx(-second.log)
    assert 0.9 < first.expected < 1


def test_strengths_cover_the_truth_when_games_come_in_clusters() -> None:
    """Each case is put to four raters, who share its difficulty: only an interval of whole cases
    holds what it says."""
    random = np.random.default_rng(11)
    inside, runs = 0, 40
    for _run in range(runs):
        shift = random.normal(0, 1.5, 60)
        # The mean chance of model 0 over cases, by construction of a symmetric shift.
        chance = 1 / (1 + np.exp(-(0.6 + shift)))
        games = [
            Game(str(case), 0, 1, float(random.random() < chance[case]))
            for case in range(60)
            for _rater in range(4)
        ]
        (first, _second) = strengths(games, 2, 0.95)
        truth = 0.6047  # the mean of the logistic curve over that shift, by quadrature
        inside += first.expected_interval[0] <= truth <= first.expected_interval[1]
    assert inside / runs >= 0.85


def test_fishers_tea() -> None:
    assert fisher(3, 1, 1, 3) == pytest.approx(0.4857, abs=5e-5)
    assert fisher(4, 0, 0, 4) == pytest.approx(2 / 70)
    assert fisher(0, 0, 3, 2) == 1.0
