"""How each way a step can end shows in the run, and what of the rest goes on."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Policy, Refused
from ftdsl.engine.dispatch import execute as run_step_function
from ftdsl.engine.run import Execute, run_plan
from ftdsl.engine.runs import read_run, run_ids
from ftdsl.plan.planner import build_plan
from ftdsl.plan.steps import Step, TrainStep
from ftdsl.results.models import CheckOutput, Counts, EvalOutput
from ftdsl.results.outputs import StepOutput
from ftdsl.results.run import RunResult
from tests.engine.steps import answer, quick
from tests.plan.programs import program, with_extern_rule, write_project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def run(root: Path, execute: Execute = quick, *only: str, **changes: float) -> RunResult:
    out = root / ".ftdsl"
    plan = build_plan(program(**changes), root, out, Policy(), only=only)  # type: ignore[arg-type]
    return run_plan(plan, root, out, execute=execute)


def statuses(result: RunResult) -> dict[str, str]:
    return {step.id: step.status for step in result.steps}


def on(step_id: str, act: Callable[[Step, Context], StepOutput]) -> Execute:
    """``quick``, but for one step."""

    def execute(step: Step, context: Context) -> StepOutput:
        return act(step, context) if step.id == step_id else quick(step, context)

    return execute


def test_a_first_run_does_all_and_a_second_does_nothing(root: Path) -> None:
    first = run(root)
    assert set(statuses(first).values()) == {"done"}
    assert (first.verdict, first.exit_code, first.nothing_to_do) == ("pass", 0, False)

    def must_not_run(step: Step, context: Context) -> StepOutput:
        raise AssertionError(f"{step.id} ran again in {context.work}")

    second = run(root, must_not_run)
    assert set(statuses(second).values()) == {"fresh"}
    assert second.nothing_to_do
    assert [step.output for step in second.steps] == [step.output for step in first.steps]


def test_a_step_is_given_the_outputs_and_artifacts_of_those_it_needs(root: Path) -> None:
    seen: dict[str, object] = {}

    def gate(step: Step, context: Context) -> StepOutput:
        seen.update(context.outputs)
        part = context.artifacts("eval.golden.old") / "part-2.txt"
        assert part.read_text() == "eval.golden.old part 2\n"
        assert context.cache.is_dir()
        assert context.root == root
        return answer(step)

    assert run(root, on("gate.release", gate)).exit_code == 0
    assert list(seen) == ["eval.golden.lora", "eval.golden.old"]
    assert all(isinstance(output, EvalOutput) for output in seen.values())


def refuse(_step: Step, _context: Context) -> StepOutput:
    raise Refused(Diagnostic("FT503", "no such host", Span("", 0, 0)), exit_code=4)


def test_a_refusal_blocks_what_needs_it_and_the_rest_goes_on(root: Path) -> None:
    result = run(root, on("eval.golden.old", refuse))
    found = statuses(result)
    assert found.pop("eval.golden.old") == "refused"
    assert found.pop("gate.release") == "blocked"
    assert set(found.values()) == {"done"}
    assert (result.verdict, result.exit_code) == ("refused", 4)
    gate = result.step("gate.release")
    assert gate is not None
    assert gate.blocked_by == "eval.golden.old"
    assert gate.reasons == ("it needs eval.golden.old, which is refused",)


def test_a_failed_check_blocks_training_alone(root: Path) -> None:
    def fails(step: Step, _context: Context) -> StepOutput:
        return CheckOutput(name=step.name, counts=Counts(), verdict="fail")

    result = run(root, on("check.support", fails))
    found = statuses(result)
    assert found["check.support"] == "done"
    assert found["train.lora"] == "blocked"
    assert found["eval.golden.old"] == "done"
    assert found["gate.release"] == "blocked"
    assert (result.verdict, result.exit_code) == ("fail", 1)


def test_a_failed_check_of_cases_is_told_and_scores_are_made(root: Path) -> None:
    def fails(step: Step, _context: Context) -> StepOutput:
        return CheckOutput(name=step.name, counts=Counts(), verdict="fail")

    result = run(root, on("check.golden", fails))
    assert statuses(result)["gate.release"] == "done"
    assert result.exit_code == 1


def test_failed_requests_are_asked_again(root: Path) -> None:
    def partly(step: Step, _context: Context) -> StepOutput:
        output = answer(step)
        assert isinstance(output, EvalOutput)
        return output.model_copy(update={"errors": 3})

    run(root, on("eval.golden.old", partly))
    plan = build_plan(program(), root, root / ".ftdsl", Policy())
    assert [(p.id, p.reasons) for p in plan.stale] == [
        ("eval.golden.old", ("3 requests failed last time",))
    ]
    assert statuses(run(root))["eval.golden.old"] == "done"
    assert run(root).nothing_to_do


def _full(step: Step, context: Context) -> StepOutput:
    """A real write that the system refuses: files may not grow beyond 64 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        (context.work / "big").write_bytes(b"x" * (1 << 17))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    return answer(step)


