"""What a removal shows: the place where two texts differ, or what they share, in context."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ftdsl.dedup.excerpts import around_difference, around_shared
from ftdsl.dedup.removals import read_removals
from ftdsl.dedup.step import run_dedup
from ftdsl.language.program import DedupDef
from ftdsl.plan.steps import DedupStep
from tests.dedup.stage import chat, context, dataset, near, write

WORDS = " ".join(f"word{n}" for n in range(200))


def test_the_first_word_that_differs_is_shown_with_what_stands_before_it() -> None:
    one, two = WORDS.replace("word150", "APPLE"), WORDS.replace("word150", "PEAR")
    here, there = around_difference(one, two, 100)
    assert "APPLE" in here
    assert "PEAR" in there
    assert "word149" in here
    assert here.startswith("… word")
    assert here.endswith(" …")
    assert max(len(here), len(there)) <= 110


def test_what_is_not_compared_is_no_difference() -> None:
    one, two = WORDS.replace("word3 ", "word3, "), WORDS.replace("word160", "other").upper()
    here, there = around_difference(one, two, 100)
    assert "word160" in here
    assert "OTHER" in there


def test_texts_of_the_same_words_are_shown_from_their_beginnings() -> None:
    one, two = around_difference(WORDS, WORDS.replace(" ", ", "), 80)
    assert one.startswith("word0 word1")
    assert two.startswith("word0, word1")


def test_a_text_that_ends_earlier_differs_at_its_end() -> None:
    here, there = around_difference(WORDS, WORDS + " and more", 60)
    assert here.endswith("word199")
    assert "and more" in there


@given(st.text(max_size=80), st.text(max_size=80), st.integers(10, 60))
def test_excerpts_are_short_and_of_the_texts(one: str, two: str, length: int) -> None:
    for text, shown in zip((one, two), around_difference(one, two, length), strict=True):
        assert len(shown) <= max(length, len(text) if len(text) <= length else 0) + 4
        assert shown.removeprefix("… ").removesuffix(" …") in text


def test_a_shared_run_is_shown() -> None:
    ours, theirs = around_shared(f"{WORDS} x y z", f"other {WORDS}", 8, 60)
    assert "word0" in ours
    assert "word0" in theirs


def test_every_removal_shows_where_the_rows_differ_with_what_is_delicate_masked(
    tmp_path: Path,
) -> None:
    mail = "ann.smith@brandtwerke.de"
    rows = [chat(f"{WORDS} {end} {mail}", "x") for end in ("apples", "pears", "plums")]
    write(tmp_path, rows)
    step = DedupStep(
        id="dedup.support",
        name="support",
        dataset=dataset(),
        dedup=DedupDef("support", (near(similarity=0.7),)),
    )
    stage = context(tmp_path, step.id)
    output = run_dedup(step, stage)
    assert [each.line for each in output.removed] == [2, 3]
    for each, word in zip(read_removals(stage.work), ("pears", "plums"), strict=True):
        assert word in each.excerpt
        assert "apples" in each.kept_excerpt
        assert mail not in each.excerpt + each.kept_excerpt
        assert "***" in each.excerpt
        assert each.similarity < 1
