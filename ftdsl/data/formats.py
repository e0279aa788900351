"""The row formats: which fields each has, and how each reads as a list of messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]

SPEAKERS = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "system": "system",
    "tool": "tool",
    "observation": "tool",
    "function_response": "tool",
}
"""ShareGPT's ``from`` names and the role each stands for."""


@dataclass(frozen=True, slots=True)
class Format:
    """``required`` and ``optional`` are the fields that the format itself allows, with what each
    may hold: ``text``, ``turns`` (a list of messages), ``turns or text``, ``list``, ``bool``,
    ``speakers`` (ShareGPT turns), ``history`` (pairs of texts), ``any``. One group of
    ``either`` must be present."""

    name: str
    required: dict[str, str]
    optional: dict[str, str]
    either: tuple[tuple[str, ...], ...] = ()

    @property
    def fields(self) -> dict[str, str]:
        return {**self.required, **self.optional}


_TOOLS = {"tools": "any", "parallel_tool_calls": "bool"}
_TURNS_OR_TEXT = "turns or text"

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("chat", {"messages": "turns"}, _TOOLS),
        Format("completion", {"prompt": _TURNS_OR_TEXT, "completion": _TURNS_OR_TEXT}, _TOOLS),
        Format(
            "alpaca",
            {"instruction": "text", "output": "text"},
            {"input": "text", "system": "text", "history": "history"},
        ),
        Format("sharegpt", {"conversations": "speakers"}, {"system": "text", "tools": "any"}),
        Format(
            "preference",
            {"chosen": _TURNS_OR_TEXT, "rejected": _TURNS_OR_TEXT},
            {
                "prompt": _TURNS_OR_TEXT,
                "messages": "turns",
                "conversations": "speakers",
                "system": "text",
                **_TOOLS,
            },
            (("prompt", "messages", "conversations"),),
        ),
        Format(
            "kto",
            {"label": "bool"},
            {
                "prompt": _TURNS_OR_TEXT,
                "completion": _TURNS_OR_TEXT,
                "messages": "turns",
                "conversations": "speakers",
                "system": "text",
                **_TOOLS,
            },
            (("prompt", "messages", "conversations"),),
        ),
    )
}


def content_text(content: Any) -> str:
    """The text of a message's content: itself, the text parts of a list joined, or ""."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(
            part["text"]
            for part in content
            if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return ""


def turns(value: Any, role: str) -> list[Message]:
    """A field that holds a text, one message or a list of messages, as messages. A bare text gets
    ``role``; ShareGPT's ``from`` and ``value`` become ``role`` and ``content``."""
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    if isinstance(value, dict):
        value = [value]
    return [_spoken(one) if "from" in one else one for one in value or ()]


def _spoken(one: Message) -> Message:
    return {"role": SPEAKERS.get(one["from"], one["from"]), "content": one["value"]}


def _context(value: dict[str, Any]) -> list[Message]:
    """The turns before the answer, of a preference or kto row."""
    messages: list[Message] = []
    if value.get("system"):
        messages.append({"role": "system", "content": value["system"]})
    for field in ("messages", "conversations", "prompt"):
        if value.get(field) is not None:
            messages += turns(value[field], "user")
            break
    return messages


def _chat(value: dict[str, Any]) -> list[Message]:
    messages: list[Message] = value["messages"]
    return messages


def _completion(value: dict[str, Any]) -> list[Message]:
    return turns(value["prompt"], "user") + turns(value["completion"], "assistant")


def _alpaca(value: dict[str, Any]) -> list[Message]:
    asked = value["instruction"]
    if value.get("input"):
        asked = f"{asked}\n{value['input']}"
    system = value.get("system")
    messages = [{"role": "system", "content": system}] if system else []
    for pair in value.get("history") or ():
        messages.append({"role": "user", "content": pair[0]})
        messages.append({"role": "assistant", "content": pair[1]})
    messages.append({"role": "user", "content": asked})
    messages.append({"role": "assistant", "content": value["output"]})
    return messages


def _sharegpt(value: dict[str, Any]) -> list[Message]:
    return _context({"system": value.get("system"), "conversations": value["conversations"]})


def _preference(value: dict[str, Any]) -> list[Message]:
    return _context(value) + turns(value["chosen"], "assistant")


def _kto(value: dict[str, Any]) -> list[Message]:
    return _context(value) + turns(value.get("completion") or [], "assistant")


MESSAGES: dict[str, Callable[[dict[str, Any]], list[Message]]] = {
    "chat": _chat,
    "completion": _completion,
    "alpaca": _alpaca,
    "sharegpt": _sharegpt,
    "preference": _preference,
    "kto": _kto,
}
