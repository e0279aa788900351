from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.data.rows import row_value
from ftdsl.evaluation.scorers import (
    PENDING_SCORERS,
    SCORERS,
    Unscorable,
    contains_match,
    exact_match,
    json_match,
    last_number,
    normalized_match,
    numeric_match,
    partial_ratio,
    ratio,
    regex_match,
    token_set_ratio,
    token_sort_ratio,
)
from ftdsl.evaluation.scores import score_column
from ftdsl.language import catalog
from ftdsl.language.program import DatasetDef, Expr, SchemaDef, ScoreDef
from ftdsl.quality.expressions import Evaluator
from tests.evaluation.evals import literal, name, scorer

TEXT_MATCHES = ["exact_match", "normalized_match", "contains_match"]
GSM8K = Path(__file__).parent / "gsm8k" / "solutions.jsonl"


def test_every_scorer_of_the_catalog_is_implemented_once_or_pending() -> None:
    assert set(SCORERS) | set(PENDING_SCORERS) == set(catalog.SCORERS)
    assert not set(SCORERS) & set(PENDING_SCORERS)
    assert len(set(SCORERS.values())) == len(SCORERS)


@pytest.mark.parametrize("called", SCORERS)
def test_scorers_take_what_the_catalog_says(called: str) -> None:
    parameters = catalog.SCORERS[called].parameters
    values: dict[str, object] = {"tolerance": 0.0}
    found = SCORERS[called](*(values.get(one.name, "7") for one in parameters))
    assert found == 1.0


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [("a b", "a b", 1), (" a b\n", "a b", 1), ("A b", "a b", 0), ("a  b", "a b", 0), ("", "", 1)],
)
def test_exact_match(output: str, expected: str, score: int) -> None:
    assert exact_match(output, expected) == score


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [
        ("The answer: YES!", "the answer yes", 1),
        ("ﬁne, straße", "fine strasse", 1),
        ("yes no", "no yes", 0),
        ("yes yes", "yes", 0),
    ],
)
def test_normalized_match(output: str, expected: str, score: int) -> None:
    assert normalized_match(output, expected) == score


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [("It is PARIS.", " paris ", 1), ("London", "Paris", 0), ("１２", "12", 1)],
)
def test_contains_match(output: str, expected: str, score: int) -> None:
    assert contains_match(output, expected) == score


@pytest.mark.parametrize("called", ["contains_match", "normalized_match"])
def test_nothing_expected_is_unscored_and_not_right(called: str) -> None:
    with pytest.raises(Unscorable):
        SCORERS[called]("anything", " \n")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("so 1,234 apples", "1234"),
        ("#### 70,000.50", "70000.50"),
        ("it is -5.", "-5"),
        ("it is \u22125", "-5"),
        ("= -$5", "-5"),
        ("16-3", "3"),
        ("(16)-3", "3"),
        ("16 - 3", "3"),
        (".5 and", "0.5"),
        ("18%", "18"),
        ("3e8 m/s", "3e8"),
        ("1,23", "23"),
        ("12,345,678", "12345678"),
        ("room 12b", "12"),
        ("1e5000", "5000"),
        ("none", None),
        ("", None),
    ],
)
def test_last_number(text: str, number: str | None) -> None:
    assert last_number(text) == (None if number is None else Decimal(number))


def test_numbers_are_compared_by_value_within_the_tolerance() -> None:
    assert numeric_match("18.00", "18") == 1
    assert numeric_match("18.01", "18") == 0
    assert numeric_match("18.01", "18", 0.01) == 1
    assert numeric_match("18.011", "18", 0.01) == 0
    assert numeric_match("-18", "18") == 0
    assert numeric_match("no idea", "18") == 0
    assert numeric_match("0.1", "0.3", 0.2) == 1  # exactly, unlike 0.3 - 0.1 in binary
    with pytest.raises(Unscorable):
        numeric_match("18", "no number")


