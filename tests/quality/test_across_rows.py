"""What only the rows together show: counted right however they are cut up, and named."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.quality.across.aggregates import aggregate
from ftdsl.quality.across.relations import ACROSS, NAMED, Outliers
from tests.data.catalogue import validate

KEYS = st.lists(st.none() | st.sampled_from("abcd"), max_size=40)
PAIRS = st.lists(
    st.tuples(st.none() | st.sampled_from("abc"), st.none() | st.sampled_from("xyz")), max_size=40
)
NUMBERS = st.lists(st.none() | st.integers(-50, 50) | st.just(10**6), max_size=40)


def repeats(column: list[Any]) -> int:
    return sum(n - 1 for n in Counter(one for one in column if one is not None).values())


def conflicts(column: list[Any]) -> int:
    seen = defaultdict(set)
    for key, value in column:
        if key is not None and value is not None:
            seen[key].add(value)
    return sum(len(values) > 1 for values in seen.values())


def rare(column: list[Any], below: float) -> int:
    counts = Counter(one for one in column if one is not None)
    return sum(n for n in counts.values() if n < below * counts.total())


def strays(column: list[Any], below: float) -> int:
    counts = Counter(one for one in column if one is not None)
    others = counts.total() - max(counts.values(), default=0)
    return others if others < below * counts.total() else 0


def outliers(column: list[Any], z: float) -> int:
    there = [one for one in column if one is not None]
    if not there:
        return 0
    away = np.abs(np.array(there, float) - np.median(there))
    spread = np.median(away) / 0.674489750196 or np.mean(away) * 1.253314137
    return int(np.sum(away / spread > z)) if spread else 0


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 40))
@pytest.mark.parametrize(
    ("name", "columns", "constants", "oracle"),
    [
        ("repeats", KEYS, (), repeats),
        ("conflicts", PAIRS, (), conflicts),
        ("rare", KEYS, (0.2,), rare),
        ("strays", KEYS, (0.3,), strays),
        ("outliers", NUMBERS, (3.5,), outliers),
    ],
)
def test_they_agree_with_the_plain_definition(
    name: str, columns: Any, constants: Any, oracle: Any, data: Any, cut: int
) -> None:
    column = data.draw(columns)
    whole, first, second = (aggregate(name, constants) for _ in range(3))
    whole.add(column)
    first.add(column[:cut])
    second.add(column[cut:])
    first.merge(json.loads(json.dumps(second.dump())))
    assert whole.value() == first.value() == oracle(column, *constants)
    assert whole.causes() == first.causes()  # type: ignore[attr-defined]
    named = whole.causes()  # type: ignore[attr-defined]
    assert len(named) == min(whole.value(), NAMED)
    assert all(0 <= row < len(column) for row, _ in named)


def test_every_state_names_rows() -> None:
    assert all(hasattr(one, "causes") for one in ACROSS.values())


def test_outliers_of_a_published_example() -> None:
    """Iglewicz and Hoaglin's measure on the NIST handbook's kind of sample."""
    state = Outliers(3.5)
    state.add([2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3])
    assert state.value() == 2
    assert state.causes()[0][1].startswith("8.3, z = 26.3")


def rows(*pairs: tuple[str, str]) -> bytes:
    lines = [
        {"messages": [{"role": "user", "content": a}, {"role": "assistant", "content": b}]}
        for a, b in pairs
    ]
    return "".join(json.dumps(one) + "\n" for one in lines).encode()


USE = '\nimport "std/dataset.ftspec" as std_dataset\n\ncheck d {{ use std_dataset.{} }}\n'
MANY = [(f"Question {n} of {n % 7}?", f"Answer {n} to it.") for n in range(300)]


@pytest.mark.parametrize(
    ("ruleset", "more", "rule", "told", "exit_code"),
    [
        ("no_repeats", [MANY[4]], "no_exact_repeat", "repeats rows.jsonl:5", 1),
        (
            "no_repeats",
            [("question 7 of 0", "ANSWER 7 to it")] * 4,
            "few_normalized_repeats",
            ":8",
            1,
        ),
        (
            "consistent",
            [(MANY[n][0].upper(), "No.") for n in (6, 5, 4, 2)],
            "one_answer",
            "contradicts rows.jsonl:3",
            1,
        ),
        ("even", [("Question?", "x " * 40_000)], "no_giant_reply", "80000, z = ", 1),
        ("even", [("x " * 40_000, "Answer.")], "no_giant_prompt", "80000, z = ", 1),
    ],
)
def test_the_shipped_rules_name_the_rows(
    tmp_path: Path, ruleset: str, more: Any, rule: str, told: str, exit_code: int
) -> None:
    answer = validate(tmp_path / "a", rows(*MANY), more=USE.format(ruleset))
    assert (answer.exit_code, answer.report["findings"]) == (0, [])
    answer = validate(tmp_path / "b", b"\n" + rows(*MANY, *more), more=USE.format(ruleset))
    found = next(one for one in answer.report["findings"] if one["rule"] == rule)
    assert answer.exit_code == exit_code
    last = found["values"][-1]
    assert last["source"] == f"rows.jsonl:{301 + len(more)}"
    shifted = told.replace(":5", ":6").replace(":8", ":9").replace(":3", ":4")
    assert shifted in last["value"]


def test_labels_by_prompt_and_quantity_by_task(tmp_path: Path) -> None:
    lines = [{"text": f"t{n % 20}", "label": "ab"[n % 2], "task": "xyz"[n % 3]} for n in range(60)]
    lines += [{"text": "t3", "label": "a", "task": "x"}, {"text": "t4", "label": "ab", "task": "X"}]
    body = "".join(json.dumps(one) + "\n" for one in lines).encode()
    more = """
