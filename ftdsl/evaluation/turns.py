"""How the turns of a case are put to a model: texts, pictures, tool calls and their results."""

from __future__ import annotations

from typing import Any

import orjson

from ftdsl.data.rows import Message, Row, content_text, messages
from ftdsl.evaluation.pictures import Pictures
from ftdsl.models.answer import Image, Turn

_MORE = ("tool_calls", "tool_call_id", "name", "function_call")


def asked_turns(row: Row, pictures: Pictures) -> tuple[Turn, ...]:
    """All turns before the last answer of the assistant."""
    turns = messages(row)
    last = next((i for i in reversed(range(len(turns))) if turns[i]["role"] == "assistant"), None)
    return tuple(turn_of(turn, row, pictures) for turn in turns[:last])


def turn_of(turn: Message, row: Row, pictures: Pictures) -> Turn:
    """A message of a row as it is put to a model."""
    content = turn.get("content")
    if isinstance(content, str) and len(turn) == 2:
        return Turn(turn["role"], content)
    parts = content if isinstance(content, list) else []
    shown = tuple(_part(part, row, pictures) for part in parts if isinstance(part, dict))
    return Turn(
        turn["role"],
        content_text(content),
        shown if any(isinstance(one, Image) for one in shown) else (),
        _more(turn),
    )


def _part(part: dict[str, Any], row: Row, pictures: Pictures) -> str | Image:
    if part.get("type") != "image_url":
        return str(part.get("text") or "")
    image = part.get("image_url")
    return pictures.shown(image.get("url") if isinstance(image, dict) else image, row)


def _more(turn: Message) -> str:
    """What a turn has beside role and content, of that which the API takes."""
    more = {name: turn[name] for name in _MORE if turn.get(name) is not None}
    calls = more.get("tool_calls")
    if isinstance(calls, list):
        more["tool_calls"] = [_call(one, number) for number, one in enumerate(calls)]
    return orjson.dumps(more).decode() if more else ""


def _call(call: Any, number: int) -> Any:
    """A call as the API writes it: with an id, a type, and its arguments as a text."""
    if not isinstance(call, dict):
        return call
    function = call.get("function")
    function = dict(function if isinstance(function, dict) else {k: call.get(k) for k in _NAMED})
    if not isinstance(function.get("arguments"), str):
        function["arguments"] = orjson.dumps(function.get("arguments") or {}).decode()
    return {"id": call.get("id") or f"call_{number}", "type": "function", "function": function}


_NAMED = ("name", "arguments")


def row_tools(row: Row) -> str:
    """The tools that the row itself declares, as the API takes them; "" where it has none."""
    tools = row.value.get("tools")
    if isinstance(tools, str):
        try:
            tools = orjson.loads(tools)
        except orjson.JSONDecodeError:
            return ""
    return tools_text(tools)


def tools_text(tools: object) -> str:
    """A list of tools as the API takes it, bare functions put into its form; "" of none."""
    if not isinstance(tools, list) or not tools:
        return ""
    whole = [
        one if not isinstance(one, dict) or "function" in one or "name" not in one
        else {"type": "function", "function": one}
        for one in tools
    ]  # fmt: skip
    return orjson.dumps(whole, option=orjson.OPT_SORT_KEYS).decode()