def test_numeric_match_agrees_with_the_authors_of_gsm8k() -> None:
    rows = [json.loads(line) for line in GSM8K.read_text().splitlines()]
    assert len(rows) == 50
    assert {row["is_correct"] for row in rows} == {True, False}
    for row in rows:
        assert numeric_match(row["solution"], row["answer"]) == row["is_correct"], row["solution"]


def test_regex_match_is_linear() -> None:
    start = time.perf_counter()
    assert regex_match("a" * 50_000 + "!", "^(a+)+$") == 0
    assert time.perf_counter() - start < 2
    assert regex_match("I say yes", r"\b(yes|no)$") == 1


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [
        ('{"b": [1, 2.0], "a": null}', '{"a": null, "b": [1.0, 2]}', 1),
        ("[1, 2]", "[2, 1]", 0),
        ("true", "1", 0),
        ('{"a": true}', '{"a": 1}', 0),
        ("[0]", "[false]", 0),
        ('{"a": 1}', '{"a": 1, "b": 2}', 0),
        ("not json", "{}", 0),
        ("NaN", "1", 0),
    ],
)
def test_json_match(output: str, expected: str, score: int) -> None:
    assert json_match(output, expected) == score


def test_deep_json_is_no_trap() -> None:
    deep = "[" * 900 + "]" * 900
    assert json_match(deep, deep) == 1
    bottomless = "[" * 100_000
    assert json_match(bottomless, "[]") == 0
    with pytest.raises(Unscorable):
        json_match("{}", "no json")


def test_ratios_by_hand() -> None:
    # "kitten" → "sitting": 5 insertions and deletions of 13 characters.
    assert ratio("kitten", "sitting") == pytest.approx(1 - 5 / 13)
    assert partial_ratio("fox", "the quick brown fox") == 1
    assert token_sort_ratio("fox the", "the fox") == 1
    assert token_set_ratio("the the fox", "fox the") == 1
    assert ratio("the fox", "fox the") < 1
    assert token_set_ratio("", "") == 1
    assert ratio("", "a") == 0


@pytest.mark.parametrize("called", [one for one in SCORERS if one.endswith("ratio")] + TEXT_MATCHES)
@given(text=st.text(max_size=40), other=st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_scores_are_shares_and_a_text_matches_itself(called: str, text: str, other: str) -> None:
    try:
        assert SCORERS[called](text, text) == 1
        assert 0 <= SCORERS[called](text, other) <= 1
    except Unscorable:
        return  # nothing was expected


@given(number=st.decimals(places=3, min_value=-(10**9), max_value=10**9))
@settings(max_examples=50)
def test_a_written_number_is_read_back(number: Decimal) -> None:
    assert last_number(f"so it is {number:,} in all") == number


def test_arguments_may_be_computed_from_row_and_output() -> None:
    dataset = DatasetDef("d", SchemaDef("a", "alpaca"), ())
    rows = [
        row_value({"instruction": "q", "output": text}, "alpaca") for text in ("RED", "blue", "x")
    ]
    lower = Expr("call", name("x").type, (name("output"),), "lower")
    wanted = Expr("call", name("x").type, (name("reply.text"),), "lower")
    score = ScoreDef("s", "exact_match", scorer("exact_match", wanted, of=lower))
    found = score_column(score, Evaluator(dataset), rows, ["red", "BLUE", "y"])
    assert found == [1.0, 1.0, 0.0]


def test_a_case_that_cannot_be_scored_keeps_its_reason() -> None:
    dataset = DatasetDef("d", SchemaDef("a", "alpaca"), ())
    rows = [row_value({"instruction": "q", "output": t}, "alpaca") for t in ("7", "seven")]
    value = scorer("numeric_match", name("reply.text"), literal(0.0))
    score = ScoreDef("s", "numeric_match", value)
    found = score_column(score, Evaluator(dataset), rows, ["7", "7"])
    assert found[0] == 1.0
    assert str(found[1]) == "the expected text has no number"
