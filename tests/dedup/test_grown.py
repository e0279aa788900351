"""What an earlier run found decides nothing: without it the result is the same bytes."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftdsl.data import cutting
from ftdsl.dedup import grown, intake, kept, kernel, near, told, twin
from ftdsl.dedup.clause import Pairs
from ftdsl.dedup.earlier import Earlier
from ftdsl.dedup.evidence import LocalLook
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.reading import found_name
from ftdsl.dedup.removals import ARTIFACT
from ftdsl.dedup.step import run_dedup
from ftdsl.language.program import DedupDef, DropDef
from ftdsl.plan.steps import DedupStep
from tests.dedup.stage import call, chat, context, dataset, exact, field, write
from tests.dedup.stage import near as line


@pytest.fixture(autouse=True)
def chunks_of_a_few_rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = kernel.loops()
    monkeypatch.setattr(cutting.Cutter.__init__, "__defaults__", (1500, 500, 4000))
    # However much is new, it is joined with what is known.
    monkeypatch.setattr(grown, "_FEW", 1)
    yield
    kernel.choose(before)


def variant(draw: random.Random, words: list[str]) -> list[str]:
    """Similarities of all sizes, and chains: what is made of a variant is one too."""
    found = list(words)
    for _ in range(draw.choice((0, 0, 1, 1, 2, 4))):
        found[draw.randrange(len(found))] = f"é{draw.randrange(400)}"
    return found


class Rows:
    """Rows that are edited: most are variants of others."""

    def __init__(self, seed: int, count: int) -> None:
        self.draw = random.Random(seed)
        self.words: list[list[str]] = [self.new() for _ in range(count // 5)]
        while len(self.words) < count:
            self.words.append(variant(self.draw, self.draw.choice(self.words)))

    def new(self) -> list[str]:
        return [f"w{self.draw.randrange(400)}" for _ in range(self.draw.randrange(4, 40))]

    def edit(self) -> None:
        draw, words = self.draw, self.words
        for _ in range(draw.randrange(1, 5)):
            at = draw.randrange(len(words))
            match draw.randrange(6):
                case 0:
                    words.insert(at, self.new())
                case 1:
                    # An earlier one like those behind it: it takes their place.
                    words.insert(at // 4, variant(draw, words[at]))
                case 2:
                    words.append(variant(draw, words[at]))
                case 3:
                    del words[at : at + draw.randrange(1, 12)]
                case 4:
                    words[at] = variant(draw, words[at])
                case 5:
                    # A block changes its place, and all that stays and goes with it.
                    block = words[at : at + 20]
                    del words[at : at + 20]
                    words[0:0] = block
        if len(words) < 20:
            words += [self.new() for _ in range(20)]

    def chats(self) -> list[dict[str, Any]]:
        return [chat(" ".join(one), f"reply {len(one)}") for one in self.words]


def step_of(drops: tuple[DropDef, ...], **more: Any) -> DedupStep:
    held = dataset("held", "held.jsonl")
    return DedupStep(
        id="dedup.support",
        name="support",
        dataset=dataset(),
        dedup=DedupDef("support", drops, **more),
        against=(held,) if any(drop.against for drop in drops) else (),
    )


def answer(root: Path, step: DedupStep) -> tuple[str, bytes]:
    found = run_dedup(step, context(root, step.id)).model_dump_json()
    return found, (root / ".out" / step.id / ARTIFACT).read_bytes()


BLOCKS: dict[str, tuple[tuple[DropDef, ...], dict[str, Any]]] = {
    "near": ((line(similarity=0.6),), {}),
    "longest": ((line(similarity=0.5),), {"keep": "longest"}),
    "minhash": ((line(similarity=0.6, algorithm="minhash", permutations=32),), {}),
    "against": ((line(similarity=0.5, against="held"),), {}),
    "three": (
        (
            exact(call("normalize", field("prompt"))),
            line(similarity=0.7, against="held"),
            line(similarity=0.6),
            line(similarity=0.8, shingle=2),
        ),
        {},
    ),
    "fuzzy": ((DropDef("fuzzy", (field("prompt"),), similarity=0.6),), {}),
    "words": (
        (
            DropDef("ngram", (field("prompt"),), against="held", n=4, similarity=0.3),
            DropDef("paraphrase", (field("prompt"),), against="held", similarity=0.5),
            DropDef("fuzzy", (field("reply.text"),), similarity=0.95),
            line(similarity=0.6),
        ),
        {},
    ),
    "ignored": ((line(similarity=0.6),), {"ignore_shared": 0.2}),
}


@pytest.mark.parametrize("loops", ["installed", "twin"])
@pytest.mark.parametrize("block", BLOCKS)
def test_after_any_edits_the_result_is_that_of_a_first_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: str, loops: str
) -> None:
    if loops == "twin":
        kernel.choose(twin)
    drops, more = BLOCKS[block]
    step = step_of(drops, **more)
    again = Counted(monkeypatch, grown.GrownIndex, "_join")
    rows, held = Rows(7, 120), Rows(8, 30)
    held.words += [variant(held.draw, one) for one in rows.words[::9]]
    edits = 6 if loops == "twin" else 20
    for number in range(edits):
        shutil.rmtree(tmp_path / "fresh", ignore_errors=True)
        found = []
        for root in (tmp_path / "kept", tmp_path / "fresh"):
            root.mkdir(exist_ok=True)
            write(root, rows.chats())
            write(root, held.chats(), "held.jsonl")
            found.append(answer(root, step))
        assert found[0] == found[1], number
        rows.edit()
        if number % 3 == 0:
            held.edit()
    if block == "ignored":
        assert not again.calls
    elif block != "against" and loops != "twin":
        # Some of the edits change which rows stay, so that rows are taken more than once.
        assert again.calls > edits


def test_what_was_removed_stays_when_all_it_was_like_is_gone(tmp_path: Path) -> None:
    """In the second run nothing that is known is like the second row, and yet it is kept now: the
    third, which was only known to be like the first, must be held against it."""
    words = [f"w{number}" for number in range(40)]
    first, second, third = words, [*words[:-1], "x"], [*words[:-2], "y", "z"]
    others = [[f"v{number}{row}" for number in range(30)] for row in range(30)]
    step = step_of((line(similarity=0.8),))
    write(tmp_path, [chat(" ".join(one), "a") for one in (first, second, third, *others)])
    assert json.loads(answer(tmp_path, step)[0])["kept"] == 31
    write(tmp_path, [chat(" ".join(one), "a") for one in (second, third, *others)])
    again = json.loads(answer(tmp_path, step)[0])
    assert [(one["line"], one["kept_line"]) for one in again["removed"]] == [(2, 1)]


def test_what_was_held_may_be_a_row_and_like_another_held_row(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(40)]
    texts = [" ".join(one) for one in (words, [*words[:-1], "x"])]
    others = [chat(f"v{row} " * 5 + f"u{row} " * 9, "a") for row in range(30)]
    step = step_of((line(similarity=0.5, against="held"),))
    write(tmp_path, others)
    write(tmp_path, [chat(text, "a") for text in texts], "held.jsonl")
    assert json.loads(answer(tmp_path, step)[0])["kept"] == 30
    write(tmp_path, [*others, chat(texts[1], "a")])
    write(tmp_path, [chat(texts[0], "a")], "held.jsonl")
    assert json.loads(answer(tmp_path, step)[0])["kept"] == 30


class Counted:
    """How often a method was called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self.calls = 0
        method = getattr(owner, name)

        def call_it(*args: Any, **named: Any) -> Any:
            self.calls += 1
            return method(*args, **named)

        monkeypatch.setattr(owner, name, call_it)


