"""A run that is killed at any write leaves old or new, and going on gives the same result."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ftdsl.engine.context import Policy
from ftdsl.engine.run import run_plan
from ftdsl.engine.runs import read_run, run_ids
from ftdsl.engine.store import Store
from ftdsl.plan.lock import read, update, write
from ftdsl.plan.planner import build_plan
from ftdsl.results.run import RunResult
from tests.engine.steps import quick
from tests.plan.programs import program, write_project

KILLED = 137
_WRITES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.symlink")


def whole_run(root: Path) -> RunResult:
    out = root / ".ftdsl"
    plan = build_plan(program(), root, out, Policy())
    result = run_plan(plan, root, out, execute=quick)
    if result.exit_code == 0:
        write(root, plan.spec, update(read(root, plan.spec), plan, result))
    return result


def published(root: Path) -> dict[str, bytes]:
    """Every byte that a later run or a reader can see as a result."""
    steps = root / ".ftdsl" / "steps"
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in sorted(steps.rglob("*"))
        if file.is_file()
    } | {"lock": (root / "specs" / "ftspec.lock").read_bytes()}


def child(work: Callable[[], int]) -> int:
    """Exit code of ``work`` in a process of its own: nothing of it survives here."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def die_at(number: int, root: Path) -> None:
    """Kill this process at its ``number``-th act on the disk below ``root``: an opening for
    writing, a rename, a removal, a new folder, a flush (before it, so that bytes may be lost)."""
    count = 0
    flush = os.fsync

    def act() -> None:
        nonlocal count
        count += 1
        if count == number:
            os._exit(KILLED)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in _WRITES:
            act()
        elif event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and str(path).startswith(str(root)):
                act()

    def flushed(handle: int) -> None:
        act()
        flush(handle)

    os.fsync = flushed
    sys.addaudithook(watch)


def crashed(number: int, root: Path) -> int:
    def work() -> int:
        die_at(number, root)
        return whole_run(root).exit_code

    return child(work)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = write_project(tmp_path_factory.mktemp("reference"))
    assert child(lambda: whole_run(root).exit_code) == 0
    return published(root)


def readable(root: Path, reference: dict[str, bytes]) -> None:
    """Whatever is found after the crash is whole: the same bytes as without one, or not there."""
    store = Store(root / ".ftdsl")
    for folder in (root / ".ftdsl" / "steps").glob("*/*"):
        if folder.is_dir() and store.read(folder.parent.name, folder.name) is not None:
            for file in folder.iterdir():
                assert file.read_bytes() == reference[file.relative_to(root).as_posix()]
    for run_id in run_ids(root / ".ftdsl"):
        record = root / ".ftdsl" / "runs" / run_id / "run.json"
        if record.exists():
            assert read_run(root / ".ftdsl", run_id) is not None
    lock = root / "specs" / "ftspec.lock"
    if lock.exists():
        assert lock.read_bytes() == reference["lock"]


@pytest.mark.parametrize(("first", "stride"), [(1, 11), pytest.param(1, 1, marks=pytest.mark.slow)])
def test_killed_at_every_write_and_resumed_it_is_the_same(
    tmp_path: Path, reference: dict[str, bytes], first: int, stride: int
) -> None:
    points = 0
    for number in range(first, 10_000, stride):
        root = write_project(tmp_path / str(number))
        code = crashed(number, root)
        if code == 0:
            break
        assert code == KILLED
        points += 1
        readable(root, reference)
        assert child(lambda root=root: whole_run(root).exit_code) == 0
        assert published(root) == reference
        assert child(lambda root=root: whole_run(root).exit_code) == 0
    assert points * stride > 100, "the plan of the test writes in more than a hundred places"


def test_killed_again_and_again_it_still_ends(tmp_path: Path, reference: dict[str, bytes]) -> None:
    root = write_project(tmp_path)
    codes = []
    for number in range(20, 400, 7):
        codes.append(crashed(number, root))
        if codes[-1] == 0:
            break
    assert codes[0] == KILLED
    assert codes[-1] == 0
    assert published(root) == reference


def test_finished_parts_are_not_done_again(tmp_path: Path) -> None:
    """The step's own folder outlives the kill, and what it had finished with it."""
    root = write_project(tmp_path)
    number = 1
    while True:
        assert crashed(number, root) in (0, KILLED)
        parts = list((root / ".ftdsl" / "work").glob("check.support-*/part-0.txt"))
        if parts:
            break
        number += 1
    before = parts[0].stat().st_ino
    assert child(lambda: whole_run(root).exit_code) == 0
    [after] = (root / ".ftdsl" / "steps" / "check.support").glob("*/part-0.txt")
    assert after.stat().st_ino == before


def test_a_result_killed_before_its_last_rename_is_taken_over(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    whole_run(root)
    out = root / ".ftdsl"
    store = Store(out)
    [folder] = [f for f in (out / "steps" / "train.lora").iterdir() if f.is_dir()]
    key = folder.name
    folder.rename(store.work("train.lora", key))
    plan = build_plan(program(), root, out, Policy())
    assert [planned.id for planned in plan.stale] == ["train.lora"]

    def must_not_run(*_: object) -> None:
        raise AssertionError("the work was already done")

    result = run_plan(plan, root, out, execute=must_not_run)  # type: ignore[arg-type]
    assert result.exit_code == 0
    assert folder.is_dir()
