"""Numbers as they are printed."""

from __future__ import annotations

import math

import pytest

from ftdsl.reports import numbers
from ftdsl.reports.plots import Curve, bar, curves, interval_plot, smoothed


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (numbers.share, 0.0, "0%"),
        (numbers.share, 0.00001, "<0.1%"),
        (numbers.share, 0.99999, ">99.9%"),
        (numbers.share, 1.0, "100%"),
        (numbers.share, 0.6, "60%"),
        (numbers.share, math.nan, "unknown"),
        (numbers.score, 0.412, "41.2%"),
        (numbers.score, 12.5, "12.50"),
        (numbers.difference, 0.291, "+29.1 pp"),
        (numbers.difference, -0.01, "-1.0 pp"),
        (numbers.size, 999, "999 B"),
        (numbers.size, 1000, "1 kB"),
        (numbers.size, 999_999, "1 MB"),
        (numbers.size, 3_100_000_000, "3.1 GB"),
        (numbers.duration, 0.04, "0.0s"),
        (numbers.duration, 59.6, "1m 00s"),
        (numbers.duration, 252, "4m 12s"),
        (numbers.duration, 7500, "2h 05m"),
        (numbers.large, 950, "950"),
        (numbers.large, 12_345, "12.3k"),
        (numbers.large, 1.2e9, "1.2G"),
        (numbers.decimal, None, "–"),
        (numbers.decimal, 2e-4, "0.0002"),
        (numbers.decimal, 1.23456, "1.235"),
    ],
)
def test_text(function: object, value: object, text: str) -> None:
    assert callable(function)
    assert function(value) == text


def test_sparkline_runs_from_low_to_high() -> None:
    assert numbers.sparkline([3, 2, 1]) == "█▅▁"
    assert numbers.sparkline([1]) == ""
    assert numbers.sparkline([1, 1]) == "▁▁"
    assert len(numbers.sparkline(list(range(1000)))) == 24
    assert numbers.sparkline([1, math.nan, 2]) == "▁█"


def test_thinning_keeps_the_mean() -> None:
    values = [float(i) for i in range(100)]
    thin = numbers.thinned(values, 10)
    assert len(thin) == 10
    assert sum(thin) / 10 == pytest.approx(sum(values) / 100)


def test_meter_fills() -> None:
    assert numbers.meter(0.5, 4) == "██░░"
    assert numbers.meter(7, 4) == "████"
    assert numbers.meter(-1, 4) == "░░░░"


def test_smoothing_begins_at_the_first_value_and_follows() -> None:
    points = smoothed([(0.0, 4.0), (1.0, 4.0), (2.0, 0.0)])
    assert points[0] == (0.0, 4.0)
    assert points[1][1] == pytest.approx(4.0)
    assert 0 < points[2][1] < 4


def test_plots_survive_odd_numbers() -> None:
    assert curves([Curve("none", (), "accent")], "step", "loss") == ""
    nothing_but_nan = Curve("nan", ((math.nan, math.nan),), "accent")
    assert curves([nothing_but_nan], "step", "loss") == ""
    flat = curves([Curve("flat", ((1.0, 0.0), (2.0, 0.0)), "accent")], "step", "loss")
    assert "nan" not in flat
    one = curves([Curve("one", ((1.0, 3.0),), "warm", dots=True)], "step", "loss")
    assert "polyline" in one
    assert "nan" not in interval_plot(1, 1, 1, 1, ">=", tone="good", points=False)
    assert 'width="100.000%"' in bar(3.0, None, "accent")


def test_the_tinted_side_is_the_one_that_meets_the_threshold() -> None:
    over = interval_plot(0.8, 0.7, 0.9, 0.5, ">=", tone="good", points=False)
    under = interval_plot(0.8, 0.7, 0.9, 0.5, "<=", tone="bad", points=False)
    assert 'x="0"' not in over.split('class="met"')[0]
    assert 'x="0"' in under.split('class="met"')[0]
