"""The places of a view, joined, are the view; and each leads to its text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.data import rows as views
from ftdsl.data.places import joined, place_at, places, turns
from ftdsl.data.rows import Row

_TEXT = st.sampled_from(["", "a", "b\n", " c", "long text"])
_ROLE = st.sampled_from(["system", "user", "assistant", "tool"])
_PARTS = st.lists(
    st.one_of(st.builds(lambda t: {"type": "text", "text": t}, _TEXT), st.just({"type": "image"})),
    max_size=3,
)
_CONTENT = st.one_of(_TEXT, _PARTS, st.none())
_TURNS = st.lists(st.builds(lambda r, c: {"role": r, "content": c}, _ROLE, _CONTENT), max_size=4)
_SPOKEN = st.lists(
    st.builds(
        lambda r, c: {"from": r, "value": c},
        st.sampled_from(["human", "gpt", "system", "function_call", "observation"]),
        _TEXT,
    ),
    max_size=4,
)
_ASKED = st.lists(
    st.builds(lambda c: {"role": "user", "content": c}, _TEXT), min_size=1, max_size=2
)
_ANSWER = st.lists(
    st.builds(lambda c: {"role": "assistant", "content": c}, _TEXT), min_size=1, max_size=2
)
_SAID = st.one_of(_TEXT, _ANSWER)

_ROWS = st.one_of(
    st.builds(lambda m: ("chat", {"messages": m}), _TURNS),
    st.builds(lambda p, c: ("completion", {"prompt": p, "completion": c}), _SAID, _SAID),
    st.builds(
        lambda i, n, o, s, h: (
            "alpaca",
            {"instruction": i, "input": n, "output": o, "system": s, "history": h},
        ),
        _TEXT, _TEXT, _TEXT, _TEXT, st.lists(st.tuples(_TEXT, _TEXT), max_size=2),
    ),
    st.builds(lambda c, s: ("sharegpt", {"conversations": c, "system": s}), _SPOKEN, _TEXT),
    st.builds(
        lambda p, a, b: ("preference", {"prompt": p, "chosen": a, "rejected": b}),
        _SAID, _SAID, _SAID,
    ),
    st.builds(
        lambda p, a, b: ("preference", {"chosen": p + a, "rejected": p + b}),
        _ASKED, _ANSWER, _ANSWER,
    ),
    st.builds(
        lambda p, a, b: (
            "openai_preference",
            {"input": {"messages": p}, "preferred_output": a, "non_preferred_output": b},
        ),
        _TURNS, _ANSWER, _ANSWER,
    ),
    st.builds(
        lambda p, c, g: ("kto", {"prompt": p, "completion": c, "label": g}),
        _SAID, _SAID, st.booleans(),
    ),
)  # fmt: skip

_VIEWS = {
    "prompt": views.prompt,
    "reply.text": views.reply,
    "chosen.text": views.chosen,
    "rejected.text": views.rejected,
    "row": views.text,
    "system": lambda row: views.system(row) or "",
}


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@pytest.mark.parametrize("view", list(_VIEWS))
@given(made=_ROWS)
def test_places_are_the_view(view: str, made: tuple[str, dict[str, Any]]) -> None:
    base, value = made
    row = Row("", 1, 0, value, base)
    found = places(row, view)
    if view == "chosen.text" and base not in ("preference", "openai_preference", "kto"):
        return
    assert joined(found) == _VIEWS[view](row)
    for place in found:
        assert at(value, place.path) == place.text or not place.path
        if place.mirror:
            assert at(value, place.mirror) == place.text


@given(made=_ROWS)
def test_turns_are_the_messages(made: tuple[str, dict[str, Any]]) -> None:
    base, value = made
    row = Row("", 1, 0, value, base)
    said = [
        (
            turn[0].role,
            "".join(one.glue + one.text if k else one.text for k, one in enumerate(turn)),
        )
        for turn in turns(row)
    ]
    assert said == [(m["role"], views.content_text(m.get("content"))) for m in views.messages(row)]


@given(made=_ROWS, data=st.data())
def test_the_place_of_a_character(made: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    row = Row("", 1, 0, made[1], made[0])
    found = places(row, "row")
    text = joined(found)
    index = data.draw(st.integers(0, max(len(text) - 1, 0)))
    if not text:
        return
    hit = place_at(found, index)
    if hit is None:
        assert text[index] == "\n"
    elif hit[1] < len(hit[0].text):
        assert hit[0].text[hit[1]] == text[index]