schema line { text: text  label: text  task: text }

check d {
  rule agreed { expect conflicts(text, label) == 0 }
  rule known { expect rare(label, below: 2%) == 0 }
}

coverage d { by task { each >= 20 } }
"""
    answer = validate(tmp_path, body, 'jsonl("rows.jsonl")', "line", more=more)
    by_rule = {one["rule"]: one for one in answer.report["findings"]}
    sources = [one["source"] for one in by_rule["agreed"]["values"]]
    assert sources == ["conflicts(text, label)", "rows.jsonl:61", "rows.jsonl:62"]
    assert [one["source"] for one in by_rule["known"]["values"]][1:] == ["rows.jsonl:62"]
    assert "`X` has 1 rows" in by_rule["by task"]["message"]
    assert answer.exit_code == 1


LINES = """
schema line { text: text  label: text? }

dedup d { drop near on text { similarity = 0.6 } }

coverage d { expect disagreements(label) == 0 }
"""
TEXT = "the parcel has not come yet and the shop does not answer any of my mails since monday"


@pytest.mark.code("FT386")
def test_labels_of_near_duplicates_that_disagree(tmp_path: Path) -> None:
    texts = [TEXT, f"{TEXT} morning", "something else altogether that nobody else says", TEXT]
    labels = ["late", "lost", "late", None]
    values = [{"text": t, "label": one} for t, one in zip(texts, labels, strict=True)]
    body = "".join(json.dumps(one) + "\n" for one in values).encode()
    source = 'jsonl("rows.jsonl")'
    answer = validate(tmp_path / "a", body, source, "line", more=LINES)
    found = next(one for one in answer.report["findings"] if one["code"] == "FT411")
    assert answer.exit_code == 1
    assert found["values"] == [
        {"source": "rows.jsonl:2", "value": '"lost", and "late" at its duplicate rows.jsonl:1'}
    ]
    same = body.replace(b"lost", b"late")
    assert validate(tmp_path / "b", same, source, "line", more=LINES).exit_code == 0
    alone = "\n".join(line for line in LINES.split("\n") if not line.startswith("dedup"))
    refused = validate(tmp_path / "c", body, source, "line", more=alone)
    assert (refused.exit_code, refused.places[0][0]) == (2, "FT386")
    in_check = alone.replace("coverage d { ", "check d { rule agreed { ").replace("0 }", "0 } }")
    assert validate(tmp_path / "d", body, source, "line", more=in_check).exit_code == 2
