"""The output folder: nothing is written through a link or outside it, whatever names are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.engine.context import Policy
from ftdsl.engine.folder import OutFolder, refuse_links
from ftdsl.engine.run import run_plan
from ftdsl.engine.store import Store, folder_name
from ftdsl.plan.planner import build_plan
from tests.engine.steps import quick
from tests.plan.programs import program, write_project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.mark.code("FT206")
@pytest.mark.parametrize(
    "link",
    [
        ".ftdsl",
        ".ftdsl/steps",
        ".ftdsl/work",
        ".ftdsl/cache",
        ".ftdsl/runs",
        ".ftdsl/run.lock",
        ".ftdsl/.gitignore",
        ".ftdsl/steps/check.support",
        ".ftdsl/cache/digests.json",
        ".ftdsl/runs/latest",
    ],
)
def test_a_link_that_a_checkout_brings_along_is_refused(
    root: Path, tmp_path: Path, link: str
) -> None:
    target = tmp_path / "home"
    target.mkdir()
    (target / "precious").write_text("mine")
    place = root / link
    place.parent.mkdir(parents=True, exist_ok=True)
    leads_to_file = link.endswith(("run.lock", ".gitignore", "digests.json", "latest"))
    place.symlink_to(target / "precious" if leads_to_file else target)
    out = root / ".ftdsl"
    plan = build_plan(program(), root, out, Policy())
    assert plan.steps[0].state == "stale"
    result = run_plan(plan, root, out, execute=quick)
    assert result.exit_code == 2
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["FT206"]
    assert [file.name for file in target.iterdir()] == ["precious"]
    assert (target / "precious").read_text() == "mine"
    place.unlink()
    assert run_plan(plan, root, out, execute=quick).exit_code == 0


def test_a_git_folder_is_no_place_for_results(root: Path) -> None:
    (root / ".git").mkdir()
    out = root / ".git" / "hooks"
    plan = build_plan(program(), root, root / ".ftdsl", Policy())
    result = run_plan(plan, root, out, execute=quick)
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["FT206"]
    assert not out.exists()


def test_a_run_writes_nowhere_but_in_its_folder(root: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in root.parent.rglob("*") if ".ftdsl" not in p.parts}
    out = root / ".ftdsl"
    assert run_plan(build_plan(program(), root, out, Policy()), root, out, execute=quick).steps
    after = {p: p.stat().st_mtime_ns for p in root.parent.rglob("*") if ".ftdsl" not in p.parts}
    before.pop(root), after.pop(root)
    assert after == before
    assert (out / ".gitignore").read_text() == "*\n"
    assert not list((out / "work").iterdir())


@given(st.text(max_size=300) | st.sampled_from(["..", "../../x", "a.b/../c", "check.a" * 60, ""]))
@settings(max_examples=100)
def test_a_folder_name_is_one_plain_name(step_id: str) -> None:
    name = folder_name(step_id)
    assert 0 < len(name.encode()) <= 120
    assert not name.startswith(".")
    assert "/" not in name
    assert "\0" not in name
    assert os.path.basename(name) == name  # noqa: PTH119 - the question is what the OS sees
    out = Path("/somewhere/out")
    assert Store(out).folder(step_id, "a" * 32).parent.parent == out / "steps"


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=100)
def test_two_steps_never_share_a_folder(one: str, other: str) -> None:
    if one != other:
        assert folder_name(one) != folder_name(other)


@pytest.mark.parametrize("key", ["", "..", "../x", "A" * 32, "a/b", "a" * 200])
def test_what_is_no_key_names_no_folder(key: str) -> None:
    with pytest.raises(ValueError, match="not a content key"):
        Store(Path("out")).folder("check.a", key)


def test_a_very_long_block_name_is_no_trouble(tmp_path: Path) -> None:
    store = Store(tmp_path)
    work = store.prepare("check." + "x" * 5000, "a" * 32)
    assert work.is_dir()


def test_the_lock_is_gone_with_its_holder_and_not_before(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with OutFolder(out, "a.ftspec"):
        assert (out / "run.lock").read_bytes()
    with OutFolder(out, "b.ftspec"):
        assert b"b.ftspec" in (out / "run.lock").read_bytes()
    assert (out / "run.lock").read_bytes() == b""
    refuse_links(out)


def test_a_stored_result_of_another_key_is_foreign(root: Path) -> None:
    """A cache that a checkout brings along cannot stand in for a result under another key."""
    out = root / ".ftdsl"
    run_plan(build_plan(program(words=50), root, out, Policy()), root, out, execute=quick)
    [folder] = [f for f in (out / "steps" / "check.support").iterdir() if f.is_dir()]
    folder.rename(folder.with_name("b" * 32))
    assert Store(out).read("check.support", "b" * 32) is None
    plan = build_plan(program(words=50), root, out, Policy())
    assert [planned.id for planned in plan.stale] == ["check.support"]
