"""The row formats: which fields each has, and how each reads as a list of messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from operator import eq
from typing import Any

import orjson

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

CALLS = "function_call"
"""ShareGPT's speaker whose ``value`` is JSON text of a tool call, or of a list of them."""


@dataclass(frozen=True, slots=True)
class Format:
    """``required`` and ``optional`` are the fields that the format itself allows, with what each
    may hold: ``text``, ``turns`` (a list of messages), ``turns or text``, ``list``, ``bool``,
    ``speakers`` (ShareGPT turns), ``history`` (pairs of texts), ``exchange`` (an object with
    ``messages``), ``any``. One group of ``either`` must be present, unless ``whole`` says that a
    row needs none of it."""

    name: str
    required: dict[str, str]
    optional: dict[str, str]
    either: tuple[tuple[str, ...], ...] = ()
    whole: Callable[[dict[str, Any]], bool] = lambda _: False

    @property
    def fields(self) -> dict[str, str]:
        return {**self.required, **self.optional}


def _holds_its_prompt(value: dict[str, Any]) -> bool:
    """Whether the two answers of a pair begin with the prompt, as TRL allows."""
    chosen, rejected = value["chosen"], value["rejected"]
    if isinstance(chosen, str) and isinstance(rejected, str):
        return chosen[:1] == rejected[:1] != ""
    return _is_asked(chosen) and _is_asked(rejected)


def _is_asked(value: Any) -> bool:
    said = [] if isinstance(value, str) else turns(value, "assistant")
    return bool(said) and said[0].get("role") != "assistant"


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
            _holds_its_prompt,
        ),
        Format(
            "openai_preference",
            {"input": "exchange", "preferred_output": "turns", "non_preferred_output": "turns"},
            {},
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
    if one["from"] == CALLS:
        return {"role": "assistant", "content": "", "tool_calls": _spoken_calls(one["value"])}
    return {"role": SPEAKERS.get(one["from"], one["from"]), "content": one["value"]}


def _spoken_calls(text: str) -> list[Message]:
    """The calls that a ShareGPT turn writes out. Text that is none is kept as the arguments, where
    a rule finds it."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = text
    calls = found if isinstance(found, list) else [found]
    return [
        {"type": "function", "function": one if isinstance(one, dict) else {"arguments": text}}
        for one in calls
    ]


def pair(value: dict[str, Any]) -> tuple[list[Message], list[Message], list[Message]]:
    """The prompt's turns, the chosen and the rejected answer's, of a preference row. Answers that
    begin with the prompt, as a text or as turns, are cut where they part."""
    chosen, rejected = value["chosen"], value["rejected"]
    if isinstance(chosen, str) and isinstance(rejected, str):
        context = _context(value)
        if any(value.get(one) is not None for one in ("messages", "conversations", "prompt")):
            return context, turns(chosen, "assistant"), turns(rejected, "assistant")
        asked = chosen[: sum(takewhile(bool, map(eq, chosen, rejected)))]
        cut = len(asked) - 1 if asked.endswith(" ") else len(asked)
        return (
            [*context, *turns(chosen[:cut], "user")],
            turns(chosen[cut:], "assistant"),
            turns(rejected[cut:], "assistant"),
        )
    if not (_is_asked(chosen) and _is_asked(rejected)):
        return _context(value), turns(chosen, "assistant"), turns(rejected, "assistant")
    one, other = turns(chosen, "assistant"), turns(rejected, "assistant")
    same = 0
    # The last turn of each is its answer, even where the two are the same.
    while same < min(len(one), len(other)) - 1 and one[same] == other[same]:
        same += 1
    return one[:same], one[same:], other[same:]


def openai_pair(value: dict[str, Any]) -> tuple[list[Message], list[Message], list[Message]]:
    """The prompt's turns, the preferred and the other answer's, in OpenAI's preference format."""
    return value["input"]["messages"], value["preferred_output"], value["non_preferred_output"]


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
    context, chosen, _ = pair(value)
    return context + chosen


def _openai_preference(value: dict[str, Any]) -> list[Message]:
    context, chosen, _ = openai_pair(value)
    return context + chosen


def _kto(value: dict[str, Any]) -> list[Message]:
    return _context(value) + turns(value.get("completion") or [], "assistant")


MESSAGES: dict[str, Callable[[dict[str, Any]], list[Message]]] = {
    "chat": _chat,
    "completion": _completion,
    "alpaca": _alpaca,
    "sharegpt": _sharegpt,
    "preference": _preference,
    "openai_preference": _openai_preference,
    "kto": _kto,
}
