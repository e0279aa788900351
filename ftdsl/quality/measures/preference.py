"""Pairs of a preferred and a rejected answer: whether they are one question's, and differ."""

from __future__ import annotations

from typing import Any

from ftdsl.data.rows import Message, Row, content_text, pair_of
from ftdsl.quality.measures.casing import normalize

_SHOWN = 60


def same_replies(row: Row, normalized: bool = False) -> bool:
    """Whether the preferred and the rejected answer are the same, tool calls included; with
    ``normalized`` as words alone. A row without two answers has none that are the same."""
    _, chosen, rejected = pair_of(row)
    if not chosen or not rejected:
        return False
    return _said(chosen, normalized) == _said(rejected, normalized)


def _said(turns: list[Message], normalized: bool) -> list[Any]:
    return [
        (
            one.get("role"),
            _text(one, normalized),
            one.get("tool_calls") or None,
            one.get("function_call") or None,
        )
        for one in turns
    ]


def _text(one: Message, normalized: bool) -> str:
    text = content_text(one.get("content"))
    return normalize(text) if normalized else text


def replies_answer(row: Row) -> bool:
    """Whether both answers follow one prompt: each is the assistant's, after the same turns."""
    return not _apart(row)


def _apart(row: Row) -> str:
    _, chosen, rejected = pair_of(row)
    for name, turns in (("chosen", chosen), ("rejected", rejected)):
        for one in turns:
            if one.get("role") not in ("assistant", "tool", "function"):
                text = content_text(one.get("content"))[:_SHOWN]
                return f"{name} goes on with {one.get('role')!r}: {text!r}"
        if turns and not any(one.get("role") == "assistant" for one in turns):
            return f"{name} has no assistant turn"
    return ""


def blank_replies(row: Row) -> int:
    """Answers that neither say anything nor call a tool."""
    _, chosen, rejected = pair_of(row)
    answers = (
        [one for one in (chosen, rejected) if one] if row.base == "kto" else [chosen, rejected]
    )
    return sum(1 for one in answers if not any(map(_says, one))) + (not answers)


def _says(one: Message) -> bool:
    content = one.get("content")
    if isinstance(content, list) and any(part.get("type") != "text" for part in content):
        return True
    return bool(
        content_text(content).strip()
        or one.get("tool_calls")
        or one.get("function_call")
        or one.get("refusal")
    )


EACH: dict[str, Any] = {
    "blank_replies": blank_replies,
    "same_replies": same_replies,
    "replies_answer": replies_answer,
}

REASONS: dict[str, Any] = {"replies_answer": _apart}
"""What a finding tells beside the value, by function."""
