"""What a folder keeps can be told and taken away, and what is still needed stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftdsl.engine.context import Policy, Refused
from ftdsl.engine.folder import OutFolder
from ftdsl.engine.garbage import clear, collect, kept
from ftdsl.engine.run import run_plan
from ftdsl.engine.runs import read_run, run_ids
from ftdsl.plan.planner import build_plan
from ftdsl.results.run import RunResult
from tests.engine.steps import quick
from tests.plan.programs import program, write_project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def run(root: Path, words: int) -> RunResult:
    out = root / ".ftdsl"
    plan = build_plan(program(words=words), root, out, Policy())
    return run_plan(plan, root, out, execute=quick)


def test_everything_is_told_with_its_size(root: Path) -> None:
    run(root, 50)
    (root / ".ftdsl" / "cache" / "answers.sqlite").write_text("answers")
    found = kept(root / ".ftdsl")
    assert {each.kind for each in found} == {"results", "cache", "runs"}
    results = [each for each in found if each.kind == "results"]
    assert len(results) == 9
    assert all(each.needed and each.size > 0 and each.files > 0 for each in results)
    paths = [root / ".ftdsl" / each.path for each in found]
    assert all(path.exists() for path in paths)


def test_collecting_takes_old_results_and_old_runs(root: Path) -> None:
    for words in range(24):
        run(root, words)
    out = root / ".ftdsl"
    (out / "steps" / "check.support" / ".latest.123").write_text("left by a kill")
    gone = collect(out)
    kinds = [each.kind for each in gone]
    assert kinds.count("runs") == 4
    assert kinds.count("results") == 5
    assert not (out / "steps" / "check.support" / ".latest.123").exists()
    assert len(run_ids(out)) == 20
    assert run(root, 23).nothing_to_do
    assert not run(root, 0).nothing_to_do
    assert [each.kind for each in collect(out)].count("runs") == 2


def test_clearing_the_cache_loses_no_result(root: Path) -> None:
    run(root, 50)
    out = root / ".ftdsl"
    (out / "cache" / "answers.sqlite").write_text("answers")
    assert {each.kind for each in clear(out, ["cache"])} == {"cache"}
    assert run(root, 50).nothing_to_do
    clear(out)
    assert kept(out) == ()
    assert read_run(out) is None
    assert not run(root, 50).nothing_to_do


def test_nothing_is_taken_while_a_run_goes_on(root: Path) -> None:
    run(root, 50)
    out = root / ".ftdsl"
    with OutFolder(out, "a.ftspec"), pytest.raises(Refused) as refused:
        clear(out)
    assert refused.value.diagnostic.code == "FT205"
    assert run(root, 50).nothing_to_do


def test_nothing_is_taken_through_a_link(root: Path, tmp_path: Path) -> None:
    run(root, 50)
    home = tmp_path / "home"
    home.mkdir()
    (home / "precious").write_text("mine")
    (root / ".ftdsl" / "cache" / "linked").symlink_to(home)
    with pytest.raises(Refused) as refused:
        clear(root / ".ftdsl")
    assert refused.value.diagnostic.code == "FT206"
    assert (home / "precious").exists()
