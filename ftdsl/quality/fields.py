"""The fields and views of a block of rows, as columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftdsl.data import rows as views
from ftdsl.data.rows import Row
from ftdsl.quality.measures.conversation import Conversations
from ftdsl.quality.texts import Texts

_TEXT_VIEWS: dict[str, Callable[[Row], str]] = {
    "chosen.text": views.chosen,
    "rejected.text": views.rejected,
}
_OTHER_VIEWS: dict[str, Callable[[Row], Any]] = {
    "turns": views.turn_count,
    "system": views.system,
}
_EXCHANGE = ("prompt", "reply.text")


def field_columns(name: str, base: str | None, rows: list[Row]) -> dict[str, list[Any]]:
    """What the field or view ``name`` is in each row, None where a row lacks it; and what came to
    light on the way, by name: who asks for the prompt gets the reply as well."""
    if base is not None and name in _EXCHANGE:
        pairs = [views.exchange_of(views.messages(row)) for row in rows]
        return {
            "prompt": Texts([asked for asked, _ in pairs]),
            "reply.text": Texts([answered for _, answered in pairs]),
        }
    return {name: _column(name, base, rows)}


def _column(name: str, base: str | None, rows: list[Row]) -> list[Any]:
    if name == "row":
        return list(rows)
    if base is not None:
        if name == "messages":
            return Conversations(map(views.messages, rows))
        if name in _TEXT_VIEWS:
            return Texts(map(_TEXT_VIEWS[name], rows))
        if name in _OTHER_VIEWS:
            return list(map(_OTHER_VIEWS[name], rows))
    values: list[Any] = [row.value.get(name) for row in rows]
    return Texts(values) if set(map(type, values)) == {str} else values
