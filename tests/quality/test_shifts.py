"""Drift against the lock: the same as by definition, however rows are cut up, and held by a run."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.cli.main import main
from ftdsl.quality.across.aggregates import aggregate
from ftdsl.quality.across.shifts import CUTS, VALUES, KolmogorovSmirnov, PopulationStability, Shift

NUMBERS = st.lists(st.none() | st.integers(-20, 20), min_size=1, max_size=80)
NAMES = st.lists(st.none() | st.sampled_from("abcde") | st.booleans(), max_size=60)


def against(made: Shift, locked: list[Any], now: list[Any]) -> float | None:
    reference = type(made)()
    reference.add(locked)
    made.reference = reference.distribution()
    made.add(now)
    return made.value()


def distance(one: list[float], other: list[float]) -> float:
    """By definition: at every value of either side."""
    shares = (
        abs(sum(a <= x for a in one) / len(one) - sum(b <= x for b in other) / len(other))
        for x in {*one, *other}
    )
    return max(shares)


@settings(max_examples=80, deadline=None)
@given(NUMBERS, NUMBERS)
def test_the_distance_is_exact_where_all_values_are_locked(
    locked: list[int | None], now: list[int | None]
) -> None:
    one, other = ([x for x in side if x is not None] for side in (locked, now))
    found = against(KolmogorovSmirnov(), locked, now)
    if not one or not other:
        assert found is None
    else:
        assert found == pytest.approx(distance(one, other), abs=1e-12)  # type: ignore[arg-type]


def test_the_distance_of_many_values_is_never_too_large_and_hardly_too_small() -> None:
    random = np.random.default_rng(3)
    for shift in (0, 0.1, 0.5):
        one, other = random.lognormal(5, 1, 3000), random.lognormal(5 + shift, 1, 1000)
        found = against(KolmogorovSmirnov(), one.tolist(), other.tolist())
        points = np.concatenate([one, other])
        shares = [
            np.searchsorted(np.sort(each), points, "right") / len(each) for each in (one, other)
        ]
        exact = np.abs(shares[0] - shares[1]).max()
        assert found is not None
        assert exact - 1 / CUTS <= found <= exact + 1e-12


@settings(max_examples=60, deadline=None)
@given(NAMES, NAMES)
def test_the_index_of_named_values_is_the_sum_over_their_shares(
    locked: list[Any], now: list[Any]
) -> None:
    found = against(PopulationStability(), locked, now)
    one, other = (
        Counter(str(x).lower() if isinstance(x, bool) else x for x in side if x is not None)
        for side in (locked, now)
    )
    if not one or not other:
        assert found is None
        return
    bins = [(one[key], other[key]) for key in one]
    if extra := sum(n for key, n in other.items() if key not in one):
        bins.append((0, extra))
    half, total, total_now = 0.5 * len(bins), one.total(), other.total()
    shares = [((a + 0.5) / (total + half), (b + 0.5) / (total_now + half)) for a, b in bins]
    assert found == pytest.approx(sum((b - a) * math.log(b / a) for a, b in shares), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, NUMBERS, st.integers(0, 80))
@pytest.mark.parametrize("name", ["psi", "ks"])
def test_it_does_not_depend_on_how_rows_are_cut_up(
    name: str, locked: list[Any], now: list[Any], cut: int
) -> None:
    whole, first, rest = (aggregate(name, ["locked"]) for _ in range(3))
    value = against(whole, locked, now)  # type: ignore[arg-type]
    first.add(now[:cut])
    rest.add(now[cut:])
    merged = aggregate(name, ["locked"])
    for part in (first, rest):
        merged.merge(json.loads(json.dumps(part.dump())))
    merged.reference = whole.reference  # type: ignore[attr-defined]
    assert merged.value() == value


@given(NUMBERS)
def test_what_was_locked_has_not_moved(values: list[Any]) -> None:
    for made in (PopulationStability(), KolmogorovSmirnov()):
        assert against(made, values, values) in (0.0, None)
        assert made.moved() == []


def test_rare_values_count_together_and_nothing_personal_is_kept() -> None:
    shift = PopulationStability()
    shift.add([f"topic {k}" for k in range(VALUES + 20)] + ["ann.smith@firma-nord.de"] * 5)
    kept = shift.distribution()
    assert len(kept.values) == VALUES
    assert kept.rows == VALUES + 25
    assert "firma" not in kept.model_dump_json()


SPEC = """ftspec 1

import "std/dataset.ftspec" as std_dataset

fn size(t: text) -> int = length(t) + EXTRA

schema ticket extends alpaca { topic: text? }

dataset d {
  schema = ticket
  source = jsonl("d.jsonl")
}

check d {
  use std_dataset.as_locked
  rule topics { expect psi(topic, locked) <= 0.2 }
  rule tagged { expect psi(has(topic), locked) <= 0.2 }
  rule sizes { expect ks(size(reply.text), locked) <= 0.1 }
}
"""


def rows(count: int, size: int, every: int) -> str:
    made = (
        {
            "instruction": f"What is the price of number {k} in the list, please?",
            "input": "",
            "output": "It is " + "very " * (size + k % 7) + "cheap.",
            "topic": "refund" if k % every == 0 else "order",
        }
        for k in range(count)
    )
    return "".join(json.dumps(one) + "\n" for one in made)


def verdicts(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str], dict[str, str]]:
    capsys.readouterr()
    code = main(["run", "s.ftspec", "-q", "--output", "json"])
    told = json.loads(capsys.readouterr().out)
    rules = {one["rule"]: one for one in told["datasets"]["d"]["rules"]}
    values = {v["source"]: v["value"] for one in told["findings"] for v in one["values"]}
    return code, {k: one["verdict"] for k, one in rules.items()}, values


def test_a_run_is_held_to_the_lock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data, spec = tmp_path / "d.jsonl", tmp_path / "s.ftspec"
    spec.write_text(SPEC.replace("EXTRA", "1"))
    data.write_text(rows(300, 3, every=2))
    assert verdicts(capsys)[0] == 0
    assert main(["run", "s.ftspec"]) == 0
    assert main(["lock", "s.ftspec"]) == 0
    assert 'distributions."length(reply.text) + 1"]' in (tmp_path / "ftspec.lock").read_text()
    assert verdicts(capsys)[0] == 0
    data.write_text(rows(300, 6, every=10))
    code, found, values = verdicts(capsys)
    assert code == 1
    failed = {name for name, verdict in found.items() if verdict == "fail"}
    assert failed == {"topics", "sizes", "replies_as_long"}
    assert values["topic: refund"] == "50.0% of the locked rows, 10.0% now"
    # Another function is another quantity, for which nothing is locked.
    spec.write_text(SPEC.replace("EXTRA", "2"))
    assert verdicts(capsys)[1]["sizes"] == "pass"
    spec.write_text(SPEC.replace("EXTRA", "1"))
    assert main(["run", "s.ftspec"]) == 1
    assert main(["lock", "s.ftspec"]) == 0
    assert verdicts(capsys)[0] == 0
