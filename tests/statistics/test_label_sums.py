"""Macro F1 and kappa: known values, and intervals that hold what they should."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ftdsl.statistics.labels import LabelSum, Term, kappa, macro_f1

Ints = np.ndarray[Any, np.dtype[np.int64]]
F1 = Term(0, "macro_f1", 1.0)
KAPPA = Term(0, "kappa", 1.0)


def cases(table: list[list[int]]) -> tuple[Ints, Ints]:
    pairs = [(w, g) for w, row in enumerate(table) for g, n in enumerate(row) for _ in range(n)]
    expected, given = np.array(pairs, dtype=np.int64).T
    return expected, given


def test_known_values() -> None:
    """Of ten, ten and five cases: F1 8/9, 2/3 and 4/7."""
    table = np.array([[[8, 1, 0, 1], [0, 7, 2, 1], [0, 3, 2, 0]]], dtype=np.float64)
    wanted = [16 / (10 + 8), 14 / (10 + 11), 4 / (5 + 4)]
    assert macro_f1(table)[0] == pytest.approx(sum(wanted) / 3)
    same, chance = 17 / 25, (10 * 8 + 10 * 11 + 5 * 4) / 625
    assert kappa(table)[0] == pytest.approx((same - chance) / (1 - chance))


def test_a_label_that_nobody_expects_or_gives_is_left_out() -> None:
    table = np.array([[[9, 0, 0, 1], [0, 10, 0, 0], [0, 0, 0, 0]]], dtype=np.float64)
    assert macro_f1(table)[0] == pytest.approx((18 / 19 + 1) / 2)


@pytest.mark.parametrize("term", [F1, KAPPA], ids=["f1", "kappa"])
def test_all_right_does_not_prove_that_none_is_wrong(term: Term) -> None:
    few = LabelSum(*_one(cases([[20, 0, 0], [0, 20, 0]])), 2, [term]).interval(0.95)
    many = LabelSum(*_one(cases([[900, 0, 0], [0, 900, 0]])), 2, [term]).interval(0.95)
    assert few[1] == many[1] == 1.0
    assert 0.7 < few[0] < 0.96 < many[0] < 1.0


def _one(pair: tuple[Ints, Ints]) -> tuple[Ints, list[Ints]]:
    return pair[0], [pair[1]]


def drawn(random: np.random.Generator, n: int, shares: list[float], table: list[list[float]]
          ) -> tuple[Ints, Ints]:  # fmt: skip
    expected = random.choice(len(shares), n, p=shares)
    given = np.array([random.choice(len(shares) + 1, p=table[one]) for one in expected])
    return expected, given


@pytest.mark.parametrize("term", [F1, KAPPA], ids=["f1", "kappa"])
def test_intervals_hold_the_true_value_as_often_as_they_say(term: Term) -> None:
    shares = [0.5, 0.3, 0.2]
    table = [[0.85, 0.10, 0.05, 0.0], [0.10, 0.80, 0.05, 0.05], [0.10, 0.10, 0.75, 0.05]]
    whole = (np.array(shares)[:, None] * np.array(table))[None]
    truth = (macro_f1 if term is F1 else kappa)(whole)[0]
    random = np.random.default_rng(7)
    held = 0
    for _ in range(60):
        expected, given = drawn(random, 150, shares, table)
        low, high = LabelSum(expected, [given], 3, [term]).interval(0.95)
        held += low <= truth <= high
    assert held >= 52  # of 60 at 95%: fewer in one of 2,000 such tests


def test_two_models_are_compared_on_the_same_draws() -> None:
    random = np.random.default_rng(1)
    expected, base = drawn(random, 300, [0.5, 0.5], [[0.8, 0.2, 0.0], [0.2, 0.8, 0.0]])
    better = np.where(random.random(300) < 0.5, expected, base)
    terms = [Term(0, "macro_f1", 1.0), Term(1, "macro_f1", -1.0)]
    both = LabelSum(expected, [better, base], 2, terms)
    low, high = both.interval(0.95)
    alone = [LabelSum(expected, [one], 2, [F1]).interval(0.95) for one in (better, base)]
    assert low < both.estimate < high
    assert high - low < sum(end - start for start, end in alone) / 2
    assert "paired" in both.chosen.method
    same = LabelSum(expected, [base, base], 2, terms)
    assert same.estimate == 0.0
    assert same.interval(0.95)[0] < 0 < same.interval(0.95)[1]


def test_copies_in_clusters_are_no_new_evidence() -> None:
    random = np.random.default_rng(2)
    expected, given = drawn(random, 60, [0.5, 0.5], [[0.8, 0.2, 0.0], [0.2, 0.8, 0.0]])
    often = [np.repeat(one, 5) for one in (expected, given)]
    groups = np.repeat(np.arange(60), 5)
    once = LabelSum(expected, [given], 2, [F1]).interval(0.95)
    clustered = LabelSum(often[0], [often[1]], 2, [F1], groups).interval(0.95)
    plain = LabelSum(often[0], [often[1]], 2, [F1]).interval(0.95)
    assert clustered == pytest.approx(once, abs=0.02)
    assert plain[1] - plain[0] < 0.6 * (once[1] - once[0])
