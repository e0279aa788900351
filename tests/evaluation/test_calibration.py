"""The correction of a judge's mean: known values, and coverage by seeded simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.evaluation.evidence import Sample
from ftdsl.evaluation.judges.calibration import calibrate, share_interval, true_share
from ftdsl.evaluation.judges.correction import corrected
from ftdsl.evaluation.judges.evidence import judged_evidence, unfit_judge
from ftdsl.results.judging import Calibration, JudgeReport
from ftdsl.results.models import Estimate


def rates(hits: int, positives: int, rejections: int, negatives: int) -> Calibration:
    people = [1.0] * positives + [0.0] * negatives
    judge = [1.0] * hits + [0.0] * (positives - hits)
    judge += [0.0] * rejections + [1.0] * (negatives - rejections)
    return calibrate(people, judge, 0, binary=True)


def report(by: Calibration | None) -> JudgeReport:
    return JudgeReport(kind="judge", models=("mini",), calibration=by)


def test_a_judge_is_measured() -> None:
    found = rates(45, 50, 40, 60)
    assert (found.sensitivity, found.specificity) == (0.9, pytest.approx(2 / 3))
    # people and judge agree on 85 of 110; by chance (50·65 + 60·45) / 110² of them would
    chance = (50 * 65 + 60 * 45) / 110**2
    assert found.kappa == pytest.approx((85 / 110 - chance) / (1 - chance))
    assert "kappa" in found.unusable
    assert rates(48, 50, 57, 60).unusable == ""


@pytest.mark.parametrize(
    ("by", "why"),
    [
        (rates(40, 40, 40, 40), "80 labelled answers"),
        (rates(90, 90, 10, 10), "10 labelled answers are bad"),
        (rates(10, 10, 90, 90), "10 labelled answers are good"),
        (rates(40, 60, 40, 60), "add up to 1.33"),
        (calibrate([1.0] * 50, [0.5] * 50, 0, binary=False), "50 labelled answers"),
        (calibrate([1.0] * 120, [0.5] * 120, 40, binary=False), "no verdict on 40 of 160"),
    ],
)
def test_a_judge_that_is_measured_too_little_decides_nothing(by: Calibration, why: str) -> None:
    assert why in by.unusable
    assert why in unfit_judge({"tone": report(by)}, ["tone"])


def test_the_share_of_rogan_and_gladen() -> None:
    by = rates(90, 100, 80, 100)
    # (0.62 + 0.8 - 1) / (0.9 + 0.8 - 1)
    assert true_share(0.62, by) == pytest.approx(0.6)
    assert true_share(0.1, by) == 0.0
    assert true_share(0.95, by) == 1.0


def test_the_interval_of_lee_et_al() -> None:
    """Their formulas, worked through by hand with z = 1.959964: p = 0.617858, q1 = 91/102,
    q0 = 81/102."""
    low, high = share_interval(0.62, 200, rates(90, 100, 80, 100), 0.95)
    p, n = (200 * 0.62 + 1.959964**2 / 2) / (200 + 1.959964**2), 200 + 1.959964**2
    q1, q0, j = 91 / 102, 81 / 102, 91 / 102 + 81 / 102 - 1
    value = (p + q0 - 1) / j
    v1, v0 = q1 * (1 - q1) / 102, q0 * (1 - q0) / 102
    middle = value + 2 * 1.959964**2 * (value * v1 - (1 - value) * v0)
    half = 1.959964 * (p * (1 - p) / n + (1 - value) ** 2 * v0 + value**2 * v1) ** 0.5 / j
    assert (low, high) == (pytest.approx(middle - half), pytest.approx(middle + half))
    assert 0.44 < low < 0.6 < high < 0.76


def test_a_perfect_judge_leaves_little_to_correct() -> None:
    by = rates(5000, 5000, 5000, 5000)
    raw = Estimate(mean=0.7, low=0.63, high=0.76, n=200, unscored=0, method="Wilson")
    found = corrected(raw, report(by))
    assert found.mean == pytest.approx(0.7)
    assert found.low == pytest.approx(0.633, abs=0.01)
    assert found.high == pytest.approx(0.759, abs=0.01)


def test_a_judge_that_nobody_measured_corrects_nothing() -> None:
    raw = Estimate(mean=0.7, low=0.63, high=0.76, n=200, unscored=0, method="Wilson")
    found = corrected(raw, report(None))
    assert (found.mean, found.low, found.high) == (0.7, 0.63, 0.76)
    assert "not measured" in found.method
    blind = corrected(raw, report(rates(50, 100, 50, 100)))
    assert (blind.mean, "tells nothing" in blind.method) == (0.7, True)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 100), st.integers(1, 100), st.integers(0, 100), st.integers(1, 100),
    st.floats(0, 1), st.integers(1, 2000),
)  # fmt: skip
def test_the_corrected_estimate_lies_in_its_interval(
    hits: int, positives: int, rejections: int, negatives: int, share: float, n: int
) -> None:
    by = rates(min(hits, positives), positives, min(rejections, negatives), negatives)
    raw = Estimate(mean=share, low=share, high=share, n=n, unscored=0, method="Wilson")
    found = corrected(raw, report(by))
    assert 0 <= found.low <= found.mean <= found.high <= 1


# ------------------------------------------------------------------ coverage by simulation

_DRAWS = 4000


def drawn_calibration(
    random: np.random.Generator, q1: float, q0: float, m: int
) -> list[Calibration]:
    """Calibrations as they come: hits and rejections drawn, each pair of counts built once."""
    made: dict[tuple[int, int], Calibration] = {}
    found = []
    for hits, rejections in zip(
        random.binomial(m, q1, _DRAWS), random.binomial(m, q0, _DRAWS), strict=True
    ):
        key = int(hits), int(rejections)
        if key not in made:
            made[key] = rates(key[0], m, key[1], m)
        found.append(made[key])
    return found


@pytest.mark.parametrize("n", [100, 400])
@pytest.mark.parametrize("m", [50, 200])
@pytest.mark.parametrize(("q1", "q0"), [(0.9, 0.85), (0.95, 0.7)])
@pytest.mark.parametrize("truth", [0.1, 0.5, 0.85])
def test_the_interval_of_a_corrected_share_covers(
    truth: float, q1: float, q0: float, m: int, n: int
) -> None:
    """4,000 draws for each of 24 settings, so that 0.34 points are one standard error."""
    random = np.random.default_rng(7)
    shares = random.binomial(n, truth * q1 + (1 - truth) * (1 - q0), _DRAWS) / n
    inside = naive = 0
    for share, by in zip(shares, drawn_calibration(random, q1, q0, m), strict=True):
        low, high = share_interval(float(share), n, by, 0.95)
        inside += low <= truth <= high
        naive += abs(float(share) - truth) <= 1.96 * (share * (1 - share) / n) ** 0.5
    assert 0.935 <= inside / _DRAWS <= 0.995
    if (truth, q0) == (0.1, 0.7):  # a lenient judge: what nobody corrects is never right
        assert naive / _DRAWS < 0.01


@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_the_interval_of_a_corrected_difference_covers(gap: float) -> None:
    """Two models on the same 200 cases, one judge with rates 0.9 and 0.8 from 100 labels each."""
    random = np.random.default_rng(11)
    draws, n, inside = 1500, 200, 0
    for by in drawn_calibration(random, 0.9, 0.8, 100)[:draws]:
        columns = []
        level = random.random(n)
        for truth in (0.6 + gap, 0.6):
            good = level < truth
            yes = np.where(good, random.random(n) < 0.9, random.random(n) < 0.2)
            columns.append(yes.astype(float).tolist())
        sample = Sample({"tone": columns[0]}, {"tone": columns[1]})
        evidence = judged_evidence({"tone": 1.0}, {"tone": -1.0}, sample, {"tone": report(by)})
        low, high = evidence.interval(0.95)
        inside += low <= gap <= high
    assert 0.93 <= inside / draws <= 0.99


def test_the_interval_of_corrected_grades_covers() -> None:
    """A judge that is 0.12 too kind on a scale of five, measured on 150 answers, put to 300."""
    random = np.random.default_rng(13)
    draws, inside = 1500, 0

    def graded(count: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
        people = random.choice([0, 0.25, 0.5, 0.75, 1], count, p=[0.1, 0.2, 0.3, 0.25, 0.15])
        kinder = people + random.choice([0, 0.25], count, p=[0.4, 0.6])
        return people, np.minimum(1.0, kinder)

    truth = 0.25 * 0.2 + 0.5 * 0.3 + 0.75 * 0.25 + 0.15
    for _ in range(draws):
        people, judge = graded(150)
        by = calibrate(people.tolist(), judge.tolist(), 0, binary=False)
        _, seen = graded(300)
        evidence = judged_evidence(
            {"tone": 1.0}, {}, Sample({"tone": seen.tolist()}), {"tone": report(by)}
        )
        low, high = evidence.interval(0.95)
        inside += low <= truth <= high
    assert 0.935 <= inside / draws <= 0.97


def test_a_weighted_sum_holds_the_doubt_about_the_judge() -> None:
    by = rates(90, 100, 80, 100)
    exact, tone = [1.0, 0.0] * 100, [1.0] * 124 + [0.0] * 76
    sample = Sample({"exact": exact, "tone": tone})
    found = judged_evidence({"exact": 0.5, "tone": 0.5}, {}, sample, {"tone": report(by)})
    assert found.estimate == pytest.approx(0.5 * 0.5 + 0.5 * 0.6)
    low, high = found.interval(0.95)
    narrow_low, narrow_high = found.interval_at(1e9, 0.95)
    # However many cases, what is not known of the judge stays: sd 0.5 · 0.0349
    assert narrow_high - narrow_low == pytest.approx(2 * 1.96 * 0.5 * 0.0349, rel=0.02)
    assert low < narrow_low and narrow_high < high
