"""Slips in labels: found against what is listed or frequent, and nothing else is."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.cli.main import main
from ftdsl.quality.across.aggregates import aggregate
from ftdsl.quality.across.near_misses import meant
from ftdsl.quality.measures.listed import likely

TOPICS = ("refund", "order", "other", "delivery time")


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("Refund", "refund"),
        ("refund ", "refund"),
        ("refnud", "refund"),
        ("refun", "refund"),
        ("Delivery  Time", "delivery time"),
        ("delivry tiem", "delivery time"),
        ("refund", None),
        ("otder", None),  # as near to `order` as to `other`
        ("rfd", None),
        ("billing", None),
        ("", None),
    ],
)
def test_what_is_likely_meant(value: str, right: str | None) -> None:
    assert likely(value, TOPICS) == right


def test_other_numbers_and_short_codes_are_other_values() -> None:
    assert likely("tier 2", ["tier 1"]) is None
    assert likely("ed", ["es", "en"]) is None
    assert likely("EN", ["es", "en"]) == "en"


def test_the_frequent_value_is_meant_and_two_frequent_ones_are_two() -> None:
    counts = Counter({"refund": 400, "Refund": 30, "refnud": 2, "order": 90, "orders": 60, "a": 1})
    assert meant(counts) == {"Refund": "refund", "refnud": "refund"}
    assert meant(Counter({f"ticket {k}": 1 for k in range(300)})) == {}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.none() | st.sampled_from(["refund"] * 30 + ["Refund", "refnud"])),
    st.integers(0, 30),
)
def test_it_does_not_depend_on_how_rows_are_cut_up(column: list[str | None], cut: int) -> None:
    whole, merged = aggregate("near_misses", ()), aggregate("near_misses", ())
    whole.add(column)
    for part in (column[:cut], column[cut:]):
        state = aggregate("near_misses", ())
        state.add(part)
        merged.merge(json.loads(json.dumps(state.dump())))
    assert merged.value() == whole.value()
    assert merged.causes() == whole.causes()  # type: ignore[attr-defined]


SPEC = """ftspec 1

schema ticket extends alpaca { topic: text? }

dataset d {
  schema = ticket
  source = jsonl("d.jsonl")
}

check d {
  rule listed { each where has(topic) must topic in ["refund", "order"] }
  rule no_slip { expect near_misses(topic) == 0 }
}
"""


def test_a_finding_says_what_is_meant_and_fixes_mend_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.ftspec").write_text(SPEC)
    topics = ["refund"] * 40 + ["order"] * 30 + ["Refund ", "refnud", "billing"]
    rows = (
        {"instruction": f"Number {k}?", "output": "Yes.", "topic": t} for k, t in enumerate(topics)
    )
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    assert main(["validate", "s.ftspec", "--output", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    told = {one["line"]: one["help"] for one in found if one["rule"] == "listed"}
    assert told == {71: '"Refund " is likely "refund"', 72: '"refnud" is likely "refund"', 73: ""}
    (slips,) = (one for one in found if one["rule"] == "no_slip")
    assert [one["source"] for one in slips["values"]] == [
        "near_misses(topic)",
        "d.jsonl:71",
        "d.jsonl:72",
    ]
    assert 'is likely "refund", which 40 rows have' in slips["values"][2]["value"]
    for options, mended in (([], "refnud"), (["--unsafe-fixes"], "refund")):
        assert main(["validate", "s.ftspec", "--fix", *options, "--out", "fixed"]) == 1
        lines = (tmp_path / "fixed/d.jsonl").read_text().splitlines()
        topics = [json.loads(one)["topic"] for one in lines]
        assert topics[70:] == ["refund", mended, "billing"]
