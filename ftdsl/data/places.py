"""Where each text of a row stands: the keys that lead to it, its turn, and who speaks there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ftdsl.data.formats import CALLS, SPEAKERS, pair
from ftdsl.data.row import Row
from ftdsl.data.views import PAIRS

Path = tuple[str | int, ...]

_SYSTEM = frozenset({"system", "developer"})
_CONTEXT = ("messages", "conversations", "prompt")


@dataclass(frozen=True, slots=True)
class Place:
    """One text of a row. ``path`` leads to it through objects and lists; it is empty for a turn
    without a text. ``turn`` counts the row's messages from 0 (None for a field that is no turn).
    ``glue`` is what stands before it where texts are joined, as the views of a row are. ``mirror``
    leads to the same text once more: a prompt that stands in both answers of a pair."""

    path: Path
    text: str
    turn: int | None = None
    role: str = ""
    glue: str = "\n"
    mirror: Path = ()


def places(row: Row, view: str) -> list[Place]:
    """The texts that the field or view ``view`` is made of, in order. The texts, each behind its
    ``glue`` (the first one's left out), are the view. None where a text holds more than the view:
    an answer that begins with its prompt."""
    if row.base is None:
        names = list(row.value) if view == "row" else [view]
        return [place for name in names for place in _plain(row.value, name)]
    if view in ("chosen.text", "rejected.text"):
        return _answer(row, view.partition(".")[0])
    if view in ("row", "messages", "prompt", "reply.text", "system"):
        said = [place for turn in turns(row) for place in turn]
        if view == "row":
            return [*said, *(_answer(row, "rejected") if row.base in PAIRS else ())]
        return said if view == "messages" else _part(said, view)
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
    said = list(_turns(row))
    mirrored = _shared(row) if row.base == "preference" else 0
    return [_placed(turn, k, mirrored > k) for k, turn in enumerate(said)]


_Texts = list[tuple[Path, str, str]]
_Turn = tuple[str, _Texts]


def _placed(turn: _Turn, index: int | None, mirrored: bool = False) -> list[Place]:
    role, texts = turn
    return [
        Place(
            path,
            text,
            index,
            role,
            glue if k else "\n",
            ("rejected", *path[1:]) if mirrored and path else (),
        )
        for k, (path, text, glue) in enumerate(texts)
    ]


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
        case "kto":
            yield from _context(value)
            yield from _field(value, "completion", "assistant") if value.get("completion") else ()
        case "preference" | "openai_preference":
            yield from _pair(row)[0]
            yield from _pair(row)[1]


def _context(value: dict[str, Any]) -> Iterator[_Turn]:
    yield from _text_turn(value, "system", "system")
    name = next((one for one in _CONTEXT if value.get(one) is not None), "")
    yield from _field(value, name, "user")


def _pair(row: Row) -> tuple[list[_Turn], list[_Turn], list[_Turn]]:
    """The prompt's turns, and those of both answers, as ``data.views.pair_of`` has them."""
    value = row.value
    if row.base == "openai_preference":
        asked = _field(value["input"], "messages", "user")
        return (
            [(role, [(("input", *p), t, g) if p else (p, t, g) for p, t, g in texts])
             for role, texts in asked],
            list(_field(value, "preferred_output", "assistant")),
            list(_field(value, "non_preferred_output", "assistant")),
        )  # fmt: skip
    chosen = list(_field(value, "chosen", "assistant"))
    rejected = list(_field(value, "rejected", "assistant"))
    same = _shared(row)
    if same < 0:
        return [], [], []
    if not _is_asked(value):
        return list(_context(value)), chosen, rejected
    return chosen[:same], chosen[same:], rejected[same:]


def _is_asked(value: dict[str, Any]) -> bool:
    """Whether both answers are lists of turns that begin with the prompt."""
    both = [value.get(name) for name in ("chosen", "rejected")]
    return all(isinstance(one, list) and _first_role(one) != "assistant" for one in both)


def _first_role(said: list[Any]) -> str:
    return _message((), said[0])[0] if said else "assistant"


def _shared(row: Row) -> int:
    """How many turns of the prompt stand in both answers of a preference row: none where the prompt
    is a field of its own, -1 where the answers are texts that begin with it."""
    value = row.value
    if _is_asked(value):
        return len(pair(value)[0])
    texts = isinstance(value.get("chosen"), str) and isinstance(value.get("rejected"), str)
    return -1 if texts and all(value.get(one) is None for one in _CONTEXT) else 0


def _text_turn(value: dict[str, Any], name: str, role: str) -> Iterator[_Turn]:
    if value.get(name):
        yield role, [((name,), value[name], "\n")]


def _alpaca(value: dict[str, Any]) -> Iterator[_Turn]:
    yield from _text_turn(value, "system", "system")
    for index, said in enumerate(value.get("history") or ()):
        yield "user", [(("history", index, 0), said[0], "\n")]
        yield "assistant", [(("history", index, 1), said[1], "\n")]
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
    if one.get("from") == CALLS:
        return "assistant", [((), "", "\n")]
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
    """The last turn of an answer. The rejected one is no message of the conversation: it has a role
    and no turn."""
    if row.base == "kto":
        is_good = bool(row.value.get("label"))
        said = turns(row)
        is_answer = bool(said) and said[-1][0].role not in ("user", *_SYSTEM)
        return said[-1] if is_answer and is_good == (name == "chosen") else []
    if row.base not in PAIRS:
        return []
    context, chosen, rejected = _pair(row)
    if name == "chosen":
        return _placed(chosen[-1], len(context) + len(chosen) - 1) if chosen else []
    return _placed(rejected[-1], None) if rejected else []


def _plain(value: dict[str, Any], name: str) -> Iterator[Place]:
    text = value.get(name)
    if isinstance(text, str):
        yield Place((name,), text)
    elif isinstance(text, list):
        yield from (Place((name, k), one) for k, one in enumerate(text) if isinstance(one, str))
