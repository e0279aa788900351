"""The turns of a conversation: their roles and order, which are empty, which are learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar, overload

from ftdsl.data.rows import Roles, Row, ScannedRows, content_text
from ftdsl.data.rows import messages as messages_of

Message = dict[str, Any]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
"""``function`` is the older form of ``tool``, still documented by OpenAI."""
_ROLE, _CONTENT = itemgetter("role"), itemgetter("content")
_SYSTEM = ("system", "developer")
_TOLD = 4
_BEFORE = {
    "user": ("", "assistant"),
    "assistant": ("user", "tool", "function"),
    "tool": ("assistant", "tool"),
    "function": ("assistant", "function"),
}
"""The turns that each may follow."""


Value = TypeVar("Value")


class Conversations(list[list[Message]]):
    """The turns of consecutive rows. ``roles`` is made once, when first asked for."""

    _roles: list[Roles] | None = None

    def by_roles(self, function: Callable[[Roles], Value]) -> list[Value]:
        """What ``function`` makes of the roles of each row's turns, in order."""
        if self._roles is None:
            self._roles = [tuple(map(_ROLE, turns)) for turns in self]
        return list(map(function, self._roles))


class ScannedConversations(Sequence[list[Message]]):
    """The same of plain rows: the turns of a row are made when they are asked for."""

    def __init__(self, rows: ScannedRows) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> list[Message]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[Message]]: ...
    def __getitem__(self, index: int | slice) -> list[Message] | list[list[Message]]:
        if isinstance(index, slice):
            return [messages_of(row) for row in self.rows[index]]
        return messages_of(self.rows[index])

    def __iter__(self) -> Iterator[list[Message]]:
        return map(messages_of, self.rows)

    def by_roles(self, function: Callable[[Roles], Value]) -> list[Value]:
        """What ``function`` makes of the roles of each row's turns, in order."""
        return self.rows.by_roles(function)


Turns = Sequence[list[Message]]


def _by_roles(column: Turns, function: Callable[[Roles], Value]) -> list[Value]:
    if not isinstance(column, Conversations | ScannedConversations):
        column = Conversations(column)
    return column.by_roles(function)


def known_roles(column: Turns) -> list[bool]:
    """Whether every turn's role is one of ``ROLES``."""
    return _by_roles(column, ROLES.issuperset)


def alternates(column: Turns) -> list[bool]:
    """Whether user and assistant turns alternate, the user first. System and developer turns are
    left out; tool turns stand only between two assistant turns."""
    return _by_roles(column, _alternates)


# A dataset has few orders of roles, and many rows of each.
@lru_cache(maxsize=4096)
def _alternates(roles: Roles) -> bool:
    last = ""
    for role in roles:
        if role in _SYSTEM:
            continue
        if last not in _BEFORE.get(role, ()):
            return False
        last = role
    return last not in ("tool", "function")


def system_first(column: Turns) -> list[bool]:
    """Whether system and developer turns stand only before all others."""
    return _by_roles(column, _system_first)


@lru_cache(maxsize=4096)
def _system_first(roles: Roles) -> bool:
    system = [role in _SYSTEM for role in roles]
    return system == sorted(system, reverse=True)


def last_role(column: Turns) -> list[str]:
    """Role of the last turn, "" where there is none."""
    return _by_roles(column, lambda roles: roles[-1] if roles else "")


def first_role(column: Turns) -> list[str]:
    """Role of the first turn that is no system or developer turn, "" where there is none."""
    return _by_roles(column, _first_role)


@lru_cache(maxsize=4096)
def _first_role(roles: Roles) -> str:
    return next((role for role in roles if role not in _SYSTEM), "")


def role_count(column: Turns, role: str) -> list[int]:
    """Turns with that role."""
    return _by_roles(column, lambda roles: roles.count(role))


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
    said = one.get("tool_calls") or one.get("function_call") or one.get("refusal")
    return not content_text(content).strip() and not said


def targets(row: Row) -> int:
    """Assistant turns that are learned: those whose ``weight`` is not 0."""
    return sum(
        1 for one in messages_of(row) if one["role"] == "assistant" and one.get("weight") != 0
    )


def bad_weights(row: Row) -> int:
    """Turns with a ``weight`` other than 0 and 1, or with one that no assistant turn has."""
    turns = messages_of(row)
    if max(map(len, turns), default=0) <= 2:
        return 0
    return sum(1 for one in turns if "weight" in one and not _is_weight(one))


def _is_weight(one: Message) -> bool:
    weight = one["weight"]
    # Columnar files fill what a turn lacks with null.
    if weight is None:
        return True
    return one["role"] == "assistant" and type(weight) in (int, float) and weight in (0, 1)


def _odd_roles(turns: list[Message]) -> str:
    return _places(turns, lambda one: one["role"] not in ROLES, lambda one: repr(one["role"]))


def _odd_order(turns: list[Message]) -> str:
    last = ""
    for index, one in enumerate(turns):
        role = one["role"]
        if role in _SYSTEM:
            continue
        if last not in _BEFORE.get(role, ()):
            return f"messages[{index}] is {role!r} {f'after {last!r}' if last else 'at the start'}"
        last = role
    return f"the last turn is {last!r}"


def _late_system(turns: list[Message]) -> str:
    begun = next((i for i, one in enumerate(turns) if one["role"] not in _SYSTEM), len(turns))
    late = [i for i, one in enumerate(turns) if i > begun and one["role"] in _SYSTEM]
    return ", ".join(f"messages[{i}]" for i in late)


def _empty(row: Row) -> str:
    return _places(
        messages_of(row),
        lambda one: _is_empty(one, one.get("content")),
        lambda one: str(one["role"]),
    )


def _odd_weights(row: Row) -> str:
    return _places(
        messages_of(row),
        lambda one: "weight" in one and not _is_weight(one),
        lambda one: f"{one['role']} with weight {one['weight']!r}",
    )


def _places(
    turns: list[Message], wanted: Callable[[Message], bool], told: Callable[[Message], str]
) -> str:
    found = [f"messages[{i}] {told(one)}" for i, one in enumerate(turns) if wanted(one)]
    return ", ".join(found[:_TOLD]) + (f" and {len(found) - _TOLD} more" * (len(found) > _TOLD))


FUNCTIONS: dict[str, Any] = {
    "known_roles": known_roles,
    "alternates": alternates,
    "system_first": system_first,
    "first_role": first_role,
    "last_role": last_role,
    "role_count": role_count,
}

EACH: dict[str, Any] = {
    "empty_turns": empty_turns,
    "targets": targets,
    "bad_weights": bad_weights,
}


def _empty_turns_of_plain(rows: ScannedRows) -> list[int]:
    counts = [0] * len(rows)
    for index in rows.maybe_blank():
        counts[index] = empty_turns(rows[index])
    return counts


PLAIN: dict[str, Callable[[ScannedRows], list[Any]]] = {
    "empty_turns": _empty_turns_of_plain,
    "targets": lambda rows: rows.by_roles(lambda roles: roles.count("assistant")),
    "bad_weights": lambda rows: [0] * len(rows),
}
"""The functions of a row, for plain rows."""

REASONS: dict[str, Any] = {
    "known_roles": _odd_roles,
    "alternates": _odd_order,
    "system_first": _late_system,
    "empty_turns": _empty,
    "bad_weights": _odd_weights,
}
"""What a finding tells beside the value, by function."""
