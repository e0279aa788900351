"""Tool calls against what is declared: pairing, schemas, padding; OpenAI's and ShareGPT's rows."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ftdsl.data.rows import Row, messages, row_value
from ftdsl.quality.functions import EACH, REASONS
from ftdsl.quality.measures.tool_schemas import compiled

OBJECT = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "note": {"type": ["string", "null"]},
        "range": {"type": "object", "properties": {"low": {"type": "number"}}},
    },
    "required": ["city"],
}


def called(arguments: Any, schema: Any = OBJECT, name: str = "f", **more: Any) -> Row:
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}
    turns = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    return row_value({"messages": turns, "tools": tools, **more}, "chat")


def ask(name: str, row: Row) -> tuple[Any, str]:
    """The measure's value, and what a finding tells of it."""
    return EACH[name](row), REASONS[name](row)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"city": "Oslo"}, ""),
        ('{"city": "Oslo", "days": 2, "note": null}', ""),
        ({"days": 2}, "messages[1].tool_calls[0] f: 'city' is a required property"),
        ({"city": 5}, "messages[1].tool_calls[0] f: city: 5 is not of type 'string'"),
        (
            {"city": "x", "range": {"low": "1"}},
            "messages[1].tool_calls[0] f: range.low: '1' is not of type 'number'",
        ),
        # No root cause is told twice: null padding and text that is no JSON have their own rules.
        ({"city": "x", "days": None}, ""),
        ("city", ""),
    ],
)
def test_arguments_conform(arguments: Any, fault: str) -> None:
    assert ask("tool_arguments_valid", called(arguments)) == (not fault, fault)


@pytest.mark.parametrize(
    ("arguments", "padded"),
    [
        ({"city": "x"}, []),
        ({"city": "x", "note": None}, []),
        ({"city": None}, []),
        ({"city": "x", "days": None, "amount": None}, ["days", "amount"]),
        ({"city": "x", "range": {"low": None}}, ["range.low"]),
    ],
)
def test_padding(arguments: Any, padded: list[str]) -> None:
    told = "; ".join(f"messages[1].tool_calls[0] f: {one}" for one in padded)
    assert ask("padded_arguments", called(arguments)) == (len(padded), told)


def test_an_argument_that_is_required_and_null_is_a_misfit() -> None:
    assert EACH["tool_arguments_valid"](called({"city": None})) is False


def test_unknown_arguments() -> None:
    count, told = ask("unknown_arguments", called({"city": "x", "country": "NO", "amount": None}))
    assert count == 1
    assert told == "messages[1].tool_calls[0] f: country; declared: city, days, note, range"
    assert (
        EACH["unknown_arguments"](called({"x": 1}, {**OBJECT, "additionalProperties": True})) == 0
    )
    assert EACH["unknown_arguments"](called({"x": 1}, {"type": "object"})) == 0


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (None, ""),
        ({}, ""),
        (OBJECT, ""),
        ({"type": "dict"}, "f: type: 'dict' is not valid under any of the given schemas"),
        ({"properties": {"a": None}}, "f: properties.a: None is not of type 'object', 'boolean'"),
        ("text", 'f: is "text", not an object'),
        ({"pattern": "(?=a)"}, "f: pattern (?=a) cannot be searched for in linear time"),
    ],
)
def test_schemas(schema: Any, fault: str) -> None:
    row = called({}, schema)
    assert ask("tool_schemas_valid", row) == (not fault, fault)
    if fault:
        # What is no schema decides nothing about arguments.
        assert EACH["tool_arguments_valid"](row) is True


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#"}}},
    ],
)
def test_a_reference_reaches_nothing_outside_and_ends(schema: Any) -> None:
    assert EACH["tool_arguments_valid"](called({"a": {"a": {}}}, schema)) is True


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"pattern": "^(a+)+$"}}},
        {"patternProperties": {"^(a+)+$": {"type": "string"}}, "additionalProperties": False},
        {"patternProperties": {"^(a+)+$": {}}, "unevaluatedProperties": False},
    ],
)
def test_a_pattern_takes_linear_time(schema: Any) -> None:
    start = time.process_time()
    EACH["tool_arguments_valid"](called({"a": "a" * 64 + "!", "a" * 64 + "!": "x"}, schema))
    assert time.process_time() - start < 1


def test_a_validator_is_made_once_for_a_content() -> None:
    assert compiled({"a": 1, "type": "object"}) is compiled({"type": "object", "a": 1})


_TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object"])
_SCHEMAS = st.builds(
    lambda props, required, closed: {
        "type": "object",
        "properties": props,
        "required": [one for one in required if one in props],
        "additionalProperties": not closed,
    },
    st.dictionaries(st.sampled_from("abcd"), st.builds(lambda t: {"type": t}, _TYPES)),
    st.lists(st.sampled_from("abcd"), unique=True),
    st.booleans(),
)
_NUMBERS = st.one_of(st.integers(-(2**40), 2**40), st.floats(-1e9, 1e9))
_VALUES = st.one_of(st.text(max_size=3), _NUMBERS, st.booleans())


@settings(max_examples=80, deadline=None)
@given(_SCHEMAS, st.dictionaries(st.sampled_from("abcde"), _VALUES))
def test_without_nulls_the_verdict_is_that_of_the_library(schema: Any, arguments: Any) -> None:
    said = Draft202012Validator(schema).is_valid(arguments)
    assert EACH["tool_arguments_valid"](called(json.dumps(arguments), schema)) is said


@settings(max_examples=80, deadline=None)
@given(_SCHEMAS, st.dictionaries(st.sampled_from("abcde"), st.one_of(st.none(), _VALUES)))
def test_padding_and_the_rest_are_told_apart(schema: Any, arguments: Any) -> None:
    row = called(json.dumps(arguments), schema)
    padded = EACH["padded_arguments"](row)
    nulls = [name for name, one in arguments.items() if one is None]
    assert padded == len([one for one in nulls if one not in schema["required"]])


# ------------------------------------------------------------------ pairing


def turn(role: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": "x", **more}


def asking(*ids: str | None) -> dict[str, Any]:
    calls = [
        {
            "type": "function",
            "function": {"name": "f", "arguments": "{}"},
            **({"id": i} if i else {}),
        }
        for i in ids
    ]
    return turn("assistant", tool_calls=calls)


def answer(id: str | None = None) -> dict[str, Any]:
    return turn("tool", **({"tool_call_id": id} if id else {}))


@pytest.mark.parametrize(
    ("turns", "paired", "answered"),
    [
        ([asking("a"), answer("a"), turn("assistant")], True, True),
        ([asking("a", "b"), answer("b"), answer("a"), turn("assistant")], True, True),
        ([asking(None, None), answer(), answer(), turn("assistant")], True, True),
        ([asking("a")], True, True),
        ([asking("a"), answer("a")], True, True),
        ([asking("a"), answer("b"), turn("assistant")], False, False),
        ([asking("a"), answer("a"), answer("a")], False, True),
        ([asking("a", "b"), answer("a"), turn("assistant")], True, False),
        ([asking("a", "b"), answer("a")], True, False),
        ([asking("a"), turn("user")], True, False),
        ([turn("user"), answer()], False, True),
        ([asking("a"), answer()], False, False),
        ([turn("assistant", function_call={"name": "f", "arguments": "{}"}), turn("function")],
         True, True),
    ],
)  # fmt: skip
def test_pairing(turns: list[dict[str, Any]], paired: bool, answered: bool) -> None:
    row = row_value({"messages": turns}, "chat")
    assert EACH["tool_results_paired"](row) is paired
    assert EACH["tool_calls_answered"](row) is answered
    assert bool(REASONS["tool_results_paired"](row)) is not paired
    assert bool(REASONS["tool_calls_answered"](row)) is not answered


# ------------------------------------------------------------------ ShareGPT


def test_sharegpt_calls_are_calls() -> None:
    # In the form of LLaMA-Factory's demonstration set: calls and tools as JSON text.
    tool = {"name": "f", "description": "d", "parameters": OBJECT}
    turns = [
        {"from": "human", "value": "q"},
        {"from": "function_call", "value": '{"name": "f", "arguments": {"city": "Oslo"}}'},
        {"from": "observation", "value": '{"ok": true}'},
        {"from": "gpt", "value": "done"},
    ]
    row = row_value({"conversations": turns, "tools": json.dumps([tool])}, "sharegpt")
    assert messages(row)[1]["tool_calls"][0]["function"]["arguments"] == {"city": "Oslo"}
    assert EACH["tool_calls"](row) == 1
    bools = [one for one in EACH if one.startswith("tool_") and one != "tool_calls"]
    assert all(EACH[one](row) is True for one in bools)


@pytest.mark.parametrize(("text", "parses"), [("city", False), ("[]", True), ("[1]", False)])
def test_sharegpt_text_that_is_no_call(text: str, parses: bool) -> None:
    turns = [{"from": "human", "value": "q"}, {"from": "function_call", "value": text}]
    row = row_value({"conversations": turns}, "sharegpt")
    assert EACH["tool_calls_parse"](row) is parses
