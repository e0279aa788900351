"""Edits of one JSON text: a value replaced or taken out, every other byte left as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

Path = tuple[str | int, ...]
_SPACE = " \t\r\n"


class Gone(Enum):
    """Stands for a member that is taken out."""

    GONE = "gone"


GONE = Gone.GONE


@dataclass(frozen=True, slots=True)
class Edit:
    """``path`` leads through objects and lists to a value; ``value`` takes its place, or ``GONE``
    takes it out with its key. ``key`` renames the key instead."""

    path: Path
    value: Any = GONE
    key: str | None = None


@dataclass(frozen=True, slots=True)
class _Member:
    """Where one member of an object or list stands: ``start`` is that of its key."""

    key: str | int
    start: int
    value: int
    end: int


def edited(source: bytes, edits: list[Edit]) -> bytes:
    """``source``, which is one JSON value, after ``edits`` in their order. Strings are written with
    escapes where the source writes them so. An edit whose path is not there changes nothing."""
    text = source.decode()
    writer = _writer(text)
    for edit in edits:
        members = _siblings(text, edit.path)
        at = next((k for k in reversed(range(len(members))) if members[k].key == edit.path[-1]), -1)
        if at < 0:
            continue
        one = members[at]
        if edit.key is not None:
            colon = text[_string_end(text, one.start) : one.value]
            text = text[: one.start] + writer(edit.key) + colon + text[one.value :]
        elif edit.value is GONE:
            text = _without(text, members, at)
        else:
            text = text[: one.value] + writer(edit.value) + text[one.end :]
    return text.encode()


def drop_first_of(source: bytes, path: Path) -> bytes:
    """``source`` without the first of several members that have the key at ``path``."""
    text = source.decode()
    members = _siblings(text, path)
    at = next(k for k, one in enumerate(members) if one.key == path[-1])
    return _without(text, members, at).encode()


def repeated_keys(source: bytes) -> list[Path]:
    """Paths of the keys that stand twice in an object of ``source``, if both values are the same
    wherever one does; none where some differ."""
    found: list[Path] = []
    text = source.decode()
    open_values: list[tuple[Path, int]] = [((), _skip(text, 0))]
    while open_values:
        path, at = open_values.pop()
        seen: dict[str | int, Any] = {}
        for one in _members(text, at):
            value = json.loads(text[one.value : one.end])
            if one.key in seen:
                if orjson.dumps(seen[one.key]) != orjson.dumps(value):
                    return []
                found.append((*path, one.key))
            seen[one.key] = value
            open_values.append(((*path, one.key), one.value))
    return found


def elements(text: str, at: int = 0) -> list[tuple[int, int]]:
    """Start and end of every element of the JSON array at ``text[at]``."""
    return [(one.value, one.end) for one in _members(text, at)]


def _writer(text: str) -> Any:
    """Writes values in the style of ``text``: its spaces after separators, its escapes."""
    ascii_only = text.isascii() and "\\u" in text
    separators = (", ", ": ") if '": ' in text else (",", ":")

    def write(value: Any) -> str:
        return json.dumps(value, ensure_ascii=ascii_only, separators=separators)

    return write


def _string_end(text: str, at: int) -> int:
    return json.JSONDecoder().raw_decode(text, at)[1]


def _without(text: str, members: list[_Member], at: int) -> str:
    one = members[at]
    if at + 1 < len(members):
        return text[: one.start] + text[members[at + 1].start :]
    start = members[at - 1].end if at else one.start
    return text[:start] + text[one.end :]


def _siblings(text: str, path: Path) -> list[_Member]:
    """The members of the object or list that holds the last step of ``path``."""
    at = _skip(text, 0)
    for step in path[:-1]:
        named = [one for one in _members(text, at) if one.key == step]
        if not named:
            return []
        at = named[-1].value
    return list(_members(text, at))


def _members(text: str, at: int) -> Iterator[_Member]:
    opening = text[at : at + 1]
    if opening not in ("{", "["):
        return
    decoder, index = json.JSONDecoder(), 0
    at = _skip(text, at + 1)
    while text[at] not in "}]":
        start = at
        key: str | int = index
        if opening == "{":
            key, at = decoder.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        value = at
        _, at = decoder.raw_decode(text, at)
        yield _Member(key, start, value, at)
        index += 1
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