def test_a_row_more_is_all_that_is_read_joined_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Rows(3, 200)
    step = step_of((line(similarity=0.6),))
    write(tmp_path, rows.chats())
    answer(tmp_path, step)
    joined = Counted(monkeypatch, NearComparer, "index_of")
    read = Counted(monkeypatch, intake.Intake, "_scan")
    shown = Counted(monkeypatch, LocalLook, "see")
    before = answer(tmp_path, step)
    assert (joined.calls, read.calls, shown.calls) == (0, 0, 0)
    write(tmp_path, [*rows.chats(), chat("a text that is like no other text here", "x")])
    after = answer(tmp_path, step)
    assert after[1] == before[1]
    assert joined.calls == 1
    assert read.calls <= 2
    assert shown.calls == 0


def test_where_much_is_new_or_pairs_are_many_all_is_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grown, "_FEW", 50)
    rows = Rows(4, 150)
    step = step_of((line(similarity=0.6),))
    write(tmp_path, rows.chats())
    answer(tmp_path, step)
    rows.words += [rows.new() for _ in range(20)]
    write(tmp_path, rows.chats())
    whole = Counted(monkeypatch, near, "prefix_buckets")
    many = answer(tmp_path, step)
    assert whole.calls == 1
    shutil.rmtree(tmp_path / ".out")
    monkeypatch.setattr(grown, "MOST_PAIRS", 0)
    assert answer(tmp_path, step) == many
    with kept.KeptSets(tmp_path / ".out" / "cache", kept_key(tmp_path)) as file:
        assert file.recall(str(found_name(step, 0))) is None


def kept_key(root: Path) -> str:
    (path,) = (root / ".out" / "cache" / kept.FOLDER).iterdir()
    return path.name.removesuffix(kept.SUFFIX)


def test_what_is_told_is_masked_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "write to jane.doe@invoicing-hub.io about the invoice of this week"
    write(tmp_path, [chat(text, "a"), chat(text + " please", "b"), chat("quite another one", "c")])
    step = step_of((line(similarity=0.5),))
    found = answer(tmp_path, step)
    assert b"jane.doe" not in found[1]
    (path,) = (tmp_path / ".out" / "cache" / kept.FOLDER).iterdir()
    assert b"invoice" in path.read_bytes()
    assert b"jane.doe" not in path.read_bytes()
    assert answer(tmp_path, step) == found
    shutil.rmtree(tmp_path / ".out")
    monkeypatch.setattr(told, "_MOST", 10)
    assert answer(tmp_path, step) == found == answer(tmp_path, step)
    assert b"invoice" not in path.read_bytes()


def test_sets_are_known_by_both_sums() -> None:
    keys = np.array([[9, 1], [4, 2], [4, 3], [7, 7]], dtype=np.uint64)
    none = np.empty(0, dtype=np.int64)
    pairs = Pairs(np.array([0]), np.array([3]), np.array([0.9]))
    earlier = Earlier.of(keys, np.array([False, True, True, True]), pairs)
    places = earlier.places(np.array([[7, 7], [9, 1], [9, 2], [5, 5]], dtype=np.uint64))
    assert [place >= 0 for place in places.tolist()] == [True, True, False, False]
    assert (earlier.pairs.right[0], earlier.pairs.left[0]) == (places[0], places[1])
    read = Earlier.read(earlier.arrays())
    assert read is not None and read.keys.tolist() == earlier.keys.tolist()
    assert Earlier.read({**earlier.arrays(), "left": np.array([4])}) is None
    assert Earlier.read({"keys": none}) is None
    nothing = Earlier.of(keys[:0], np.zeros(0, dtype=np.bool_), Pairs(none, none, np.empty(0)))
    assert nothing.places(keys).tolist() == [-1] * 4
