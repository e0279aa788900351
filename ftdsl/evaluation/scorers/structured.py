"""Whether an output is the JSON that was wanted: its value, its fields, its schema, its calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ftdsl.data.rows import Row, messages
from ftdsl.evaluation.scorers.unscorable import Unscorable

Json = Any
_FENCE = "```"


def json_match(output: str, expected: str) -> float:
    """1 if both texts are the same JSON value: key order and 1 against 1.0 do not matter."""
    wanted = _wanted(expected)
    found = _parsed(output)
    return 0.0 if found is _NOTHING else float(same_json(found, wanted))


def json_fields(output: str, expected: str) -> float:
    """Share of the expected value's fields, those of nested objects and list items one by one, that
    the output has with the same value. 0 for an output that is no JSON."""
    wanted = list(_leaves(_wanted(expected)))
    found = _parsed(output)
    if found is _NOTHING:
        return 0.0
    there = dict(_leaves(found))
    held = sum(same_json(there[path], value) for path, value in wanted if path in there)
    return held / len(wanted)


def json_schema_match(output: str, schema: str) -> float:
    """1 if the output is JSON that conforms to the JSON Schema whose text is ``schema`` (draft
    2020-12 unless it says otherwise). Raises Unscorable for a schema that is none."""
    found = _parsed(output)
    validator = _validator(schema)
    if validator is None:
        raise Unscorable("the schema file is no valid JSON Schema")
    return 0.0 if found is _NOTHING else float(validator.is_valid(found))


def tool_call_match(output: str, row: Row) -> float:
    """1 if the output makes the calls of the row's last answer: the same tools in the same order
    with the same arguments. See ``calls_in`` for how calls are written in an output."""
    wanted = _expected_calls(row)
    found = calls_in(output)
    return float(found is not None and same_json(found, wanted))


def tool_name_match(output: str, row: Row) -> float:
    """1 if the output calls the tools of the row's last answer, in their order, whatever the
    arguments."""
    wanted = _expected_calls(row)
    found = calls_in(output)
    return float(found is not None and [o["name"] for o in found] == [o["name"] for o in wanted])


def calls_in(output: str) -> list[dict[str, Json]] | None:
    """The tool calls of an output: ``{"name": …, "arguments": {…}}``, a list of such, or either as
    ``{"function": …}`` or under ``tool_calls``; None where it is none of these."""
    found = _parsed(output)
    if isinstance(found, dict) and "tool_calls" in found:
        found = found["tool_calls"]
    calls = found if isinstance(found, list) else [found]
    read = [_call(one) for one in calls]
    return None if None in read else [one for one in read if one is not None]


def same_json(a: Json, b: Json) -> bool:
    """Equality of parsed JSON without recursion; ``true`` is not 1, as Python would have it."""
    pairs: list[tuple[Json, Json]] = [(a, b)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, bool) or isinstance(right, bool):
            if left is not right:
                return False
        elif isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pairs += [(left[key], right[key]) for key in left]
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif left != right:
            return False
    return True


_NOTHING = object()


def _parsed(text: str) -> Json:
    """The JSON value that ``text`` is, a Markdown code fence around it aside; else ``_NOTHING``."""
    import orjson

    text = text.strip()
    if text.startswith(_FENCE) and text.endswith(_FENCE) and "\n" in text:
        text = text[text.index("\n") : -len(_FENCE)]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _NOTHING


def _wanted(expected: str) -> Json:
    found = _parsed(expected)
    if found is _NOTHING:
        raise Unscorable("the expected text is not JSON")
    return found


def _leaves(value: Json) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """(path, value) of everything that holds nothing further; an empty object or list is one."""
    left: list[tuple[tuple[str | int, ...], Json]] = [((), value)]
    while left:
        path, one = left.pop()
        items = one.items() if isinstance(one, dict) else enumerate(one) if _is_list(one) else ()
        inner = [((*path, key), item) for key, item in items]
        if inner:
            left += inner
        else:
            yield path, one


def _is_list(value: Json) -> bool:
    return isinstance(value, list)


@lru_cache(maxsize=32)
def _validator(schema: str) -> Any:
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    parsed = _parsed(schema)
    if not isinstance(parsed, dict | bool):
        return None
    kind = validator_for(parsed)
    try:
        kind.check_schema(parsed)
    except SchemaError:
        return None
    return kind(parsed)


def _expected_calls(row: Row) -> list[dict[str, Json]]:
    answers = [one for one in messages(row) if one["role"] == "assistant"]
    last = answers[-1] if answers else {}
    calls = list(last.get("tool_calls") or ())
    if isinstance(last.get("function_call"), dict):
        calls.append(last["function_call"])
    read = [_call(one) for one in calls]
    if not read or None in read:
        raise Unscorable("the row's last answer makes no tool call that can be read")
    return [one for one in read if one is not None]


def _call(value: Json) -> dict[str, Json] | None:
    """``name`` and ``arguments`` of one call, the arguments parsed; None where it is no call."""
    if not isinstance(value, dict):
        return None
    function = value.get("function", value)
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    arguments = function.get("arguments", function.get("parameters", {}))
    if isinstance(arguments, str):
        arguments = _parsed(arguments or "{}")
    if not isinstance(arguments, dict):
        return None
    return {"name": function["name"], "arguments": arguments}


SCORERS: Mapping[str, Callable[..., float]] = {
    "json_match": json_match,
    "json_fields": json_fields,
    "json_schema_match": json_schema_match,
    "tool_call_match": tool_call_match,
    "tool_name_match": tool_name_match,
}