@pytest.mark.code("FT207")
def test_a_disk_that_refuses_fails_the_step_and_keeps_the_rest(root: Path) -> None:
    result = run(root, on("check.support", _full))
    found = statuses(result)
    assert found["check.support"] == "failed"
    assert found["train.lora"] == "blocked"
    assert found["eval.golden.old"] == "done"
    assert result.exit_code == 2
    record = result.step("check.support")
    assert record is not None
    [diagnostic] = record.diagnostics
    assert diagnostic.code == "FT207"
    assert "File too large" in diagnostic.message
    assert run(root).exit_code == 0


def test_an_output_folder_that_cannot_be_made_is_refused(root: Path) -> None:
    (root / "taken").write_text("a file")
    plan = build_plan(program(), root, root / "taken" / "out", Policy())
    result = run_plan(plan, root, root / "taken" / "out", execute=quick)
    assert result.exit_code == 2
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["FT207"]
    assert result.steps == ()


@pytest.mark.code("FT208")
def test_a_step_without_memory_fails_and_the_rest_goes_on(root: Path) -> None:
    def hungry(step: Step, _context: Context) -> StepOutput:
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 33, hard))
        try:
            bytearray(1 << 34)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        return answer(step)

    result = run(root, on("train.lora", hungry))
    record = result.step("train.lora")
    assert record is not None
    assert (record.status, record.diagnostics[0].code) == ("failed", "FT208")
    assert statuses(result)["eval.golden.old"] == "done"
    assert result.exit_code == 2
    assert run(root).exit_code == 0


@pytest.mark.code("FT209")
def test_a_library_that_is_not_installed_is_named_with_its_extra(root: Path) -> None:
    def lacking(step: Step, context: Context) -> StepOutput:
        if not isinstance(step, TrainStep):
            return quick(step, context)
        raise ModuleNotFoundError("No module named 'trl'", name="trl")

    from ftdsl.engine import dispatch

    original = dispatch._run
    dispatch._run = lacking
    try:
        result = run(root, run_step_function)
    finally:
        dispatch._run = original
    record = result.step("train.lora")
    assert record is not None
    assert (record.status, record.diagnostics[0].code) == ("refused", "FT209")
    assert "ftdsl[train]" in record.diagnostics[0].help
    assert run(root).exit_code == 0


@pytest.mark.code("FT204")
def test_a_file_that_changes_under_a_step_spoils_its_result(root: Path) -> None:
    def disturbed(step: Step, _context: Context) -> StepOutput:
        with (root / "data" / "a.jsonl").open("a") as stream:
            stream.write("{}\n")
        return answer(step)

    result = run(root, on("check.support", disturbed))
    record = result.step("check.support")
    assert record is not None
    assert (record.status, record.diagnostics[0].code) == ("refused", "FT204")
    assert "data/a.jsonl changed" in record.diagnostics[0].message
    assert not list((root / ".ftdsl" / "steps").glob("check.support/*/result.json"))
    assert run(root).exit_code == 0


def test_a_bug_leaves_a_record_that_says_stopped(root: Path) -> None:
    def bug(_step: Step, _context: Context) -> StepOutput:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(root, on("train.lora", bug))
    record = read_run(root / ".ftdsl")
    assert record is not None
    assert record.verdict == "stopped"
    assert statuses(run(root))["train.lora"] == "done"


def test_every_run_leaves_a_record_and_the_last_is_known(root: Path) -> None:
    first, second = run(root), run(root)
    out = root / ".ftdsl"
    assert set(run_ids(out)) == {first.run_id, second.run_id}
    assert read_run(out) == second
    assert read_run(out, first.run_id) == first
    assert read_run(out, "2026") in (None, first, second)
    assert read_run(out, "../../etc") is None


def test_an_unanswered_question_is_an_error_and_a_pending_one_asked_for_too(root: Path) -> None:
    out = root / ".ftdsl"
    plan = build_plan(with_extern_rule(), root, out, Policy())
    result = run_plan(plan, root, out, execute=quick)
    assert statuses(result)["rule.support.mild"] == "pending"
    assert statuses(result)["eval.golden.old"] == "done"
    assert result.exit_code == 2
    asked = build_plan(with_extern_rule(), root, out, Policy(), only=["rule.support.mild"])
    assert run_plan(asked, root, out, execute=quick).exit_code == 2


def test_going_back_to_an_old_spec_finds_its_result_again(root: Path) -> None:
    run(root, quick, words=50)
    assert statuses(run(root, quick, words=40))["check.support"] == "done"
    assert run(root, quick, words=50).nothing_to_do
    latest = (root / ".ftdsl/steps/check.support/latest").read_text().strip()
    step = run(root, quick, words=50).step("check.support")
    assert step is not None
    assert latest == step.key
