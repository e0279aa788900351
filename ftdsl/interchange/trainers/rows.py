"""The rows of a training in the format that a trainer reads, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftdsl.data.rows import Message, Row, messages, pair_of

#: Keys of a turn that the tools' own converters read; what else a turn says would be lost there.
_PLAIN_KEYS = frozenset({"role", "content"})
_TOOL_KEYS = _PLAIN_KEYS | {"name", "tool_calls", "tool_call_id"}


class NotSayable(Exception):
    """The tool's format cannot hold this row."""


@dataclass(frozen=True, slots=True)
class Rows:
    """``count`` rows were written; ``unanswered`` ones have nothing to learn from and were left
    out; ``first`` is the first of ``unsaid`` rows that the format cannot hold, with why."""

    count: int
    unanswered: int
    unsaid: int = 0
    first: tuple[Row, str] | None = None


def write_rows(rows: Iterable[Row], path: Path, tool: str, method: str) -> Rows:
    """Write ``rows`` to ``path``, as far as the tool's format holds them. Raises OSError."""
    said = _OF_METHOD[method]
    count = unanswered = unsaid = 0
    first: tuple[Row, str] | None = None
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            try:
                found = said(row, tool)
            except NotSayable as why:
                unsaid += 1
                first = first or (row, str(why))
                continue
            if found is None:
                unanswered += 1
                continue
            file.write(json.dumps(found, ensure_ascii=False) + "\n")
            count += 1
    return Rows(count, unanswered, unsaid, first)


def _answer(row: Row, tool: str) -> dict[str, Any] | None:
    """A conversation to learn the assistant's turns of."""
    turns = _turns(messages(row), tool)
    if not any(turn["role"] == "assistant" for turn in turns):
        return None
    if tool == "llama-factory":
        _assert_alternating(turns)
    return {"messages": turns, **_tools(row, tool)}


def _pair(row: Row, tool: str) -> dict[str, Any] | None:
    """A prompt with the better and the worse answer."""
    asked, chosen, rejected = (_turns(part, tool) for part in pair_of(row))
    if not chosen or not rejected:
        return None
    return {"prompt": asked, "chosen": chosen, "rejected": rejected, **_tools(row, tool)}


def _judged(row: Row, tool: str) -> dict[str, Any] | None:
    """A prompt, an answer, and whether it is a good one."""
    asked, good, bad = (_turns(part, tool) for part in pair_of(row))
    answer = good or bad
    if not answer or (good and bad):
        return None
    return {"prompt": asked, "completion": answer, "label": bool(good), **_tools(row, tool)}


_OF_METHOD: dict[str, Callable[[Row, str], dict[str, Any] | None]] = {
    "sft": _answer,
    "dpo": _pair,
    "orpo": _pair,
    "kto": _judged,
}


def _turns(said: list[Message], tool: str) -> list[dict[str, Any]]:
    known = _TOOL_KEYS if tool in ("trl", "axolotl") else _PLAIN_KEYS
    return [dict(_turn(turn, known)) for turn in said]


def _turn(turn: Message, known: frozenset[str]) -> Iterator[tuple[str, Any]]:
    for key, value in turn.items():
        if value is None or key == "weight":
            continue
        if key not in known:
            raise NotSayable(f"a turn has `{key}`, which would be lost")
        if key == "content":
            value = _text(value)
        if key == "tool_calls":
            _assert_texts(value)
        yield key, value
    if turn.get("content") is None:
        yield "content", ""


def _text(content: Any) -> str:
    """The content of a turn, where it is text alone."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(
        isinstance(part, dict) and isinstance(part.get("text"), str) for part in content
    ):
        return "".join(part["text"] for part in content)
    raise NotSayable("a turn holds more than text")


def _assert_texts(calls: Any) -> None:
    """Readers of whole files make one type of all rows: an object of arguments would get the keys
    of every other row's."""
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict) and isinstance(function.get("arguments"), dict):
            raise NotSayable("the arguments of a call are an object, not its text")


def _tools(row: Row, tool: str) -> dict[str, Any]:
    """The tools that a row declares, as the text that TRL reads."""
    found = row.value.get("tools")
    if not found:
        return {}
    if tool != "trl":
        raise NotSayable("it declares tools")
    return {"tools": found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)}


def _assert_alternating(turns: list[dict[str, Any]]) -> None:
    """LLaMA-Factory skips, with a warning, what does not go question, answer, question, answer."""
    said = [turn["role"] for turn in turns]
    said = said[1:] if said[:1] == ["system"] else said
    if len(said) % 2 or any(role != ("user", "assistant")[at % 2] for at, role in enumerate(said)):
        raise NotSayable("its turns are not question and answer in turn")
