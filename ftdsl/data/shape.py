"""What a row must look like under its schema: the format's own fields and the declared ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from operator import itemgetter
from typing import Any

from ftdsl.data.formats import FORMATS
from ftdsl.language.program import SchemaDef, Type

_KINDS = {str: "a text", bool: "a bool", int: "a whole number", float: "a number", list: "a list"}
_NUMBERS = frozenset({"float", "ratio", "points", "duration", "money", "size"})
_EXPECTED = {"text": "a text", "int": "a whole number", "bool": "a bool", "date": "a date"}


_ROLE, _CONTENT = itemgetter("role"), itemgetter("content")
_TEXTS = {str}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row does not fit its schema. ``code`` is FT340 (type), FT341 (absent field) or FT343
    (a turn)."""

    code: str
    message: str
    help: str = ""


Check = Callable[[Any], Problem | None]


class Shape:
    """The checks of one schema, made once and asked for every row."""

    def __init__(self, schema: SchemaDef) -> None:
        format = FORMATS[schema.base] if schema.base is not None else None
        required: dict[str, Check] = {}
        optional: dict[str, Check] = {}
        if format is not None:
            required.update({name: _format_check(name, k) for name, k in format.required.items()})
            optional.update({name: _format_check(name, k) for name, k in format.optional.items()})
        for field in schema.fields:
            check = partial(_declared, field.name, field.type)
            required.pop(field.name, None)
            optional.pop(field.name, None)
            (optional if field.type.optional else required)[field.name] = check
        self.known = frozenset(required) | frozenset(optional)
        loose = {**format.required, **format.optional} if format is not None else {}
        declared = {field.name for field in schema.fields}
        self.typed = self.known - {n for n, k in loose.items() if k == "any" and n not in declared}
        """The fields whose values are all of one type, or the row does not fit."""
        self.loose = frozenset(loose) - declared
        """The format's own fields that no schema declares."""
        self.declared = tuple((field.name, field.type.optional) for field in schema.fields)
        self._checks = {**required, **optional}
        self._required = tuple(required.items())
        self._optional = tuple(optional.items())
        self._optional_names = frozenset(optional)
        self._either = format.either if format is not None else ()
        self._whole = format.whole if format is not None else None

    def problem(self, value: dict[str, Any]) -> Problem | None:
        """The first thing that keeps the row from being asked any rule; None if it fits."""
        for name, check in self._required:
            one = value.get(name)
            if one is None:
                return _absent(name, name in value)
            if (found := check(one)) is not None:
                return found
        if not self._optional_names.isdisjoint(value):
            for name, check in self._optional:
                one = value.get(name)
                if one is not None and (found := check(one)) is not None:
                    return found
        for names in self._either:
            absent = all(value.get(name) is None for name in names)
            if absent and not (self._whole is not None and self._whole(value)):
                return Problem("FT341", f"none of {', '.join(f'`{n}`' for n in names)} is there")
        return None

    def suits(self, name: str, value: Any) -> bool:
        """Whether ``value``, which is not null, may stand in the declared field ``name``."""
        return self._checks[name](value) is None


def _absent(name: str, null: bool) -> Problem:
    state = "null" if null else "missing"
    return Problem("FT341", f"field `{name}` is {state}", "declare it `?` if rows may lack it")


def _wrong(name: str, wanted: str, value: Any) -> Problem:
    return Problem("FT340", f"field `{name}` is {kind_of(value)}, not {wanted}")


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    return "null" if value is None else _KINDS.get(type(value), "an object")


def _declared(name: str, wanted: Type, value: Any) -> Problem | None:
    if fits(wanted, value):
        return None
    if wanted.name == "list" and isinstance(value, list) and wanted.element is not None:
        at, bad = next((i, one) for i, one in enumerate(value) if not fits(wanted.element, one))
        return _wrong(f"{name}[{at}]", _expected(wanted.element), bad)
    return _wrong(name, _expected(wanted), value)


def _expected(wanted: Type) -> str:
    if wanted.name == "list":
        return f"a list of {wanted.element}" if wanted.element else "a list"
    return _EXPECTED.get(wanted.name, "a number")


def fits(wanted: Type, value: Any) -> bool:
    """Whether a JSON value may stand where the type ``wanted`` is declared."""
    name = wanted.name
    if value is None:
        return wanted.optional
    if name == "text":
        return isinstance(value, str)
    if name == "bool":
        return isinstance(value, bool)
    if name == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if name in _NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if name == "list":
        element = wanted.element
        return isinstance(value, list) and (
            element is None or all(fits(element, one) for one in value)
        )
    return _is_date(value) if name == "date" else True


