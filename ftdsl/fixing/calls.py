"""Fixes of the arguments of tool calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from ftdsl.data.rows import Row
from ftdsl.fixing.edits import Edit
from ftdsl.quality.measures.tool_calls import declared_tools
from ftdsl.quality.measures.tool_schemas import compiled, unpadded


class Given(NamedTuple):
    """The arguments of one call as they stand in the row."""

    path: tuple[str | int, ...]
    name: str
    arguments: Any


def arguments_to_text(value: dict[str, Any]) -> list[Edit]:
    """Arguments that are an object become the JSON text of it."""
    return [
        Edit(one.path, json.dumps(one.arguments, ensure_ascii=False))
        for one in _given(value)
        if isinstance(one.arguments, dict)
    ]


def drop_null_arguments(value: dict[str, Any]) -> list[Edit]:
    """Null arguments that the called tool neither wants nor allows go."""
    declared = declared_tools(Row("", 0, 0, value, None, None, None))
    edits = []
    for one in _given(value):
        schema = compiled(declared[one.name]) if declared.get(one.name) is not None else None
        arguments = _object(one.arguments)
        if schema is None or schema.fault or arguments is None:
            continue
        kept = unpadded(arguments, schema.schema)
        if kept != arguments:
            edits.append(Edit(one.path, _like(one.arguments, kept)))
    return edits


def _given(value: dict[str, Any]) -> Iterator[Given]:
    for path, turn in _turns(value, ()):
        calls = turn.get("tool_calls")
        for index, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                yield from _of((*path, "tool_calls", index), call)
        if isinstance(turn.get("function_call"), dict):
            yield from _of((*path, "function_call"), turn["function_call"])


def _of(path: tuple[str | int, ...], call: dict[str, Any]) -> Iterator[Given]:
    function = call.get("function", call)
    if isinstance(function, dict) and "arguments" in function:
        inner = ("function", "arguments") if "function" in call else ("arguments",)
        yield Given((*path, *inner), str(function.get("name")), function["arguments"])


def _turns(
    value: dict[str, Any], path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """The turns of every list of a row, and of the lists in its `input`."""
    for name, found in value.items():
        if isinstance(found, list):
            for index, one in enumerate(found):
                if isinstance(one, dict):
                    yield (*path, name, index), one
        elif not path and name == "input" and isinstance(found, dict):
            yield from _turns(found, (name,))


def _object(arguments: Any) -> dict[str, Any] | None:
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            return None
    return arguments if isinstance(arguments, dict) else None


def _like(before: Any, arguments: dict[str, Any]) -> Any:
    """The arguments as text, with its spaces, where they were text before."""
    if not isinstance(before, str):
        return arguments
    separators = (", ", ": ") if '": ' in before else (",", ":")
    return json.dumps(arguments, ensure_ascii=False, separators=separators)


CALL_FIXES = {
    "arguments_to_text": arguments_to_text,
    "drop_null_arguments": drop_null_arguments,
}
"""The one implementation of every fix of arguments, by name."""
