"""What a plan says that a training takes, before and after its preflight."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ftdsl.engine.context import Policy
from ftdsl.engine.store import Store
from ftdsl.language.program import Program, TrainDef, Value
from ftdsl.plan.model import Plan, TrainingFigures
from ftdsl.plan.planner import build_plan
from ftdsl.reports.terminal_plan import figures_lines
from ftdsl.results.models import TrainOutput
from ftdsl.results.preflight import PreflightOutput, SplitTokens
from tests.plan.programs import program, write_project

SPLIT = SplitTokens(
    split="data", rows=1000, left_out=3, tokens=200_000, learned=50_000, over=7, cut_tokens=90
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def asked(**settings: Value) -> Program:
    """A training with some settings of its target changed."""
    found = program(target="openai" if "price_per_1m" in settings else "trl")
    (train,) = found.trains
    values = {**dict(train.settings), **settings}
    kept = tuple(sorted((key, value) for key, value in values.items() if value is not None))
    return replace(found, trains=(_with(train, kept),))


def _with(train: TrainDef, settings: tuple[tuple[str, Value], ...]) -> TrainDef:
    return replace(train, settings=settings)


def plan(found: Program, root: Path) -> Plan:
    return build_plan(found, root, root / ".ftdsl", Policy())


def keep(root: Path, made: Plan, output: PreflightOutput | TrainOutput) -> None:
    """Publish a step's result as a run does."""
    id_ = f"{output.kind}.lora"
    planned = made.step(id_)
    assert planned is not None
    store = Store(root / ".ftdsl")
    store.prepare(id_, planned.key)
    store.publish(id_, planned.key, dict(planned.inputs), output)


def figures(made: Plan) -> TrainingFigures:
    planned = made.step("train.lora")
    assert planned is not None
    assert planned.training is not None
    return planned.training


def counted(root: Path, found: Program, **changed: object) -> Plan:
    """The plan once the preflight ran."""
    values = {"name": "lora", "target": "trl", "base": "b", "splits": (SPLIT,), "verdict": "pass"}
    keep(root, plan(found, root), PreflightOutput.model_validate({**values, **changed}))
    return plan(found, root)


def test_until_the_preflight_ran_only_tokens_are_estimated(root: Path) -> None:
    found = figures(plan(asked(n_epochs=2), root))
    assert not found.exact
    assert found.rows is None
    assert found.steps is None
    assert found.tokens is not None
    assert found.tokens.low < found.tokens.worst


@pytest.mark.parametrize(
    ("settings", "steps", "epochs", "tokens"),
    [
        ({"n_epochs": 2, "batch_size": 8, "accumulation": 1}, 250, 2.0, 400_000),
        ({"n_epochs": 3, "batch_size": 16, "accumulation": 4}, 48, 3.0, 600_000),
        ({"n_epochs": 0.5, "batch_size": 8, "accumulation": 1}, 63, 0.5, 100_000),
        ({"n_epochs": 3, "batch_size": 8, "max_steps": 25}, 25, 0.2, 40_000),
        ({"n_epochs": 1, "batch_size": 4, "packing": True, "max_length": 1000}, 50, 1.0, 200_000),
    ],
)
def test_steps_and_tokens_are_the_trainers(
    root: Path, settings: dict[str, Value], steps: int, epochs: float, tokens: int
) -> None:
    found = figures(counted(root, asked(**settings)))
    assert found.exact
    assert (found.rows, found.left_out, found.over, found.cut_tokens) == (1000, 3, 7, 90)
    assert (found.learned, found.masked) == (50_000, 150_000)
    assert (found.steps, found.epochs) == (steps, epochs)
    assert found.tokens is not None
    assert (found.tokens.low, found.tokens.worst) == (tokens, tokens)


def test_time_is_of_the_declared_rate_or_of_the_last_run(root: Path) -> None:
    unknown = figures(counted(root, asked(n_epochs=1, batch_size=8)))
    assert (unknown.rate, unknown.seconds) == (None, None)
    stated = figures(plan(asked(n_epochs=1, batch_size=8, tokens_per_second=500.0), root))
    assert (stated.seconds, stated.rate_source) == (400.0, "stated in the spec")
    last = TrainOutput.model_validate(
        {
            "name": "lora",
            "target": "trl",
            "base": "b",
            "rows": 9,
            "validation_rows": 0,
            "steps": 1,
            "epochs": 1.0,
            "tokens": 1000,
            "trained_parameters": 1,
            "total_parameters": 2,
            "seconds": 10.0,
            "curve": (),
            "adapter": "a",
            "model_card": "m",
        }
    )
    keep(root, plan(asked(n_epochs=1, batch_size=8), root), last)
    measured = figures(plan(asked(n_epochs=2, batch_size=8), root))
    assert measured.rate == 100.0
    assert measured.seconds == 4000.0
    assert "last run" in measured.rate_source


def test_a_rate_makes_nothing_stale(root: Path) -> None:
    found = asked(n_epochs=1)
    before = {one.id: one.key for one in plan(found, root).steps}
    after = {one.id: one.key for one in plan(asked(n_epochs=1, tokens_per_second=9.0), root).steps}
    assert before == after


def test_a_hosted_training_is_priced_by_its_tokens(root: Path) -> None:
    hosted = asked(price_per_1m=5.0, budget=40.0, n_epochs="auto", model="m", method="sft")
    made = counted(root, hosted, target="openai")
    planned = made.step("train.lora")
    assert planned is not None
    found = figures(made)
    assert found.epochs == 3.0
    assert found.steps is None
    assert planned.cost.money is not None
    assert planned.cost.money.expected == pytest.approx(3 * 200_000 * 5 / 1e6)


def test_the_terminal_shows_it(root: Path) -> None:
    settings: dict[str, Value] = {"n_epochs": 2, "batch_size": 8, "tokens_per_second": 100.0}
    made = counted(root, asked(**settings), limit=512, licence="apache-2.0")
    text = "\n".join(figures_lines(figures(made)))
    assert "1,000 rows, 200,000 tokens a pass: 50,000 learned, 150,000 masked" in text
    assert "7 rows over 512 tokens, cut by 90 tokens, 3 left out" in text
    assert "2 epochs, 250 steps of 8 × 1 rows, 400k tokens in all" in text
    assert "100 tokens a second (stated in the spec)" in text
    assert "licence apache-2.0" in text
