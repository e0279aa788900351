"""Which steps a program has, which of them are stale, and in which words a plan says why."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.engine.context import Policy, Refused
from ftdsl.engine.run import run_plan
from ftdsl.engine.spending import Budget, Ledger
from ftdsl.language.program import (
    CheckDef,
    CoverageDef,
    DedupDef,
    DropDef,
    EvalDef,
    GateDef,
    ModelDef,
    Program,
    RequireDef,
    RuleDef,
    ScoreDef,
    SourceDef,
)
from ftdsl.plan.model import Plan
from ftdsl.plan.planner import build_plan
from tests.engine.steps import quick
from tests.plan.programs import (
    CHAT,
    measure,
    program,
    row_field,
    rule,
    with_extern_rule,
    write_project,
)

ALL = (
    "dataset.support",
    "dataset.golden",
    "check.support",
    "check.golden",
    "preflight.lora",
    "train.lora",
    "eval.golden.lora",
    "eval.golden.old",
    "gate.release",
)

ALLOWED = Policy(allowed_hosts=frozenset({"api.openai.com"}), ledger=Ledger(Budget(money=5.0)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def plan(found: Program, root: Path, *only: str, policy: Policy | None = None) -> Plan:
    return build_plan(found, root, root / ".ftdsl", policy or Policy(), only=only)


def run(found: Program, root: Path) -> None:
    result = run_plan(plan(found, root), root, root / ".ftdsl", execute=quick)
    assert result.exit_code == 0, result


def stale(found: Plan) -> dict[str, tuple[str, ...]]:
    return {planned.id: planned.reasons for planned in found.stale}


def test_every_block_has_its_step_after_those_it_needs(root: Path) -> None:
    found = plan(program(), root)
    assert tuple(planned.id for planned in found.steps) == ALL
    seen: set[str] = set()
    for planned in found.steps:
        assert seen.issuperset(planned.step.needs)
        seen.add(planned.id)
    gate = found.step("gate.release")
    assert gate is not None
    assert gate.step.needs == ("eval.golden.lora", "eval.golden.old")


def test_at_first_all_is_stale_and_after_a_run_nothing(root: Path) -> None:
    assert stale(plan(program(), root)) == dict.fromkeys(ALL, ("never ran",))
    run(program(), root)
    assert stale(plan(program(), root)) == {}


def test_a_changed_rule_runs_only_its_check(root: Path) -> None:
    run(program(words=50), root)
    assert stale(plan(program(words=40), root)) == {"check.support": ("rule short changed",)}


def test_a_changed_setting_is_named_with_both_values(root: Path) -> None:
    run(program(learning_rate=2e-4), root)
    assert stale(plan(program(learning_rate=1e-3), root)) == {
        "train.lora": ("setting learning_rate changed 2e-4 → 1e-3",),
        "eval.golden.lora": ("train.lora would run again",),
        "gate.release": ("eval.golden.lora would run again",),
    }


def test_a_changed_file_is_named_and_so_is_a_new_one(root: Path) -> None:
    run(program(), root)
    with (root / "data" / "a.jsonl").open("a") as stream:
        stream.write("{}\n")
    found = stale(plan(program(), root))
    assert found["check.support"] == ("data/a.jsonl changed",)
    assert "check.golden" not in found
    (root / "data" / "b.jsonl").write_text("{}\n")
    assert stale(plan(program(), root))["dataset.support"] == (
        "data/a.jsonl changed",
        "data/b.jsonl was added",
    )


def test_moving_a_block_makes_nothing_stale(root: Path) -> None:
    run(program(), root)
    found = program()
    moved = replace(
        found,
        checks=tuple(
            CheckDef(
                check.dataset,
                tuple(replace(r, span=Span("specs/support.ftspec", 900, 950)) for r in check.rules),
                Span("specs/support.ftspec", 800, 960),
            )
            for check in found.checks
        ),
    )
    assert stale(plan(moved, root)) == {}


def test_a_result_whose_artifact_was_cut_runs_again(root: Path) -> None:
    run(program(), root)
    [artifact] = (root / ".ftdsl/steps/check.support").glob("*/part-0.txt")
    artifact.write_text("")
    assert stale(plan(program(), root)) == {"check.support": ("its stored result is damaged",)}


def test_a_same_size_edit_within_one_tick_is_seen(root: Path) -> None:
    """An edit that keeps size, times and inode cannot hide, since the entry was never trusted."""
    file = root / "data" / "a.jsonl"
    body = file.read_bytes()
    status = file.stat()
    before = plan(program(), root).step("dataset.support")
    with file.open("r+b") as stream:
        stream.write(body.replace(b"answer 0", b"ANSWER 0"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = plan(program(), root).step("dataset.support")
    assert before is not None and after is not None
    assert before.key != after.key


def test_rows_bytes_tokens_and_money_are_told(root: Path) -> None:
    found = plan(program(), root)
    check = found.step("check.support")
    assert check is not None
    assert check.cost.rows == 20
    assert check.cost.bytes == (root / "data/a.jsonl").stat().st_size
    train = found.step("train.lora")
    assert train is not None
    assert train.cost.tokens is not None
    assert train.cost.tokens.low < train.cost.tokens.expected < train.cost.tokens.worst
    assert found.total.money is not None
    assert found.total.money.worst == 0


@pytest.mark.code("FT532")
def test_an_unknown_price_is_unknown_and_the_host_is_named(root: Path) -> None:
    hosted = ModelDef("mini", "openai", (("name", "gpt-nobody-knows"),))
    asked = replace(program(), models=(hosted,), gates=(), trains=())
    found = plan(asked, root, policy=ALLOWED)
    step = found.step("eval.golden.mini")
    assert step is not None
    assert step.cost.hosts == ("api.openai.com",)
    assert step.cost.money is None
    assert found.total.money is None
    assert [problem.code for problem in found.problems] == ["FT532"]
    prices = (("input_per_1m", 1.0), ("output_per_1m", 2.0))
    stated = replace(hosted, settings=(*hosted.settings, *prices))
    found = plan(replace(asked, models=(stated,)), root, policy=ALLOWED)
    assert found.problems == ()
    assert found.total.money is not None


@pytest.mark.code("FT533")
def test_a_listed_price_makes_an_estimate_and_needs_the_operators_money(root: Path) -> None:
    hosted = ModelDef("mini", "openai", (("name", "gpt-4.1-mini"), ("max_tokens", 100)))
    asked = replace(program(), models=(hosted,), gates=(), trains=())
    found = plan(asked, root, policy=ALLOWED)
    step = found.step("eval.golden.mini")
    assert step is not None
    money, requests = step.cost.money, step.cost.requests
    assert money is not None
    assert requests is not None
    assert 0 < money.low < money.expected < money.worst
    answers = requests * 100 * 1.60 / 1e6
    assert answers < money.worst < answers + step.cost.bytes * 0.40 / 1e6
    without = replace(ALLOWED, ledger=Ledger())
    assert [one.code for one in plan(asked, root, policy=without).problems] == ["FT533"]


@pytest.mark.code("FT210")
def test_a_host_that_is_not_allowed_is_a_problem_of_the_plan(root: Path) -> None:
    hosted = ModelDef("mini", "openai", (("name", "gpt-4.1-mini-2025-04-14"),))
    asked = replace(program(), models=(hosted,), gates=(), trains=())
    [problem] = plan(asked, root).problems
    assert problem.code == "FT210"
    assert "--allow-host api.openai.com" in problem.help
    assert plan(asked, root, policy=ALLOWED).problems == ()
    [offline] = plan(asked, root, policy=replace(ALLOWED, offline=True)).problems
    assert "offline" in offline.message


def test_a_missing_file_is_a_problem_of_the_plan_and_not_its_end(root: Path) -> None:
    (root / "golden" / "cases.jsonl").unlink()
    found = plan(program(), root)
    [problem] = found.problems
    assert problem.code == "FT300"
    assert found.step("gate.release") is not None


def _pending(found: Plan) -> dict[str, str]:
    return {p.id: p.reasons[0] for p in found.steps if p.state == "pending"}


def test_what_needs_a_pending_step_is_blocked_and_the_rest_runs(root: Path) -> None:
    found = plan(with_extern_rule(), root)
    states = {planned.id: planned.state for planned in found.steps}
    assert states["train.lora"] == "blocked"
    assert states["eval.golden.lora"] == "blocked"
    assert states["gate.release"] == "blocked"
    assert states["eval.golden.old"] == "stale"


def test_an_extern_rule_is_pending_alone(root: Path) -> None:
    changed = with_extern_rule()
    found = plan(changed, root)
    assert set(_pending(found)) == {"rule.support.mild"}
    assert "extern function" in _pending(found)["rule.support.mild"]
    states = {planned.id: planned.state for planned in found.steps}
    assert states["check.support"] == "stale"
    assert states["eval.golden.old"] == "stale"
    assert states["train.lora"] == "blocked"
    narrowed = {planned.id for planned in plan(changed, root, "check.support").steps}
    assert narrowed == {"dataset.support", "check.support", "rule.support.mild"}


def test_leakage_needs_the_rows_it_compares_with(root: Path) -> None:
    drop = DropDef("near", (row_field("prompt"),), against="golden")
    found = plan(
        replace(
            program(),
            dedups=(DedupDef("support", (drop,)),),
            coverages=(CoverageDef("support", ()),),
        ),
        root,
    )
    needs = {planned.id: planned.step.needs for planned in found.steps}
    assert needs["dedup.support"] == ("dataset.support", "dataset.golden")
    assert needs["coverage.support"] == ("dataset.support", "dedup.support")
    assert "dedup.support" in needs["train.lora"]


@pytest.mark.parametrize(
    ("only", "ids"),
    [
        ("check", {"check.support", "check.golden", "dataset.support", "dataset.golden"}),
        ("check.golden", {"check.golden", "dataset.golden"}),
        ("eval.golden.old", {"eval.golden.old", "check.golden", "dataset.golden"}),
        ("eval.golden", set(ALL) - {"gate.release"}),
        ("release", set(ALL)),
        ("support", {"dataset.support", "check.support"}),
    ],
)
def test_a_selector_brings_what_it_needs(root: Path, only: str, ids: set[str]) -> None:
    found = plan(program(), root, only)
    assert {planned.id for planned in found.steps} == ids
    assert any(planned.requested for planned in found.steps)


@pytest.mark.code("FT202")
def test_a_selector_that_names_nothing_is_refused_with_the_nearest(root: Path) -> None:
    with pytest.raises(Refused) as refused:
        plan(program(), root, "gate.relaese")
    assert refused.value.diagnostic.code == "FT202"
    assert "gate.release" in refused.value.diagnostic.help
    assert plan(program(), root, "gate.release").steps


def test_planning_reads_no_data_when_nothing_changed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in root.rglob("*.*"):
        past = time.time() - 60
        os.utime(file, (past, past))
    time.sleep(2.1)  # the change time cannot be set: let it grow old enough to be trusted
    plan(program(), root)
    opened: list[str] = []
    original = Path.open

    def watched(self: Path, *arguments: object, **options: object) -> object:
        opened.append(self.name)
        return original(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", watched)
    plan(program(), root)
    assert "a.jsonl" not in opened
    assert "cases.jsonl" not in opened


def test_a_lock_entry_stales_only_what_reads_it(root: Path) -> None:
    grown = RuleDef("grown", "dataset", expect=measure("locked.count", "<=", 100.0))
    base = program()
    reading = replace(
        base,
        checks=(CheckDef("support", (rule("short", 50), grown)),),
        gates=(
            GateDef(
                "release",
                ("lora",),
                "golden",
                (RequireDef(measure("baseline.exact.mean", "<=", 1.0)),),
            ),
        ),
    )  # fmt: skip
    run(reading, root)
    (root / "specs" / "ftspec.lock").write_text(
        'schema = "ftdsl.lock/1"\n[specs."support.ftspec".datasets.support]\n'
        'digest = "d"\nrows = 20\n'
        '[specs."support.ftspec".baselines.release]\nmodel = "lora"\neval = "golden"\n'
        '[specs."support.ftspec".baselines.release.scores.exact]\n'
        "mean = 0.5\nlow = 0.4\nhigh = 0.6\nn = 20\n"
    )
    found = stale(plan(reading, root))
    assert set(found) == {"check.support", "gate.release"}
    assert found["check.support"] == ("locked count was added",)
    check = plan(reading, root).step("check.support")
    assert check is not None
    assert getattr(check.step, "locked", None) == {"count": 20.0}


def test_a_second_eval_of_a_split_reads_the_split(root: Path) -> None:
    held = EvalDef(
        "held",
        CHAT,
        (),
        (ScoreDef("exact", "exact_match", row_field("reply.text")),),
        split=("support", "holdout"),
    )
    found = plan(replace(program(), evals=(*program().evals, held)), root)
    step = found.step("eval.held.old")
    assert step is not None
    assert step.step.needs[:2] == ("dataset.support", "check.support")


def test_replayed_outputs_are_read_from_their_file(root: Path) -> None:
    run(program(), root)
    (root / "data" / "old.txt").write_text('{"id": "0", "output": "other"}\n')
    assert set(stale(plan(program(), root))) == {"eval.golden.old", "gate.release"}
    assert isinstance(program().models[0].outputs, SourceDef)
