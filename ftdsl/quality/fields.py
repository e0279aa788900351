"""The fields and views of a block of rows, as columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ftdsl.data import rows as views
from ftdsl.data.rows import PROMPT, REPLY, SYSTEM, Row, ScannedRows
from ftdsl.quality.measures.conversation import Conversations, ScannedConversations
from ftdsl.quality.texts import PackedTexts, Texts

_TEXT_VIEWS: dict[str, Callable[[Row], str]] = {
    "chosen.text": views.chosen,
    "rejected.text": views.rejected,
}
_OTHER_VIEWS: dict[str, Callable[[Row], Any]] = {
    "turns": views.turn_count,
    "system": views.system,
}
_EXCHANGE = ("prompt", "reply.text")
_PACKED = {"prompt": PROMPT, "reply.text": REPLY}


def field_columns(name: str, base: str | None, rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
    """What the field or view ``name`` is in each row, None where a row lacks it; and what came to
    light on the way, by name: who asks for the prompt gets the reply as well."""
    if isinstance(rows, ScannedRows) and (packed := _packed(name, rows)) is not None:
        return {name: packed}
    if base is not None and name in _EXCHANGE:
        pairs = [views.exchange_of(views.messages(row)) for row in rows]
        return {
            "prompt": Texts([asked for asked, _ in pairs]),
            "reply.text": Texts([answered for _, answered in pairs]),
        }
    return {name: _column(name, base, rows)}


def _packed(name: str, rows: ScannedRows) -> Sequence[Any] | None:
    """The column, where no row has to be made for it."""
    if name in _PACKED:
        return PackedTexts(*rows.texts(_PACKED[name]))
    if name == "row":
        return rows
    if name == "messages":
        return ScannedConversations(rows)
    if name == "turns":
        return list(rows.turn_counts.tolist())
    if name == "system":
        there = rows.have_system()
        texts = PackedTexts(*rows.texts(SYSTEM)) if any(there) else []
        return [texts[i] if one else None for i, one in enumerate(there)]
    return None if name in _TEXT_VIEWS or name in _OTHER_VIEWS else _as_texts(rows.field(name))


def _column(name: str, base: str | None, rows: Sequence[Row]) -> list[Any]:
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
    return _as_texts(values)


def _as_texts(values: list[Any]) -> list[Any]:
    return Texts(values) if set(map(type, values)) == {str} else values
