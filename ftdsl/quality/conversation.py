"""The order of a conversation's turns, and its tool calls."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from operator import itemgetter
from typing import Any

import orjson

from ftdsl.data.rows import Row, content_text
from ftdsl.data.rows import messages as messages_of

Message = dict[str, Any]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_ROLE, _CONTENT = itemgetter("role"), itemgetter("content")
_SYSTEM = ("system", "developer")
_BEFORE = {
    "user": ("", "assistant"),
    "assistant": ("user", "tool"),
    "tool": ("assistant", "tool"),
}
"""The turns that each may follow."""


class Conversations(list[list[Message]]):
    """The turns of consecutive rows. ``roles`` is made once, when first asked for."""

    _roles: list[tuple[str, ...]] | None = None

    @property
    def roles(self) -> list[tuple[str, ...]]:
        """The roles of each row's turns, in order."""
        if self._roles is None:
            self._roles = [tuple(map(_ROLE, turns)) for turns in self]
        return self._roles


def _roles(column: list[list[Message]]) -> list[tuple[str, ...]]:
    return (column if isinstance(column, Conversations) else Conversations(column)).roles


def known_roles(column: list[list[Message]]) -> list[bool]:
    """Whether every turn's role is one of ``ROLES``."""
    return [ROLES.issuperset(roles) for roles in _roles(column)]


def alternates(column: list[list[Message]]) -> list[bool]:
    """Whether user and assistant turns alternate, the user first. System and developer turns are
    left out; tool turns stand only between two assistant turns."""
    return list(map(_alternates, _roles(column)))


# A dataset has few orders of roles, and many rows of each.
@lru_cache(maxsize=4096)
def _alternates(roles: tuple[str, ...]) -> bool:
    last = ""
    for role in roles:
        if role in _SYSTEM:
            continue
        if last not in _BEFORE.get(role, ()):
            return False
        last = role
    return last != "tool"


def system_first(column: list[list[Message]]) -> list[bool]:
    """Whether system and developer turns stand only before all others."""
    return list(map(_system_first, _roles(column)))


@lru_cache(maxsize=4096)
def _system_first(roles: tuple[str, ...]) -> bool:
    system = [role in _SYSTEM for role in roles]
    return system == sorted(system, reverse=True)


def last_role(column: list[list[Message]]) -> list[str]:
    """Role of the last turn, "" where there is none."""
    return [roles[-1] if roles else "" for roles in _roles(column)]


def role_count(column: list[list[Message]], role: str) -> list[int]:
    """Turns with that role."""
    return [roles.count(role) for roles in _roles(column)]


def empty_turns(row: Row) -> int:
    """Turns whose text is empty or white space, other than those that call tools or hold an
    image."""
    turns = messages_of(row)
    try:
        if all(map(str.strip, map(_CONTENT, turns))):
            return 0
    except (KeyError, TypeError):
        # A turn without a text of its own: each is looked at below.
        pass
    return sum(_is_empty(one, one.get("content")) for one in turns)


def _is_empty(one: Message, content: Any) -> bool:
    if isinstance(content, list) and any(part.get("type") != "text" for part in content):
        return False
    called = one.get("tool_calls") or one.get("function_call")
    return not content_text(content).strip() and not called


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


FUNCTIONS: dict[str, Any] = {
    "known_roles": known_roles,
    "alternates": alternates,
    "system_first": system_first,
    "last_role": last_role,
    "role_count": role_count,
}

EACH: dict[str, Any] = {
    "empty_turns": empty_turns,
    "tool_calls": tool_calls,
    "tool_calls_parse": tool_calls_parse,
    "tool_calls_declared": tool_calls_declared,
    "tool_results_paired": tool_results_paired,
}
