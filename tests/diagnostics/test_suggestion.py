"""Suggestions name one close candidate or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.diagnostics.suggestion import edit_distance, suggest


@pytest.mark.parametrize(
    ("word", "candidates", "expected"),
    [
        ("datset", ["dataset", "dedup"], "dataset"),
        ("sorce", ["source", "score"], "source"),
        ("foruce", ["source"], "source"),
        ("lnag", ["lang", "long"], "lang"),
        ("x", ["y"], "y"),
        ("x", ["abc"], None),
        ("Source", ["source"], "source"),
        ("source", ["source"], None),
        ("frequency", ["provider", "name"], None),
    ],
)
def test_suggests_the_nearest_name_or_none(
    word: str, candidates: list[str], expected: str | None
) -> None:
    assert suggest(word, candidates) == expected


words = st.text("abc_", max_size=8)


@settings(max_examples=50, deadline=None)
@given(words, words)
def test_distance_is_symmetric_and_zero_only_for_equal_words(left: str, right: str) -> None:
    assert edit_distance(left, right) == edit_distance(right, left)
    assert (edit_distance(left, right) == 0) == (left == right)
    assert edit_distance(left, right) <= max(len(left), len(right))
