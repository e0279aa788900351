"""A saved plan runs while its inputs are the same, and else is refused with what moved."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ftdsl.engine.apply import apply_plan, read_plan, write_plan
from ftdsl.engine.context import Policy, Refused
from ftdsl.engine.run import run_plan
from ftdsl.language.program import Program, SpecFile
from ftdsl.plan.model import Plan
from ftdsl.plan.moved import moved_inputs
from ftdsl.plan.planner import build_plan
from tests.engine.steps import quick
from tests.plan.programs import program, write_project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def spec(sha256: str = "a" * 64, **changes: float) -> Program:
    found = program(**changes)  # type: ignore[arg-type]
    return replace(found, files=(SpecFile("specs/support.ftspec", sha256),))


def saved(root: Path, found: Program, *only: str) -> Plan:
    path = root / "plan.json"
    write_plan(path, build_plan(found, root, root / ".ftdsl", Policy(), only=only))
    return read_plan(path)


def test_a_plan_reads_back_as_it_was_written(root: Path) -> None:
    plan = build_plan(spec(), root, root / ".ftdsl", Policy())
    assert saved(root, spec()) == plan


def test_an_unmoved_plan_is_applied(root: Path) -> None:
    plan = saved(root, spec(), "dataset")
    result = apply_plan(plan, spec(), root, root / ".ftdsl")
    assert (result.verdict, result.diagnostics) == ("pass", ())
    assert [step.status for step in result.steps] == ["done", "done"]


@pytest.mark.code("FT200")
def test_every_input_that_moved_is_named_and_nothing_runs(root: Path) -> None:
    plan = saved(root, spec(), "dataset")
    (root / "data" / "a.jsonl").write_text("{}\n")
    result = apply_plan(plan, spec(), root, root / ".ftdsl")
    assert (result.verdict, result.exit_code, result.steps) == ("error", 2, ())
    [moved] = result.diagnostics
    assert moved.code == "FT200"
    assert "data/a.jsonl changed" in moved.message
    assert moved.message.endswith("(dataset.support)")
    assert "ftdsl plan specs/support.ftspec --only dataset -o plan.json" in moved.help
    assert not (root / ".ftdsl" / "steps").exists()


def test_a_moved_setting_is_named_once_with_its_step(root: Path) -> None:
    plan = saved(root, spec(learning_rate=2e-4))
    found = moved_inputs(plan, saved(root, spec("b" * 64, learning_rate=1e-3)))
    assert [diagnostic.message.partition(": ")[2] for diagnostic in found] == [
        "specs/support.ftspec changed",
        "setting learning_rate changed 2e-4 → 1e-3 (train.lora)",
    ]


def test_a_file_that_several_steps_read_is_said_once(root: Path) -> None:
    plan = saved(root, spec())
    (root / "data" / "a.jsonl").write_text("{}\n")
    [moved] = moved_inputs(plan, saved(root, spec()))
    assert moved.message.endswith(
        "data/a.jsonl changed (dataset.support, check.support, preflight.lora and 1 more)"
    )


def test_a_new_block_and_a_lost_block_are_named(root: Path) -> None:
    whole, less = saved(root, spec()), saved(root, replace(spec(), trains=(), gates=()))
    assert any("step train.lora is gone" in d.message for d in moved_inputs(whole, less))
    assert any("step train.lora is new" in d.message for d in moved_inputs(less, whole))


def test_a_step_that_ran_meanwhile_is_no_difference(root: Path) -> None:
    plan = saved(root, spec())
    out = root / ".ftdsl"
    run_plan(build_plan(spec(), root, out, Policy()), root, out, execute=quick)
    assert moved_inputs(plan, build_plan(spec(), root, out, Policy())) == ()


def test_a_lock_that_changed_matters_only_where_it_is_read(root: Path) -> None:
    plan = saved(root, spec())
    (root / "specs" / "ftspec.lock").write_text('schema = "ftdsl.lock/1"\n')
    assert moved_inputs(plan, saved(root, spec())) == ()


def test_a_forged_plan_is_no_source_of_what_to_do(root: Path) -> None:
    """Editing a plan can only make it differ from the one that would be made now."""
    path = root / "plan.json"
    write_plan(path, build_plan(spec(), root, root / ".ftdsl", Policy(), only=["dataset"]))
    body = json.loads(path.read_text())
    body["steps"][0]["step"]["dataset"]["sources"][0]["pattern"] = "../../etc/passwd"
    body["steps"][0]["key"] = "0" * 32
    path.write_text(json.dumps(body))
    result = apply_plan(read_plan(path), spec(), root, root / ".ftdsl")
    assert result.exit_code == 2
    assert "dataset.support has another key" in result.diagnostics[0].message


@pytest.mark.code("FT201")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"schema": "ftdsl.plan/2"}',
        b'{"schema": "ftdsl.plan/1", "unknown": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_plan_is_refused_with_its_place(root: Path, body: bytes) -> None:
    path = root / "plan.json"
    path.write_bytes(body)
    with pytest.raises(Refused) as refused:
        read_plan(path)
    assert refused.value.diagnostic.code == "FT201"
    assert str(path) in refused.value.diagnostic.message
    assert saved(root, spec()).steps


@pytest.mark.parametrize("name", ["missing.json", "specs", "/dev/zero"])
def test_a_plan_that_is_no_file_is_refused(root: Path, name: str) -> None:
    with pytest.raises(Refused) as refused:
        read_plan(root / name)
    assert refused.value.diagnostic.code == "FT201"


def test_a_plan_cut_short_anywhere_is_refused(root: Path) -> None:
    saved(root, spec())
    body = (root / "plan.json").read_bytes().rstrip()
    for length in range(0, len(body), 997):
        (root / "plan.json").write_bytes(body[:length])
        with pytest.raises(Refused):
            read_plan(root / "plan.json")
