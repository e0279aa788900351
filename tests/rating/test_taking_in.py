"""Ratings that come back: what is wrong with them and where, and how they are kept for git."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ftdsl.language.source import Source
from ftdsl.rating.checks import counted, problems
from ftdsl.rating.keeping import keep, rating_files, read_source
from ftdsl.rating.rows import read_ratings
from tests.rating.rating_made import batch, placed, prefers, rows, text_of

Row = dict[str, Any]


def codes_of(made: Any, found: list[Row]) -> list[str]:
    return [problem.code for _, problem in problems(made, placed(found))]


def test_what_the_page_writes_is_taken() -> None:
    made = batch("base", "next")[1]
    found = rows(made, "r-1", prefers("next"))
    assert codes_of(made, found) == []
    assert codes_of(made, found + found) == [], "the same line twice counts once"


@pytest.mark.code("FT720")
@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "no JSON object"),
        ("[]", "valid dictionary"),
        ('{"v": 2}', "`v`"),
        ("NaN", "NaN is no JSON"),
        ('{"v": 1, "v": 1}', "a key stands twice"),
        ("[" * 20_000, "no JSON object"),
    ],
)
def test_a_line_that_is_no_rating_is_told_with_its_place(line: str, why: str) -> None:
    made = batch("base", "next")[1]
    good = text_of(rows(made, "r-1", prefers("next"))[:2])
    source = Source("inbox/r-1.jsonl", f"{good}{line}\n")
    found, bad = read_ratings(source)
    (problem,) = bad
    assert len(found) == 2 and problem.code == "FT720" and why in problem.message
    assert source.position(problem.span.start) == (3, 1)
    assert read_ratings(Source("x", good))[1] == []


@pytest.mark.parametrize(
    "change",
    [
        {"rater": "../../etc/passwd"}, {"rater": "Anna Smith"}, {"rater": "a@b.example"},
        {"batch": "../x"}, {"id": "x" * 32}, {"extra": 1}, {"ms": -1}, {"ms": "9"},
        {"at": "yesterday"}, {"reasons": "tone"}, {"note": "x" * 5000}, {"verdict": None},
    ],
)  # fmt: skip
def test_keys_hold_what_they_may_and_nothing_else(change: Row) -> None:
    made = batch("base", "next")[1]
    row = {**rows(made, "r-1", prefers("next"))[0], **change}
    assert [one.code for one in read_ratings(Source("x", json.dumps(row)))[1]] == ["FT720"]


def _renamed(row: Row) -> Row:
    return {**row, "left": row["right"], "right": row["left"]}


CHANGES: dict[str, Callable[[Row], Row]] = {
    "FT720": lambda row: {**row, "verdict": "4"},
    "FT721": lambda row: {**row, "left": "0" * 64},
    "FT723": lambda row: {**row, "rubric": "0" * 16},
    "FT724": lambda row: {**row, "rate": "length"},
    "FT725": lambda row: {**row, "supersedes": "0" * 32},
    "FT729": _renamed,
}


@pytest.mark.code("FT721")
@pytest.mark.code("FT723")
@pytest.mark.code("FT724")
@pytest.mark.code("FT725")
@pytest.mark.code("FT729")
@pytest.mark.parametrize("code", CHANGES)
def test_what_is_not_of_this_batch_is_told(code: str) -> None:
    made = batch("base", "next")[1]
    good = rows(made, "r-1", prefers("next"))
    assert codes_of(made, [*good[:3], CHANGES[code](good[3]), *good[4:]]) == [code]
    assert codes_of(made, good) == []


def test_an_item_that_nobody_was_shown_is_told() -> None:
    made = batch("base", "next")[1]
    row = {**rows(made, "r-1", prefers("next"))[0], "item": "0" * 24}
    assert codes_of(made, [row]) == ["FT721"]
    assert codes_of(made, [{**row, "batch": "0" * 16}]) == ["FT724"]


@pytest.mark.code("FT722")
def test_two_ratings_of_one_id_are_told() -> None:
    made = batch("base", "next")[1]
    one, other, *_ = rows(made, "r-1", prefers("next"))
    assert codes_of(made, [one, {**other, "id": one["id"]}]) == ["FT722"]
    assert codes_of(made, [one, other]) == []


def test_a_correction_belongs_to_its_rater_and_item() -> None:
    made = batch("base", "next")[1]
    first, second, *_ = rows(made, "r-1", prefers("next"))
    good = {**first, "id": "a" * 32, "supersedes": first["id"], "verdict": "tie"}
    assert codes_of(made, [first, good]) == []
    assert codes_of(
        made, [first, second, {**second, "id": "b" * 32, "supersedes": first["id"]}]
    ) == ["FT725"]
    assert codes_of(made, [{**first, "supersedes": first["id"]}]) == ["FT725"]


def test_ratings_of_the_same_answers_count_in_a_larger_sample() -> None:
    small = batch("base", "next", count=30, sample_rows=10)[1]
    large = batch("base", "next", count=30, sample_rows=20)[1]
    found = placed(rows(small, "r-1", prefers("next")))
    assert [problem for _, problem in problems(large, found)] == []
    assert len(counted(large, found)) == 10


def test_ratings_of_another_question_are_set_aside() -> None:
    one = batch("base", "next", question="Which is kinder?")[1]
    other = batch("base", "next", question="Which is shorter?")[1]
    found = placed(rows(one, "r-1", prefers("next")))
    assert counted(other, found) == []
    assert {problem.code for _, problem in problems(other, found)} == {"FT723"}


def test_files_are_only_added_to_and_each_rater_has_one(tmp_path: Path) -> None:
    made = batch("base", "next")[1]
    mine, hers = (rows(made, rater, prefers("next")) for rater in ("r-1", "r-2"))
    first = keep(tmp_path, "ratings/tone", placed(mine[:5]))
    assert first == {f"ratings/tone/{made.id}/r-1.jsonl": 5}
    before = (tmp_path / "ratings/tone" / made.id / "r-1.jsonl").read_bytes()
    second = keep(tmp_path, "ratings/tone", placed(mine + hers))
    assert second == {
        f"ratings/tone/{made.id}/r-1.jsonl": 7,
        f"ratings/tone/{made.id}/r-2.jsonl": 12,
    }
    after = (tmp_path / "ratings/tone" / made.id / "r-1.jsonl").read_bytes()
    assert after.startswith(before) and after.decode() == text_of(mine)
    assert keep(tmp_path, "ratings/tone", placed(mine)) == {f"ratings/tone/{made.id}/r-1.jsonl": 0}
    assert sum(len(read_ratings(one)[0]) for one in rating_files(tmp_path, "ratings/tone")) == 24


def test_two_branches_with_ratings_merge_without_a_conflict(tmp_path: Path) -> None:
    made = batch("base", "next")[1]

    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip

    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "begin")
    for rater in ("r-1", "r-2"):
        git("checkout", "-q", "-b", rater, "main")
        keep(tmp_path, "ratings/tone", placed(rows(made, rater, prefers("next"))))
        git("add", "-A")
        git("commit", "-q", "-m", rater)
    git("merge", "-q", "--no-edit", "r-1")
    assert sum(len(read_ratings(one)[0]) for one in rating_files(tmp_path, "ratings/tone")) == 24


@pytest.mark.code("FT728")
def test_a_link_that_leads_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    from ftdsl.engine.context import Refused

    made = batch("base", "next")[1]
    root, outside = tmp_path / "project", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "ratings").symlink_to(outside)
    with pytest.raises(Refused) as refused:
        keep(root, "ratings/tone", placed(rows(made, "r-1", prefers("next"))))
    assert refused.value.diagnostic.code == "FT728" and not list(outside.iterdir())
    own = root / "own" / made.id
    own.mkdir(parents=True)
    (own / "r-1.jsonl").symlink_to(outside / "taken.jsonl")
    with pytest.raises(Refused):
        keep(root, "own", placed(rows(made, "r-1", prefers("next"))))
    assert not list(outside.iterdir())
    assert sum(keep(root, "fine", placed(rows(made, "r-1", prefers("next")))).values()) == 12


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    from ftdsl.engine.context import Refused

    for path in (tmp_path / "missing.jsonl", tmp_path):
        with pytest.raises(Refused, match="cannot be read"):
            read_source(path, "x.jsonl")
