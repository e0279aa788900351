"""A pass that finds kept answers gives the bytes that a cold pass gives, and asks no more than it
has to."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftdsl.data.cutting import Cutter
from ftdsl.engine.context import Stopped
from ftdsl.language.program import DatasetDef, RuleDef, SplitDef, Type, WaiverDef
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.examination import Examination
from ftdsl.quality.gathering import ROWS
from ftdsl.quality.kept import NAME, KeptAnswers
from ftdsl.quality.keys import rule_keys
from ftdsl.quality.step import run_check
from ftdsl.results.models import CheckOutput
from tests.data.spec_parts import dataset, write
from tests.quality.stand_in import (
    PROMPT,
    REPLY,
    TEXT,
    Run,
    call,
    check,
    expect,
    field,
    measure,
    must,
    op,
)

NUMBER = field("n", Type("float", True))
Asked = list[tuple[int, frozenset[int]]]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftdsl.plan.digests.Cutter", partial(Cutter, 400, 200, 2000))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """(first line, rules) of every part that is examined."""
    found: Asked = []
    original = Examination.examine

    def watched(self: Examination, part: Any, rules: Any, *more: Any) -> Any:
        found.append((part.first_line, frozenset(rules)))
        return original(self, part, rules, *more)

    monkeypatch.setattr(Examination, "examine", watched)
    return found


def chat(draw: random.Random) -> bytes:
    words = " ".join(draw.choice(["a", "be", "as an ai", "teh", ""]) for _ in range(9))
    turns = [{"role": "user", "content": words}, {"role": "assistant", "content": words[5:]}]
    more: dict[str, Any] = {"id": str(draw.randrange(40)), "n": draw.choice([None, 0.5, 2, 1e300])}
    if draw.random() < 0.1:
        more["extra"] = 1
    return json.dumps({"messages": turns, **more}).encode()


def bad(draw: random.Random) -> bytes:
    return draw.choice(
        [b"", b"{", b"[1]", b'{"messages": "\xff"}', b'{"messages": [], "messages": []}', b"{}"]
    )


def lines(count: int, seed: int) -> list[bytes]:
    draw = random.Random(seed)
    return [bad(draw) if draw.random() < 0.05 else chat(draw) for _ in range(count)]


def table() -> DatasetDef:
    split = SplitDef("by_hash", "id", (("train", 0.8), ("test", 0.2)))
    fields = {"id": Type("text", True), "n": Type("float", True)}
    return dataset(fields=fields, id="id", split=split)


def rules() -> tuple[RuleDef, ...]:
    return (
        must("words", op("<", call("words", REPLY), 12)),
        must("small", op("<", NUMBER, 1), where=call("has", NUMBER)),
        must("own", op("not", call("matches", REPLY, "as an ai"))),
        expect("sum", op("<", op("??", call("sum", NUMBER), 0), 3)),
        expect("q", op("<", call("quantile", call("length", PROMPT), 0.9), 20)),
        expect("kinds", op(">", call("distinct", field("id")), 3)),
        expect("runs", op(">", call("distinct_n", REPLY, 2), 0.5)),
        expect("bits", op(">", call("entropy", field("id")), 1.5)),
    )


def the_check() -> CheckStep:
    waivers = (
        WaiverDef(("d", "own"), "r", "2030-01-01", ("1", "2", "none")),
        WaiverDef(("d", "words"), "r", "2030-01-01"),
    )
    return check(table(), *rules(), waivers=waivers)


def warm(root: Path, step: CheckStep, workers: int = 1) -> tuple[CheckOutput, bytes]:
    context = Run(root, workers)
    output = run_check(step, context)
    return output, (context.work / "findings.jsonl").read_bytes()


def cold(root: Path, step: CheckStep) -> tuple[CheckOutput, bytes]:
    """As if it were the first pass; what is kept is put back afterwards."""
    aside = root / "aside"
    (root / ".ftdsl").rename(aside)
    found = warm(root, step)
    shutil.rmtree(root / ".ftdsl")
    aside.rename(root / ".ftdsl")
    return found


EDITS = st.lists(
    st.tuples(st.sampled_from(["insert", "delete", "edit", "move", "cut", "mark"]), st.integers(0)),
    min_size=1,
    max_size=4,
)


def edited(body: list[bytes], edits: list[tuple[str, int]]) -> list[bytes]:
    new = list(body)
    for kind, number in edits:
        draw = random.Random(number)
        at = draw.randrange(len(new) + 1)
        if kind == "insert":
            new[at:at] = lines(draw.randint(1, 5), number)
        elif kind == "delete":
            del new[at : at + draw.randint(1, 5)]
        elif kind == "edit" and at < len(new):
            new[at] = chat(draw)
        elif kind == "move":
            new = new[at:] + new[:at]
        elif kind == "cut":
            new = new[: at + 1]
        elif kind == "mark" and new:
            new[0] = draw.choice([b"\xef\xbb\xbf" + new[0], b"[", b"a,b", new[0]])
    return new


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 200), st.integers(0), st.lists(EDITS, min_size=1, max_size=3), st.booleans())
def test_edits_of_a_file_leave_no_trace(
    tmp_path: Path, count: int, seed: int, passes: list[list[tuple[str, int]]], ended: bool
) -> None:
    body, step = lines(count, seed), the_check()
    shutil.rmtree(tmp_path / ".ftdsl", ignore_errors=True)
    for edits in [[], *passes]:
        body = edited(body, edits)
        write(tmp_path, b"\n".join(body) + b"\n" * ended)
        found = warm(tmp_path, step)
        assert found == cold(tmp_path, step)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_and_kept_answers_together(
    tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftdsl.quality.step.SMALL", 0)
    monkeypatch.setattr("ftdsl.quality.step.WORTH", 0)
    body, step = lines(300, 3), the_check()
    for edits in ([], [("insert", 5)], [("edit", 9), ("delete", 11)]):
        body = edited(body, edits)
        write(tmp_path, b"\n".join(body))
        assert warm(tmp_path, step, workers) == cold(tmp_path, step)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_of_another_format_ends_where_that_shows(
    tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftdsl.quality.step.SMALL", 0)
    monkeypatch.setattr("ftdsl.quality.step.WORTH", 0)
    of = replace(dataset("*.jsonl"), id=None)
    write(tmp_path, b"[\n" + b",\n".join(lines(100, 2)) + b"\n]\n", "a.jsonl")
    good = [chat(random.Random(n)) for n in range(60)]
    write(tmp_path, b"\n".join(good) + b"\n", "b.jsonl")
    step = check(of, must("own", op("not", call("matches", REPLY, "zzz"))))
    for _ in range(2):
        output, findings = warm(tmp_path, step, workers)
        assert [json.loads(one)["code"] for one in findings.splitlines()] == ["FT333"]
        assert (output.counts.checked, output.counts.failed) == (60, 1)


def test_only_what_is_new_is_examined(tmp_path: Path, asked: Asked) -> None:
    body, step = [chat(random.Random(n)) for n in range(400)], the_check()
    everything = frozenset({ROWS, *range(len(rules()))})
    write(tmp_path, b"\n".join(body) + b"\n")
    warm(tmp_path, step)
    assert len(asked) > 50
    assert {one for _, one in asked} == {everything}
    asked.clear()
    assert warm(tmp_path, step) == cold(tmp_path, step)
    asked.clear()
    warm(tmp_path, step)
    assert asked == []
    body[200] = chat(random.Random(1000))
    write(tmp_path, b"\n".join(body) + b"\n")
    warm(tmp_path, step)
    assert 1 <= len(asked) <= 2


def test_an_edited_rule_is_asked_alone(tmp_path: Path, asked: Asked) -> None:
    write(tmp_path, b"\n".join(chat(random.Random(n)) for n in range(100)) + b"\n")
    step = the_check()
    warm(tmp_path, step)
    chunks = len(asked)
    asked.clear()
    new = (must("words", op("<", call("words", REPLY), 3)), *rules()[1:])
    tighter = check(table(), *new, waivers=step.waivers)
    found = warm(tmp_path, tighter)
    assert [one for _, one in asked] == [frozenset({0})] * chunks
    asked.clear()
    assert found == cold(tmp_path, tighter)
    asked.clear()
    warm(tmp_path, step)
    assert asked == []


def key(step: CheckStep, root: Path, number: int = 0) -> str:
    return rule_keys(Examination(step, root), root)[number]


def test_what_decides_an_answer_is_in_its_key(tmp_path: Path) -> None:
    of, rule = dataset(fields={"id": TEXT}), must("r", op("<", call("tokens", REPLY), 5))
    step = check(of, rule)
    same = key(step, tmp_path)
    assert same == key(check(replace(of, name="e"), replace(rule, name="s", doc="d")), tmp_path)
    assert same == key(check(of, rule, must("more", op("!=", REPLY, ""))), tmp_path)
    assert same == key(check(of, rule, locked={"count": 3}), tmp_path)
    split = SplitDef("by_hash", "id", (("train", 0.8), ("test", 0.2)))
    others = [
        check(of, must("r", op("<", call("tokens", REPLY), 6))),
        check(of, replace(rule, where=op("!=", REPLY, ""))),
        check(replace(of, id="id"), rule),
        check(replace(of, split=split), rule),
        check(replace(of, split=replace(split, seed=1)), rule),
        check(replace(of, tokenizer="cl100k_base"), rule),
        check(dataset(fields={"id": Type("text", True)}), rule),
        check(dataset(base="sharegpt", fields={"id": TEXT}), rule),
        check(of, rule, waivers=(WaiverDef(("d", "r"), "x", "2030-01-01", ("1",)),)),
    ]
    keys = [key(one, tmp_path) for one in others]
    assert len({same, *keys}) == len(keys) + 1
    locked = must("r", op("<", call("tokens", REPLY), measure("locked.count")))
    assert key(check(of, locked, locked={"count": 1}), tmp_path) != key(
        check(of, locked, locked={"count": 2}), tmp_path
    )
    of = replace(of, tokenizer="t.json")
    (tmp_path / "t.json").write_text("{}")
    before = key(check(of, rule), tmp_path)
    (tmp_path / "t.json").write_text("{ }")
    assert key(check(of, rule), tmp_path) != before


def damages(path: Path) -> Iterator[None]:
    """Spoil what is kept, each time in another way."""
    path.write_bytes(b"no database at all")
    yield
    sound = path.read_bytes()
    path.write_bytes(sound[:4096] + b"\0" * (len(sound) - 4096))
    yield
    yield
    database = sqlite3.connect(path)
    database.execute("update answers set answer = '{}' where id % 3 = 0")
    database.commit()
    database.close()
    yield
    path.unlink()
    path.mkdir()
    yield


def test_a_damaged_cache_costs_time_alone(tmp_path: Path) -> None:
    write(tmp_path, b"\n".join(lines(100, 1)))
    step = the_check()
    expected = warm(tmp_path, step)
    for _ in damages(tmp_path / ".ftdsl" / "cache" / NAME):
        assert warm(tmp_path, step) == expected


def test_a_pass_that_was_stopped_goes_on(tmp_path: Path, asked: Asked) -> None:
    write(tmp_path, b"\n".join(lines(400, 1)))
    step = the_check()
    with pytest.raises(Stopped):
        run_check(step, Run(tmp_path, stop_after=40))
    before = {line for line, _ in asked}
    asked.clear()
    found = warm(tmp_path, step)
    again = {line for line, _ in asked}
    assert len(before) > 10
    assert len(before & again) <= 1
    assert found == cold(tmp_path, step)


def test_the_oldest_answers_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftdsl.quality.kept.BOUND", 1 << 18)
    for number in range(40):
        with KeptAnswers(tmp_path, {0: "r"}) as kept:
            kept.put(f"c{number}", 1 << 20, {0: bytes(20_000)})
    with KeptAnswers(tmp_path, {0: "r"}) as kept:
        there = [number for number in range(40) if kept.known(f"c{number}")]
        assert kept.get("c39", [0]) == {0: bytes(20_000)}
    assert 5 < len(there) < 20
    assert there == list(range(40 - len(there), 40))
    assert (tmp_path / NAME).stat().st_size < 1 << 20


def test_an_answer_as_large_as_its_chunk_is_not_kept(tmp_path: Path) -> None:
    with KeptAnswers(tmp_path, {0: "r", 1: "s"}) as kept:
        kept.put("c", 1 << 20, {0: bytes(1 << 19), 1: b"{}"})
        assert kept.known("c") == {1}


def test_another_grammar_checker_is_asked_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grammar = must("grammar", op("==", call("grammar_errors", REPLY), 0))
    examination = Examination(check(dataset(), grammar, *rules()[:1]), tmp_path)
    found = []
    for version in ("LanguageTool 6.7", "LanguageTool 6.8"):
        monkeypatch.setattr("ftdsl.quality.keys.served_by", lambda version=version: version)
        found.append(rule_keys(examination, tmp_path))
    assert found[0][0] != found[1][0]
    assert (found[0][1], found[0][ROWS]) == (found[1][1], found[1][ROWS])