def _is_date(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _format_check(name: str, kind: str) -> Check:
    checks: dict[str, Callable[[str, Any], Problem | None]] = {
        "text": _text,
        "bool": _bool,
        "turns": _turns,
        "speakers": _speakers,
        "turns or text": _turns_or_text,
        "history": _history,
        "any": _any,
        "exchange": _exchange,
    }
    return partial(checks[kind], name)


def _text(name: str, value: Any) -> Problem | None:
    return None if isinstance(value, str) else _wrong(name, "a text", value)


def _bool(name: str, value: Any) -> Problem | None:
    return None if isinstance(value, bool) else _wrong(name, "a bool", value)


def _exchange(name: str, value: Any) -> Problem | None:
    if not isinstance(value, dict):
        return _wrong(name, "an object with `messages`", value)
    if not isinstance(value.get("messages"), list):
        return Problem("FT341", f"field `{name}.messages` is missing or no list of turns")
    return _turns(f"{name}.messages", value["messages"])


def _any(_name: str, _value: Any) -> Problem | None:
    return None


def _turns_or_text(name: str, value: Any) -> Problem | None:
    if isinstance(value, str):
        return None
    if isinstance(value, dict):
        return _speaker(name, value) if "from" in value else _message(name, value)
    if isinstance(value, list):
        spoken = bool(value) and isinstance(value[0], dict) and "from" in value[0]
        return _speakers(name, value) if spoken else _turns(name, value)
    return _wrong(name, "a text or a list of turns", value)


def _turns(name: str, value: Any) -> Problem | None:
    if type(value) is not list:
        return _wrong(name, "a list of turns", value)
    # The usual turns, two texts each, are told at once; anything else is looked at in full.
    try:
        kinds = {*map(type, map(_ROLE, value)), *map(type, map(_CONTENT, value))}
    except (KeyError, TypeError, IndexError):
        kinds = set()
    if kinds == _TEXTS and (max(map(len, value)) == 2 or not any("tool_calls" in o for o in value)):
        return None
    for index, one in enumerate(value):
        if (found := _message(f"{name}[{index}]", one)) is not None:
            return found
    return None


def _turn_problem(where: str, what: str, help: str = "") -> Problem:
    return Problem("FT343", f"`{where}` {what}", help)


def _message(where: str, one: Any) -> Problem | None:
    if not isinstance(one, dict):
        return _turn_problem(where, f"is {kind_of(one)}, not a turn")
    if not isinstance(one.get("role"), str):
        return _turn_problem(where, "has no `role`", 'write "role": "user" or "assistant"')
    calls = one.get("tool_calls")
    if calls is not None and not (
        isinstance(calls, list) and all(isinstance(call, dict) for call in calls)
    ):
        return _turn_problem(where, "has `tool_calls` that is no list of objects")
    content = one.get("content")
    if isinstance(content, str):
        return None
    if content is None:
        if calls or one.get("function_call"):
            return None
        return _turn_problem(where, "has no `content`", "only a turn that calls tools may lack it")
    if not isinstance(content, list):
        return _turn_problem(where, f"has a `content` that is {kind_of(content)}, not a text")
    return _parts(where, content)


def _parts(where: str, parts: list[Any]) -> Problem | None:
    for part in parts:
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            return _turn_problem(where, "has a `content` part without a `type`")
        if part["type"] == "text" and not isinstance(part.get("text"), str):
            return _turn_problem(where, "has a text part without a `text`")
    return None


def _speakers(name: str, value: Any) -> Problem | None:
    if not isinstance(value, list):
        return _wrong(name, "a list of turns", value)
    for index, one in enumerate(value):
        if (found := _speaker(f"{name}[{index}]", one)) is not None:
            return found
    return None


def _speaker(where: str, one: Any) -> Problem | None:
    if not isinstance(one, dict):
        return _turn_problem(where, f"is {kind_of(one)}, not a turn")
    if not isinstance(one.get("from"), str):
        return _turn_problem(where, "has no `from`", 'write "from": "human" or "gpt"')
    if not isinstance(one.get("value"), str):
        return _turn_problem(where, "has no text in `value`")
    return None


def _history(name: str, value: Any) -> Problem | None:
    if not isinstance(value, list):
        return _wrong(name, "a list of pairs", value)
    for index, pair in enumerate(value):
        if not (
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair)
        ):
            return Problem("FT343", f"`{name}[{index}]` is no pair of texts")
    return None
