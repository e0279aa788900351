"""A caret stands under what it is about, however wide the terminal and its characters are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ftdsl.diagnostics.render import columns
from ftdsl.reports.inert import line
from ftdsl.reports.pointer import pointed
from ftdsl.reports.style import Style

_TEXT = st.text(
    st.one_of(st.sampled_from("ab \n\t漢字é\u0301\u200b\x1b"), st.characters(codec="utf-8")),
    max_size=120,
)


def test_wide_and_invisible_characters() -> None:
    shown = list(pointed("漢字 \u200bx\n", (3, 4), Style()))
    assert shown == ["    | 漢字 \ufffdx␊", "    |      ^"]


@given(
    before=_TEXT, bad=st.sampled_from(["X", "漢", "XYZ"]), after=_TEXT, width=st.integers(20, 120)
)
def test_the_caret_is_below_the_part(before: str, bad: str, after: str, width: int) -> None:
    text, caret = pointed(
        before + bad + after, (len(before), len(before) + len(bad)), Style(width=width)
    )
    start = caret.index("^")
    left = next(k for k in range(len(text) + 1) if columns(text[:k]) >= start)
    assert line(bad)[0] in text[left : left + 3]
    assert columns(text) <= max(width, 30)
