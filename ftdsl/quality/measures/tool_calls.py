"""The tool calls of a conversation: what is called, whether it is declared, and what answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from ftdsl.data.rows import Row, ScannedRows
from ftdsl.data.rows import messages as messages_of

Message = dict[str, Any]

ANSWERS = frozenset({"tool", "function"})
"""The roles that answer a call; ``function`` is the older form, without ids."""


_ROLE = itemgetter("role")


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call. ``place`` is where it stands, as ``messages[2].tool_calls[0]``; ``name`` is
    None where it has none."""

    turn: int
    place: str
    id: Any
    name: str | None
    arguments: Any

    def parsed(self) -> dict[str, Any] | None:
        """The arguments as an object; None where they are none and hold none."""
        return _object(self.arguments)

    def __str__(self) -> str:
        return f"{self.place} {self.name}" if self.name else self.place


def calls_of(row: Row) -> Iterator[Call]:
    """Every tool call of the row's assistant turns, in order."""
    turns = messages_of(row)
    if is_plain(turns):
        return
    for turn, one in enumerate(turns):
        if one["role"] != "assistant":
            continue
        for index, call in enumerate(one.get("tool_calls") or ()):
            place = f"messages[{turn}].tool_calls[{index}]"
            yield _call(turn, place, call.get("id"), call.get("function", call))
        if isinstance(one.get("function_call"), dict):
            yield _call(turn, f"messages[{turn}].function_call", None, one["function_call"])


def is_plain(turns: list[Message]) -> bool:
    """Whether no turn has more than its role and its content: then none calls a tool."""
    return max(map(len, turns), default=0) <= 2 and all("content" in one for one in turns)


def _call(turn: int, place: str, id: Any, function: Any) -> Call:
    if not isinstance(function, dict):
        return Call(turn, place, id, None, None)
    name = function.get("name")
    return Call(turn, place, id, name if isinstance(name, str) else None, function.get("arguments"))


def _object(arguments: Any) -> dict[str, Any] | None:
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            return None
    return arguments if isinstance(arguments, dict) else None


def declared_tools(row: Row) -> dict[str, Any]:
    """The row's tools by name, each with the JSON Schema of its arguments (None where it states
    none). ``tools`` may be a list or JSON text of one, in OpenAI's form or flat."""
    found: dict[str, Any] = {}
    for one in tool_list(row):
        function = one.get("function", one) if isinstance(one, dict) else None
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            schema = function.get("parameters", function.get("input_schema"))
            found[function["name"]] = schema
    return found


def tool_list(row: Row) -> list[Any]:
    """The row's ``tools`` as a list; empty where they are none."""
    tools = row.value.get("tools")
    inner = row.value.get("input")
    if tools is None and isinstance(inner, dict):
        tools = inner.get("tools")
    if isinstance(tools, str):
        try:
            tools = orjson.loads(tools)
        except orjson.JSONDecodeError:
            return []
    return tools if isinstance(tools, list) else []


def tool_calls(row: Row) -> int:
    """Tool calls in the row's assistant turns."""
    return sum(1 for _ in calls_of(row))


def tool_calls_parse(row: Row) -> bool:
    """Whether the arguments of every call are an object, or text that parses to one."""
    return all(call.parsed() is not None for call in calls_of(row))


def unparsed(row: Row) -> str:
    """Which arguments are no JSON object."""
    return "; ".join(
        f"{call}: {_start(call.arguments)}" for call in calls_of(row) if call.parsed() is None
    )


