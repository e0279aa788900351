"""The fields and views of a block of rows, as columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftdsl.data import rows as views
from ftdsl.data.rows import Row
from ftdsl.quality.conversation import Conversations
from ftdsl.quality.texts import Texts

_TEXT_VIEWS: dict[str, Callable[[Row], str]] = {
    "prompt": views.prompt,
    "reply.text": views.reply,
    "chosen.text": views.chosen,
    "rejected.text": views.rejected,
}
_OTHER_VIEWS: dict[str, Callable[[Row], Any]] = {
    "turns": views.turn_count,
    "system": views.system,
}
_OF_TURNS = {"prompt": views.prompt_of, "reply.text": views.reply_of}


def field_column(name: str, base: str | None, rows: list[Row]) -> list[Any]:
    """What the field or view ``name`` is in each row; None where a row lacks it."""
    if name == "row":
        return list(rows)
    if base is not None:
        if name == "messages":
            return Conversations(map(views.messages, rows))
        if base == "chat" and name in _OF_TURNS:
            return Texts(map(_OF_TURNS[name], [row.value["messages"] for row in rows]))
        if name in _TEXT_VIEWS:
            return Texts(map(_TEXT_VIEWS[name], rows))
        if name in _OTHER_VIEWS:
            return list(map(_OTHER_VIEWS[name], rows))
    values: list[Any] = [row.value.get(name) for row in rows]
    return Texts(values) if set(map(type, values)) == {str} else values
