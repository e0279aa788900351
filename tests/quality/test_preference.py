"""Pairs in every shape that trainers take, and what is said of them alone and together."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from ftdsl.data.rows import Row, chosen, messages, pair_of, prompt, rejected, row_value, text
from ftdsl.data.shape import Shape
from ftdsl.language.program import SchemaDef
from ftdsl.quality.across.aggregates import aggregate
from ftdsl.quality.functions import EACH, REASONS


def said(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}


ASKED, ONE, OTHER = said("user", "Q?"), said("assistant", "A"), said("assistant", "B")
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "1", "function": {"name": "f"}}],
}

SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "texts": ("preference", {"prompt": "Q?", "chosen": "A", "rejected": "B"}),
    "messages": ("preference", {"messages": [ASKED], "chosen": ONE, "rejected": OTHER}),
    "lists": ("preference", {"prompt": [ASKED], "chosen": [ONE], "rejected": [OTHER]}),
    "no prompt": ("preference", {"chosen": [ASKED, ONE], "rejected": [ASKED, OTHER]}),
    "prompt twice": (
        "preference",
        {"prompt": "Q?", "chosen": [ASKED, ONE], "rejected": [ASKED, OTHER]},
    ),
    "prompt in the texts": ("preference", {"chosen": "Q?A", "rejected": "Q?B"}),
    "sharegpt": (
        "preference",
        {
            "conversations": [{"from": "human", "value": "Q?"}],
            "chosen": {"from": "gpt", "value": "A"},
            "rejected": {"from": "gpt", "value": "B"},
        },
    ),
    "openai": (
        "openai_preference",
        {
            "input": {"messages": [ASKED], "tools": [], "parallel_tool_calls": True},
            "preferred_output": [ONE],
            "non_preferred_output": [OTHER],
        },
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_reads_the_same(name: str) -> None:
    base, value = SHAPES[name]
    assert Shape(SchemaDef("s", base)).problem(value) is None
    row = row_value(value, base)
    assert (prompt(row), chosen(row), rejected(row)) == ("Q?", "A", "B")
    assert [one["content"] for one in messages(row)] == ["Q?", "A"]
    assert text(row) == "Q?\nA\nB"
    assert EACH["replies_answer"](row) is True
    assert EACH["same_replies"](row) is False


@pytest.mark.parametrize(
    ("base", "value", "code"),
    [
        ("preference", {"chosen": "A", "rejected": "B"}, "FT341"),
        ("preference", {"chosen": [ONE], "rejected": [OTHER]}, "FT341"),
        ("openai_preference", {"input": {}, "preferred_output": [ONE]}, "FT341"),
        ("openai_preference", {"input": [ASKED], "preferred_output": [ONE]}, "FT340"),
        (
            "openai_preference",
            {"input": {"messages": [ASKED]}, "preferred_output": "A", "non_preferred_output": "B"},
            "FT340",
        ),
        (
            "openai_preference",
            {"input": {"messages": [{"role": "user"}]}, "preferred_output": [ONE]},
            "FT343",
        ),
    ],
)
def test_what_is_no_pair(base: str, value: dict[str, Any], code: str) -> None:
    problem = Shape(SchemaDef("s", base)).problem(value)
    assert problem is not None
    assert problem.code == code


def pair(one: Any, other: Any, **more: Any) -> Row:
    return row_value({"prompt": "Q?", "chosen": one, "rejected": other, **more}, "preference")


@pytest.mark.parametrize(
    ("one", "other", "raw", "words"),
    [
        ("A", "A", True, True),
        ("A b", "a  B!", False, True),
        ("A", "B", False, False),
        ([CALL], [CALL], True, True),
        ([CALL], [{**CALL, "tool_calls": [{"id": "2"}]}], False, False),
        ([ASKED, ONE], [ASKED, ONE], True, True),
    ],
)
def test_same_replies(one: Any, other: Any, raw: bool, words: bool) -> None:
    assert EACH["same_replies"](pair(one, other)) is raw
    assert EACH["same_replies"](pair(one, other), True) is words


def test_a_kto_row_has_one_answer() -> None:
    row = row_value({"messages": [ASKED, ONE], "label": True}, "kto")
    assert pair_of(row) == ([ASKED], [ONE], [])
    assert EACH["same_replies"](row) is False
    assert EACH["blank_replies"](row) == 0
    assert EACH["blank_replies"](row_value({"messages": [ASKED], "label": False}, "kto")) == 1


def test_answers_to_two_prompts() -> None:
    other = [said("user", "Another?"), OTHER]
    row = row_value({"chosen": [ASKED, ONE], "rejected": other}, "preference")
    assert EACH["replies_answer"](row) is False
    assert REASONS["replies_answer"](row) == "chosen goes on with 'user': 'Q?'"


def test_blank_replies() -> None:
    assert EACH["blank_replies"](pair(" ", [CALL])) == 1
    assert EACH["blank_replies"](pair([], "")) == 2


# ------------------------------------------------------------------ together


def contradictions(rows: list[Row]) -> int:
    state = aggregate("contradictions", ())
    state.add(rows)
    return int(state.value())


def test_contradictions() -> None:
    rows = [pair("A", "B"), pair(" b ", "A"), pair("A", "C"), pair("A", "A")]
    assert contradictions(rows) == 1
    assert contradictions(rows[:1] * 3) == 0
    assert contradictions([pair("A", "B"), pair("B", "A", prompt="R?")]) == 0
    # A before B and B before C is an order, no contradiction.
    assert contradictions([pair("A", "B"), pair("B", "C")]) == 0
    assert contradictions([pair([CALL], "x"), pair("x", [CALL])]) == 1


def test_contradicting_labels() -> None:
    good, bad = (
        row_value({"messages": [ASKED, ONE], "label": one}, "kto") for one in (True, False)
    )
    assert contradictions([good, bad]) == 1
    assert contradictions([good, good]) == 0


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("AB"), st.sampled_from("AB"))))
def test_contradictions_do_not_depend_on_order_or_cut(
    triples: list[tuple[str, str, str]],
) -> None:
    rows = [pair(one, other, prompt=asked) for asked, one, other in triples]
    expected = len(
        {asked for asked, one, other in triples if one < other}
        & {asked for asked, one, other in triples if one > other}
    )
    assert contradictions(rows) == expected
    random.Random(1).shuffle(rows)
    whole = aggregate("contradictions", ())
    for start in range(0, len(rows), 2):
        part = aggregate("contradictions", ())
        part.add(rows[start : start + 2])
        whole.merge(part.dump())
    assert whole.value() == expected


@given(st.lists(st.one_of(st.none(), st.integers(-3, 3)), max_size=60))
def test_the_sign_test_is_the_binomial_test(column: list[int | None]) -> None:
    state = aggregate("sign_test", ())
    state.add(column)
    above = sum(1 for one in column if one is not None and one > 0)
    total = above + sum(1 for one in column if one is not None and one < 0)
    expected = binomtest(above, total).pvalue if total else 1.0
    assert state.value() == pytest.approx(expected, rel=1e-9)


def test_the_sign_test_of_many_rows() -> None:
    state = aggregate("sign_test", ())
    state.merge([501_000, 499_000])
    assert state.value() == pytest.approx(binomtest(501_000, 1_000_000).pvalue, rel=1e-6)
    state.merge([100_000, 0])
    assert state.value() < 1e-100
