"""Where each text of a row stands: the keys that lead to it, its turn, and who speaks there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ftdsl.data.formats import SPEAKERS
from ftdsl.data.row import Row

Path = tuple[str | int, ...]

_SYSTEM = frozenset({"system", "developer"})
_CONTEXT = ("messages", "conversations", "prompt")


@dataclass(frozen=True, slots=True)
class Place:
    """One text of a row. ``path`` leads to it through objects and lists; it is empty for a turn
    without a text. ``turn`` counts the row's messages from 0 (None for a field that is no turn).
    ``glue`` is what stands before it where texts are joined, as the views of a row are."""

    path: Path
    text: str
    turn: int | None = None
    role: str = ""
    glue: str = "\n"


def places(row: Row, view: str) -> list[Place]:
    """The texts that the field or view ``view`` is made of, in order. The texts, each behind its
    ``glue`` (the first one's left out), are the view."""
    if row.base is None:
        names = list(row.value) if view == "row" else [view]
        return [place for name in names for place in _plain(row.value, name)]
    if view in ("chosen.text", "rejected.text"):
        return _answer(row, view.partition(".")[0])
    said = [place for turn in turns(row) for place in turn]
    if view in ("row", "messages"):
        return [*said, *_rejected(row)] if view == "row" else said
    if view in ("prompt", "reply.text", "system"):
        return _part(said, view)
    return list(_plain(row.value, view))


def joined(found: list[Place]) -> str:
    """The texts as one."""
    return "".join(one.glue + one.text if k else one.text for k, one in enumerate(found))


def place_at(found: list[Place], at: int) -> tuple[Place, int] | None:
    """The place of ``joined(found)[at]``, and where in its text that is."""
    start = 0
    for k, one in enumerate(found):
        start += len(one.glue) if k else 0
        if at <= start + len(one.text) and (one.text or at == start):
            return one, max(at - start, 0)
        start += len(one.text)
    return None


def turns(row: Row) -> list[list[Place]]:
    """The places of each message, oldest first: of the messages that the row's views give."""
    found = list(_turns(row))
    return [
        [
            Place(path, text, index, role, glue if k else "\n")
            for k, (path, text, glue) in enumerate(texts)
        ]
        for index, (role, texts) in enumerate(found)
    ]


_Texts = list[tuple[Path, str, str]]
_Turn = tuple[str, _Texts]


def _turns(row: Row) -> Iterator[_Turn]:
    value = row.value
    match row.base:
        case "chat":
            yield from _field(value, "messages", "user")
        case "completion":
            yield from _field(value, "prompt", "user")
            yield from _field(value, "completion", "assistant")
        case "alpaca":
            yield from _alpaca(value)
        case "sharegpt":
            yield from _text_turn(value, "system", "system")
            yield from _field(value, "conversations", "user")
        case "preference" | "kto":
            yield from _text_turn(value, "system", "system")
            name = next((one for one in _CONTEXT if value.get(one) is not None), "")
            yield from _field(value, name, "user")
            answer = "chosen" if row.base == "preference" else "completion"
            yield from _field(value, answer, "assistant")


def _text_turn(value: dict[str, Any], name: str, role: str) -> Iterator[_Turn]:
    if value.get(name):
        yield role, [((name,), value[name], "\n")]


def _alpaca(value: dict[str, Any]) -> Iterator[_Turn]:
    yield from _text_turn(value, "system", "system")
    for index, pair in enumerate(value.get("history") or ()):
        yield "user", [(("history", index, 0), pair[0], "\n")]
        yield "assistant", [(("history", index, 1), pair[1], "\n")]
    asked: _Texts = [(("instruction",), value["instruction"], "\n")]
    if value.get("input"):
        asked.append((("input",), value["input"], "\n"))
    yield "user", asked
    yield "assistant", [(("output",), value["output"], "\n")]


def _field(value: dict[str, Any], name: str, role: str) -> Iterator[_Turn]:
    """A field that holds a text, one message or a list of messages."""
    said = value.get(name)
    if isinstance(said, str):
        yield role, [((name,), said, "\n")]
    elif isinstance(said, dict):
        yield _message((name,), said)
    elif isinstance(said, list):
        for index, one in enumerate(said):
            yield _message((name, index), one)


def _message(path: Path, one: dict[str, Any]) -> _Turn:
    if "from" in one:
        role = str(one["from"])
        return SPEAKERS.get(role, role), _content((*path, "value"), one.get("value"))
    return str(one.get("role")), _content((*path, "content"), one.get("content"))


def _content(path: Path, content: Any) -> _Texts:
    if isinstance(content, str):
        return [(path, content, "\n")]
    found: _Texts = []
    if isinstance(content, list):
        for index, part in enumerate(content):
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                found.append(((*path, index, "text"), part["text"], ""))
    return found or [((), "", "\n")]


def _part(said: list[Place], view: str) -> list[Place]:
    if view == "system":
        return [one for one in said if one.role in _SYSTEM]
    last = max((one.turn or 0 for one in said if one.role == "assistant"), default=None)
    if view == "reply.text":
        return [one for one in said if last is not None and one.turn == last]
    return [
        one for one in said if one.role not in _SYSTEM and (last is None or (one.turn or 0) < last)
    ]


def _answer(row: Row, name: str) -> list[Place]:
    if row.base == "kto":
        is_good = bool(row.value.get("label"))
        wanted = is_good == (name == "chosen")
        return places(row, "reply.text") if wanted else []
    if name == "rejected":
        return _rejected(row)
    said = list(_field(row.value, name, "assistant"))
    first = len(turns(row)) - len(said)
    return [
        Place(path, text, first + len(said) - 1, role, glue)
        for role, texts in said[-1:]
        for path, text, glue in texts
    ]


def _rejected(row: Row) -> list[Place]:
    """The rejected answer is no message of the conversation: it has a role and no turn."""
    said = list(_field(row.value, "rejected", "assistant")) if row.base == "preference" else []
    return [
        Place(path, text, None, role, glue)
        for role, texts in said[-1:]
        for path, text, glue in texts
    ]


def _plain(value: dict[str, Any], name: str) -> Iterator[Place]:
    text = value.get(name)
    if isinstance(text, str):
        yield Place((name,), text)
    elif isinstance(text, list):
        yield from (Place((name, k), one) for k, one in enumerate(text) if isinstance(one, str))
