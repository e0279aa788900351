"""The order of a conversation's turns, and its tool calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from ftdsl.data.rows import Row, content_text
from ftdsl.data.rows import messages as messages_of

Message = dict[str, Any]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_SYSTEM = ("system", "developer")
_BEFORE = {
    "user": ("", "assistant"),
    "assistant": ("user", "tool"),
    "tool": ("assistant", "tool"),
}
"""The turns that each may follow."""


def known_roles(messages: list[Message]) -> bool:
    """Whether every turn's role is one of ``ROLES``."""
    return all(one["role"] in ROLES for one in messages)


def alternates(messages: list[Message]) -> bool:
    """Whether user and assistant turns alternate, the user first. System and developer turns are
    left out; tool turns stand only between two assistant turns."""
    last = ""
    for one in messages:
        role = one["role"]
        if role in _SYSTEM:
            continue
        if last not in _BEFORE.get(role, ()):
            return False
        last = role
    return last != "tool"


def system_first(messages: list[Message]) -> bool:
    """Whether system and developer turns stand only before all others."""
    others = False
    for one in messages:
        if one["role"] not in _SYSTEM:
            others = True
        elif others:
            return False
    return True


def last_role(messages: list[Message]) -> str:
    """Role of the last turn, "" where there is none."""
    return str(messages[-1]["role"]) if messages else ""


def role_count(messages: list[Message], role: str) -> int:
    """Turns with that role."""
    return sum(one["role"] == role for one in messages)


def empty_turns(row: Row) -> int:
    """Turns whose text is empty or white space, other than those that call tools or hold an
    image."""
    return sum(_is_empty(one) for one in messages_of(row))


def _is_empty(one: Message) -> bool:
    content = one.get("content")
    if type(content) is str:
        text = content
    elif isinstance(content, list) and any(part.get("type") != "text" for part in content):
        return False
    else:
        text = content_text(content)
    return not text.strip() and not (one.get("tool_calls") or one.get("function_call"))


def _calls(row: Row) -> Iterator[tuple[Any, Message]]:
    """(id, function) of every tool call; a function is a dict, empty where there is none."""
    for one in messages_of(row):
        if one["role"] != "assistant":
            continue
        for call in one.get("tool_calls") or ():
            function = call.get("function", call)
            yield call.get("id"), function if isinstance(function, dict) else {}
        if isinstance(one.get("function_call"), dict):
            yield None, one["function_call"]


def tool_calls(row: Row) -> int:
    """Tool calls in the row's assistant turns."""
    return sum(1 for _ in _calls(row))


def tool_calls_parse(row: Row) -> bool:
    """Whether the arguments of every call are an object, or text that parses to one."""
    return all(_is_object(function.get("arguments")) for _, function in _calls(row))


def _is_object(arguments: Any) -> bool:
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            return False
    return isinstance(arguments, dict)


def tool_calls_declared(row: Row) -> bool:
    """Whether every tool that is called is declared in the row's ``tools``."""
    declared = _declared(row.value.get("tools"))
    return all(function.get("name") in declared for _, function in _calls(row))


def _declared(tools: Any) -> set[Any]:
    if isinstance(tools, str):
        try:
            tools = orjson.loads(tools)
        except orjson.JSONDecodeError:
            return set()
    if not isinstance(tools, list):
        return set()
    named = (one.get("function", one) for one in tools if isinstance(one, dict))
    return {one["name"] for one in named if isinstance(one, dict) and type(one.get("name")) is str}


def tool_results_paired(row: Row) -> bool:
    """Whether every tool turn answers a call of an earlier assistant turn by its id, and each call
    is answered at most once."""
    waiting: set[Any] = set()
    for one in messages_of(row):
        if one["role"] == "assistant":
            waiting.update(str(call["id"]) for call in one.get("tool_calls") or () if "id" in call)
        elif one["role"] == "tool":
            answered = str(one.get("tool_call_id"))
            if answered not in waiting:
                return False
            waiting.discard(answered)
    return True


EACH: dict[str, Any] = {
    "known_roles": known_roles,
    "alternates": alternates,
    "system_first": system_first,
    "last_role": last_role,
    "role_count": role_count,
    "empty_turns": empty_turns,
    "tool_calls": tool_calls,
    "tool_calls_parse": tool_calls_parse,
    "tool_calls_declared": tool_calls_declared,
    "tool_results_paired": tool_results_paired,
}
