"""What is kept of chunks changes nothing but the time, and never more than its bound."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftdsl.data import cutting
from ftdsl.dedup import intake, kept, kernel, twin
from ftdsl.dedup.keys import sets_key
from ftdsl.dedup.step import run_dedup
from ftdsl.language.program import DedupDef, DropDef
from ftdsl.plan.steps import DedupStep
from ftdsl.results.models import DedupOutput
from tests.dedup.stage import call, chat, context, dataset, exact, field, literal, near, write


@pytest.fixture(autouse=True)
def chunks_of_a_few_rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = kernel.loops()
    monkeypatch.setattr(cutting.Cutter.__init__, "__defaults__", (1500, 500, 4000))
    yield
    kernel.choose(before)


def some_rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    bases = [
        [f"w{draw.randrange(300)}" for _ in range(draw.randrange(5, 40))] for _ in range(count // 3)
    ]
    rows = []
    for number in range(count):
        words = list(draw.choice(bases))
        for _ in range(draw.randrange(4)):
            words[draw.randrange(len(words))] = f"é{draw.randrange(300)}"
        rows.append(chat(" ".join(words), f"answer {number}"))
    return rows


def step_of(*drops: DropDef, **more: Any) -> DedupStep:
    block = DedupDef("support", drops, **more)
    return DedupStep(id="dedup.support", name="support", dataset=dataset(), dedup=block)


class Counting:
    """How many chunks were prepared anew."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fresh = 0
        for name in ("_scan", "_prepare"):
            monkeypatch.setattr(intake.Intake, name, self.counted(getattr(intake.Intake, name)))

    def counted(self, method: Any) -> Any:
        def call_it(*args: Any) -> Any:
            self.fresh += 1
            return method(*args)

        return call_it


def run(root: Path, step: DedupStep) -> DedupOutput:
    return run_dedup(step, context(root, step.id))


LINES = {
    "near": (near(),),
    "minhash": (near(similarity=0.6, algorithm="minhash", permutations=32),),
    "two": (exact(call("normalize", field("prompt"))), near(similarity=0.5)),
}


@pytest.mark.parametrize("lines", LINES)
@pytest.mark.parametrize("loops", ["installed", "twin"])
def test_a_second_run_reads_no_chunk_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, loops: str
) -> None:
    if loops == "twin":
        kernel.choose(twin)
    counting = Counting(monkeypatch)
    rows = some_rows(150)
    write(tmp_path, rows)
    step = step_of(*LINES[lines])
    first = run(tmp_path, step)
    every = counting.fresh
    assert every > 5
    assert first.removed
    assert run(tmp_path, step) == first
    assert counting.fresh == every
    write(tmp_path, [*rows[:100], chat("one more row in the middle", "x"), *rows[100:]])
    more = run(tmp_path, step)
    assert counting.fresh - every <= 2
    for path in (tmp_path / ".out" / "cache" / kept.FOLDER).iterdir():
        path.unlink()
    assert run(tmp_path, step) == more


def test_the_order_is_kept_too(tmp_path: Path) -> None:
    write(tmp_path, some_rows(120))
    longest = step_of(near(), keep="longest")
    assert run(tmp_path, longest) == run(tmp_path, longest)
    ends = call("ends_with", field("reply.text"), literal("7", "text"), kind="bool")
    best = step_of(near(), keep="best", keep_by=ends)
    assert run(tmp_path, best) == run(tmp_path, best) != run(tmp_path, longest)


def test_what_decides_the_arrays_is_in_the_key(tmp_path: Path) -> None:
    write(tmp_path, some_rows(3))
    hashed = {"algorithm": "minhash"}
    keys = [
        sets_key(step, tmp_path)
        for step in (
            step_of(near()),
            step_of(near(shingle=3)),
            step_of(near(field("reply.text"))),
            step_of(exact()),
            step_of(near(), keep="longest"),
            step_of(near(**hashed)),
            step_of(near(**hashed, seed=2)),
            step_of(near(**hashed, permutations=64)),
        )
    ]
    assert len(set(keys)) == len(keys)
    assert sets_key(step_of(near(similarity=0.3)), tmp_path) == keys[0]
    assert sets_key(step_of(near(algorithm="exact_join")), tmp_path) == keys[0]


def kept_file(root: Path) -> Path:
    (path,) = (root / ".out" / "cache" / kept.FOLDER).iterdir()
    return path


def test_damage_is_found_and_made_good(tmp_path: Path) -> None:
    write(tmp_path, some_rows(150))
    step = step_of(near())
    wanted = run(tmp_path, step)
    path = kept_file(tmp_path)
    whole = path.read_bytes()
    draw = random.Random(3)
    for _ in range(25):
        data = bytearray(whole)
        for _ in range(draw.randrange(1, 4)):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(bytes(data[: draw.randrange(len(data)) if draw.random() < 0.3 else None]))
        assert run(tmp_path, step) == wanted
    path.write_bytes(b"")
    assert run(tmp_path, step) == wanted


def test_a_file_that_cannot_be_had_keeps_nothing(tmp_path: Path) -> None:
    write(tmp_path, some_rows(60))
    step = step_of(near())
    wanted = run(tmp_path, step)
    with kept.KeptSets(tmp_path / ".out" / "cache", sets_key(step, tmp_path)):
        # Another process holds it.
        assert run(tmp_path, step) == wanted
    folder = tmp_path / ".out" / "cache" / kept.FOLDER
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("no folder")
    assert run(tmp_path, step) == wanted


def test_the_bound_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, some_rows(150))
    step = step_of(near())
    wanted = run(tmp_path, step)
    size = kept_file(tmp_path).stat().st_size
    kept_file(tmp_path).unlink()
    monkeypatch.setattr(kept.KeptSets.__init__, "__defaults__", (size // 2,))
    assert run(tmp_path, step) == wanted == run(tmp_path, step)
    assert kept_file(tmp_path).stat().st_size <= size // 2


def test_what_is_not_used_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_SLACK", 0)
    step = step_of(near())
    write(tmp_path, some_rows(150, seed=1))
    run(tmp_path, step)
    for seed in (2, 3, 4):
        write(tmp_path, some_rows(150, seed))
        stamp = tmp_path / "rows.jsonl"
        os.utime(stamp, (seed, seed))
        wanted = run(tmp_path, step)
    size = kept_file(tmp_path).stat().st_size
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    write(fresh, some_rows(150, 4))
    assert run(fresh, step).removed == wanted.removed
    assert size <= 2 * kept_file(fresh).stat().st_size
    other = step_of(near(shingle=3))
    monkeypatch.setattr(kept.KeptSets.__init__, "__defaults__", (size,))
    run(tmp_path, other)
    folder = tmp_path / ".out" / "cache" / kept.FOLDER
    assert sum(path.stat().st_size for path in folder.iterdir()) <= size
    assert json.loads(run(tmp_path, step).model_dump_json()) == json.loads(wanted.model_dump_json())