def _start(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= 60 else text[:60] + "…"


def object_arguments(row: Row) -> int:
    """Calls whose arguments are an object itself, and not the JSON text of one."""
    return sum(isinstance(call.arguments, dict) for call in calls_of(row))


def _objects(row: Row) -> str:
    found = (call for call in calls_of(row) if isinstance(call.arguments, dict))
    return "; ".join(f"{call}: {_start(call.arguments)}" for call in found)


def tool_calls_declared(row: Row) -> bool:
    """Whether every tool that is called is declared in the row's ``tools``."""
    called = [call.name for call in calls_of(row)]
    return not called or set(called) <= declared_tools(row).keys()


def undeclared(row: Row) -> str:
    """Which tools are called and not declared, and what is declared."""
    declared = declared_tools(row)
    names = [str(call) for call in calls_of(row) if call.name not in declared]
    return f"{'; '.join(names)}; declared: {', '.join(sorted(declared)) or 'none'}"


def tool_results_paired(row: Row) -> bool:
    """Whether every tool turn answers a call of the assistant turn before it, by its id or, where
    neither has one, in order; and no call is answered twice."""
    return not any(isinstance(fault, _Stray) for fault in _pairing(row))


def tool_calls_answered(row: Row) -> bool:
    """Whether every call is answered before the conversation goes on; the calls of the last turn
    need no answer."""
    return not any(isinstance(fault, _Silent) for fault in _pairing(row))


def tool_call_ids_unique(row: Row) -> bool:
    """Whether no two calls of the row have the same id."""
    ids = [str(call.id) for call in calls_of(row) if call.id is not None]
    return len(ids) == len(set(ids))


def stray_results(row: Row) -> str:
    """Which tool turns answer no call."""
    return "; ".join(str(fault) for fault in _pairing(row) if isinstance(fault, _Stray))


def unanswered(row: Row) -> str:
    """Which calls are left without an answer."""
    return "; ".join(str(fault) for fault in _pairing(row) if isinstance(fault, _Silent))


def repeated_ids(row: Row) -> str:
    """Which ids two calls have."""
    seen: set[str] = set()
    found = []
    for call in calls_of(row):
        if call.id is not None and str(call.id) in seen:
            found.append(f"{call}: id {_start(call.id)}")
        seen.add(str(call.id))
    return "; ".join(found)


class _Stray(str):
    """A tool turn that answers nothing."""


class _Silent(str):
    """A call that nothing answers."""


def _pairing(row: Row) -> Iterator[_Stray | _Silent]:
    turns = messages_of(row)
    if is_plain(turns) and ANSWERS.isdisjoint(map(_ROLE, turns)):
        return
    by_turn: dict[int, list[Call]] = {}
    for call in calls_of(row):
        by_turn.setdefault(call.turn, []).append(call)
    waiting: list[Call] = []
    for index, one in enumerate(turns):
        if one["role"] in ANSWERS:
            answered = _answered(one, waiting)
            if answered is None:
                yield _Stray(_stray(index, one, waiting))
            else:
                waiting.remove(answered)
            continue
        for call in waiting:
            yield _Silent(f"{call}{_named(call.id)} has no answer before messages[{index}]")
        waiting = by_turn.get(index, [])
    if waiting and turns[-1]["role"] in ANSWERS:
        for call in waiting:
            yield _Silent(f"{call}{_named(call.id)} has no answer")


def _answered(one: Message, waiting: list[Call]) -> Call | None:
    """The call that a tool turn answers."""
    id = one.get("tool_call_id")
    if id is not None:
        return next((call for call in waiting if str(call.id) == str(id)), None)
    return next((call for call in waiting if call.id is None), None)


def _stray(index: int, one: Message, waiting: list[Call]) -> str:
    ids = ", ".join(_start(call.id) for call in waiting if call.id is not None)
    open_ = f"open ids: {ids}" if ids else "no call is open"
    id = one.get("tool_call_id")
    named = f"answers {_start(id)}" if id is not None else "names no call"
    return f"messages[{index}] {named}; {open_}"


def _named(id: Any) -> str:
    return f" ({_start(id)})" if id is not None else ""


EACH: dict[str, Any] = {
    "tool_calls": tool_calls,
    "tool_calls_parse": tool_calls_parse,
    "object_arguments": object_arguments,
    "tool_calls_declared": tool_calls_declared,
    "tool_results_paired": tool_results_paired,
    "tool_calls_answered": tool_calls_answered,
    "tool_call_ids_unique": tool_call_ids_unique,
}

PLAIN: dict[str, Callable[[ScannedRows], list[Any]]] = {
    "tool_calls": lambda rows: [0] * len(rows),
    "tool_calls_parse": lambda rows: [True] * len(rows),
    "tool_calls_declared": lambda rows: [True] * len(rows),
    "tool_results_paired": lambda rows: rows.by_roles(ANSWERS.isdisjoint),
    "tool_calls_answered": lambda rows: [True] * len(rows),
    "tool_call_ids_unique": lambda rows: [True] * len(rows),
}
"""The functions of a row, for rows that call no tool."""

REASONS: dict[str, Any] = {
    "tool_calls_parse": unparsed,
    "object_arguments": _objects,
    "tool_calls_declared": undeclared,
    "tool_results_paired": stray_results,
    "tool_calls_answered": unanswered,
    "tool_call_ids_unique": repeated_ids,
}
"""What a finding tells beside the value, by function."""
