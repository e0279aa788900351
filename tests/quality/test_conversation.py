"""Roles, weights, empty turns, parts and reserved tokens: what is bad, and where it is."""

from __future__ import annotations

from typing import Any

import pytest

from ftdsl.data.rows import row_value
from ftdsl.quality.functions import EACH, REASONS
from ftdsl.quality.measures import conversation
from ftdsl.quality.measures.characters import special_tokens

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def turn(role: str, content: Any = "x", **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def ask(name: str, *turns: dict[str, Any]) -> tuple[Any, str]:
    row = row_value({"messages": list(turns)}, "chat")
    return EACH[name](row), REASONS[name](row)


@pytest.mark.parametrize(
    ("name", "roles", "why"),
    [
        ("known_roles", ["human", "gpt"], "messages[0] 'human', messages[1] 'gpt'"),
        ("alternates", ["assistant", "user"], "messages[0] is 'assistant' at the start"),
        ("alternates", ["system", "user", "user"], "messages[2] is 'user' after 'user'"),
        ("alternates", ["user", "assistant", "tool"], "the last turn is 'tool'"),
        ("system_first", ["user", "system", "assistant"], "messages[1]"),
    ],
)
def test_reasons_of_roles(name: str, roles: list[str], why: str) -> None:
    turns = [turn(role) for role in roles]
    assert conversation.FUNCTIONS[name]([turns]) == [False]
    assert REASONS[name](turns) == why


def test_first_role() -> None:
    rows = [["system", "developer", "user"], ["assistant"], ["system"], []]
    turns = [[turn(role) for role in roles] for roles in rows]
    assert conversation.first_role(turns) == ["user", "assistant", "", ""]


def test_the_older_function_role_is_a_tool() -> None:
    turns = [turn(role) for role in ("user", "assistant", "function", "assistant")]
    assert conversation.known_roles([turns]) == [True]
    assert conversation.alternates([turns]) == [True]


@pytest.mark.parametrize("weight", [0, 1, 1.0, None])
def test_good_weights(weight: Any) -> None:
    assert ask("bad_weights", turn("user"), turn("assistant", weight=weight)) == (0, "")


@pytest.mark.parametrize("weight", [2, -1, 0.5, True, "1"])
def test_bad_weights(weight: Any) -> None:
    count, why = ask("bad_weights", turn("user"), turn("assistant", weight=weight))
    assert (count, why) == (1, f"messages[1] assistant with weight {weight!r}")


def test_weight_belongs_to_the_assistant() -> None:
    assert ask("bad_weights", turn("user", weight=1), turn("assistant"))[0] == 1


def test_targets() -> None:
    def targets(*turns: dict[str, Any]) -> int:
        return int(EACH["targets"](row_value({"messages": list(turns)}, "chat")))

    assert targets(turn("user")) == 0
    assert targets(turn("assistant", weight=0)) == 0
    assert targets(turn("assistant", weight=0), turn("assistant")) == 1


def test_empty_turns_are_named() -> None:
    count, why = ask("empty_turns", turn("user", " "), turn("assistant"), turn("user", ""))
    assert (count, why) == (2, "messages[0] user, messages[2] user")
    assert ask("empty_turns", turn("assistant", None, refusal="No."))[0] == 0


@pytest.mark.parametrize(
    "part",
    [
        {"type": "text", "text": ""},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "high"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ],
)
def test_good_parts(part: dict[str, Any]) -> None:
    assert ask("bad_parts", turn("user", [part])) == (0, "")


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"type": "image"}, "has the type 'image'; there are text, image_url"),
        ({"type": "text"}, "has no `text`"),
        ({"type": "refusal", "refusal": "No."}, "is a refusal, in a turn of 'user'"),
        ({"type": "image_url", "image_url": "https://a"}, "has no `image_url` such as"),
        ({"type": "image_url", "image_url": {"url": "a.png"}}, "which is no web address"),
        (
            {"type": "image_url", "image_url": {"url": "https://a", "detail": "best"}},
            "has the detail 'best'",
        ),
        ({"type": "image_url", "image_url": {"url": "data:text/html,x"}}, "not base64 of a png"),
        ({"type": "image_url", "image_url": {"url": PIXEL + "!!"}}, "that is not base64"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA"}}, "has the format None"),
        ({"type": "input_audio"}, "has no `input_audio`"),
        ({"type": "file", "file": {}}, "has no `file`"),
    ],
)
def test_bad_parts(part: dict[str, Any], why: str) -> None:
    count, told = ask("bad_parts", turn("user", [part]))
    assert count == 1
    assert told.startswith("messages[0].content[0] ")
    assert why in told


def test_only_a_user_shows_an_image() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    assert ask("bad_parts", turn("assistant", [image]))[0] == 1
    assert ask("bad_parts", turn("assistant", [{"type": "refusal", "refusal": "No."}]))[0] == 0


@pytest.mark.parametrize(
    "token",
    [
        "<|im_start|>", "<|endoftext|>", "<|begin_of_text|>", "<|eot_id|>", "<|user|>", "<|end|>",
        "<|fim_prefix|>", "<|reserved_special_token_12|>", "<|channel|>", "<start_of_turn>",
        "<end_of_turn>", "<start_of_image>", "<bos>", "<eos>", "<pad>", "[INST]", "[/INST]",
        "<<SYS>>", "<</SYS>>", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[/TOOL_RESULTS]",
        "[SYSTEM_PROMPT]", "<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜fim▁hole｜>",
        "<fim_prefix>", "<fim-suffix>", "<fim_middle>", "<SUF>", "<MID>",
    ],
)  # fmt: skip
def test_reserved_tokens(token: str) -> None:
    assert special_tokens([f"a {token} b", token]) == [1, 1]
    assert REASONS["special_tokens"](f"a {token} b {token}") == token


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("<s>Hello</s>", 2),
        ("Hello</s>\n", 1),
        ("was <s>$10</s> now $5", 0),
        ("f <| x |> g", 0),
        ("<PRE>code</PRE>", 0),
        ("[INSERT] [TOOLS] <end> <user>", 0),
        ("a <|> b", 0),
    ],
)
def test_what_only_looks_like_a_token(text: str, count: int) -> None:
    assert special_tokens([text]) == [count]
