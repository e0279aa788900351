"""What the page must not tell: which model gave which answer, and which items are gold."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.engine.context import Refused
from ftdsl.rating.batch import batch_of, key_of
from ftdsl.rating.lots import left_of, lot
from ftdsl.rating.page import island, page_of, policy
from tests.rating.rating_made import batch, case, cases, rate_step


def test_the_page_is_the_same_bytes_whichever_model_gave_which_answer() -> None:
    """So nobody can recover it from the page, by whatever means."""
    step = rate_step("base", "next")
    true = cases("base", "next")
    page = page_of(batch_of(step, true, Path()))
    for flipped in (range(12), range(0, 12, 2), [3], [0, 1, 7, 11]):
        swapped = {name: list(every) for name, every in true.items()}
        for i in flipped:
            swapped["base"][i], swapped["next"][i] = true["next"][i], true["base"][i]
        assert page_of(batch_of(step, swapped, Path())) == page
    other_way = rate_step("next", "base")
    assert page_of(batch_of(other_way, true, Path())) == page


def test_the_page_names_no_model_and_no_case() -> None:
    step = rate_step("gemma", "qwen")
    made = batch_of(
        step, {m: [case(i, f"{len(m)} {i}") for i in range(8)] for m in ("gemma", "qwen")}, Path()
    )
    page = page_of(made)
    assert "gemma" not in page and "qwen" not in page and '"c3"' not in page
    key = json.dumps(key_of(made))
    assert "gemma" in key and "c3" in key
    assert made.betrayed == ()


def test_sides_are_fair_and_differ_between_raters() -> None:
    items = [f"{i:024x}" for i in range(400)]
    for rater in ("r-1", "r-2", "anna"):
        lefts = sum(left_of("b", rater, item, False) for item in items)
        assert 160 < lefts < 240
    same = sum(left_of("b", "r-1", i, False) == left_of("b", "r-2", i, False) for i in items)
    assert 160 < same < 240
    assert all(left_of("b", "r", i, True) == 1 - left_of("b", "r", i, False) for i in items)


@given(st.lists(st.text(), max_size=4))
def test_a_lot_is_a_number_of_32_bits_and_always_the_same(parts: list[str]) -> None:
    assert lot(*parts) == lot(*parts)
    assert 0 <= lot(*parts) < 2**32


def test_gold_looks_like_any_other_item(tmp_path: Path) -> None:
    lines = [{"prompt": f"Gold {i}?", "better": f"yes {i}", "worse": f"no {i}"} for i in range(3)]
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    _, made = batch("base", "next", gold="gold.jsonl", root=tmp_path, repeats=0.2)
    assert made.shown == 12 and len(made.items) == 15
    data = json.loads(re.search(r'id="data">(.*?)</script>', page_of(made), re.S)[1])  # type: ignore[index]
    assert len({tuple(sorted(item)) for item in data["items"]}) == 1
    assert [item["item"] for item in data["items"]] == sorted(
        item["item"] for item in data["items"]
    )
    answers = [[one["digest"] for one in item["answers"]] for item in data["items"]]
    assert all(pair == sorted(pair) for pair in answers)


@pytest.mark.code("FT727")
def test_a_gold_item_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    good = '{"prompt": "p", "better": "yes", "worse": "no"}'
    for bad in ('{"prompt": "p", "good": "a", "bad": "b"}', "{", good.replace("yes", "no")):
        (tmp_path / "gold.jsonl").write_text(f"{good}\n{bad}\n")
        with pytest.raises(Refused) as refused:
            batch("base", "next", gold="gold.jsonl", root=tmp_path)
        assert refused.value.diagnostic.code == "FT727"
    (tmp_path / "gold.jsonl").write_text(good + "\n")
    assert len(batch("base", "next", gold="gold.jsonl", root=tmp_path)[1].items) == 13


@pytest.mark.code("FT726")
def test_nothing_to_rate_is_said() -> None:
    step = rate_step("base", "next")
    alike = {name: [case(i, "the same") for i in range(4)] for name in ("base", "next")}
    with pytest.raises(Refused, match="all 4 cases alike"):
        batch_of(step, alike, Path())
    silent = {"base": [case(0, "x")], "next": [case(0, "", scores={}, unscored={"exact": "?"})]}
    with pytest.raises(Refused, match="none of the 1 cases"):
        batch_of(step, silent, Path())
    assert batch_of(step, cases("base", "next"), Path()).shown == 12


def test_a_larger_sample_holds_the_smaller_one() -> None:
    small = batch("a", "b", count=40, sample_rows=10, seed=3)[1]
    large = batch("a", "b", count=40, sample_rows=20, seed=3)[1]
    assert len(small.items) == 10 and set(small.items) < set(large.items)
    assert set(batch("a", "b", count=40, sample_rows=10, seed=4)[1].items) != set(small.items)


def test_answers_that_name_a_model_are_told() -> None:
    made = batch("base", "next")[1]
    assert made.betrayed == ("base", "next")


@given(st.text())
def test_no_text_ends_the_island_that_it_stands_in(text: str) -> None:
    written = island({"text": text})
    assert "<" not in written and ">" not in written and "&" not in written
    assert written.isascii()
    assert json.loads(written) == {"text": text}


def test_the_page_may_load_and_send_nothing() -> None:
    page = page_of(batch("base", "next")[1])
    assert policy(server=False) in page
    assert "default-src 'none'" in page and "connect-src 'none'" in page
    assert "unsafe" not in policy(server=False)
    assert re.findall(r"(?:src|href)=[\"']?(?!#)[^\"' >]+", page.partition('id="data"')[0]) == []
    assert "connect-src 'self'" in policy(server=True)
