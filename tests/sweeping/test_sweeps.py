"""Sweeps: what is proposed, what is ended on the way, who leads, and whole sweeps."""

from __future__ import annotations

import contextlib
import io
import json
import math
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ftdsl.cli.main import main
from ftdsl.evaluation.objective import Objective
from ftdsl.evaluation.requirements import Model
from ftdsl.language.program import Expr, Type
from ftdsl.language.swept import RangeDef, SweepDef
from ftdsl.results.models import CurvePoint, Estimate, EvalOutput
from ftdsl.results.scored import ScoredCase
from ftdsl.results.selection import Behind
from ftdsl.results.sweep import Trial
from ftdsl.sweeping.proposing import Choice, proposals
from ftdsl.sweeping.pruning import Pruner, validation_points
from ftdsl.sweeping.ranking import Candidate, ranked, widened
from tests.training import tiny

GRID = SweepDef("t", (("learning_rate", (1e-4, 2e-4)), ("n_epochs", (1.0, 2.0))))
DRAWN = SweepDef(
    "t",
    (("scheduler", ("linear", "cosine")),),
    sampler="tpe",
    seed=3,
    trials=20,
    ranges=(
        RangeDef("learning_rate", 1e-5, 1e-2, log=True),
        RangeDef("batch_size", 2, 8, whole=True),
    ),
)


def tried(sweep: SweepDef, value: Any = lambda _: 0.0, most: int = 1000) -> list[Choice]:
    asked, found = proposals(sweep), []
    while len(found) < most and (choice := asked.ask()) is not None:
        found.append(choice)
        asked.tell(value(choice))
    return found


def peak(choice: Choice) -> float:
    """Best at a learning rate of 3e-4."""
    return -abs(math.log10(float(str(choice["learning_rate"])) / 3e-4))


def test_a_grid_is_every_combination_in_order() -> None:
    found = tried(GRID)
    assert [tuple(one.values()) for one in found] == [
        (1e-4, 1.0), (1e-4, 2.0), (2e-4, 1.0), (2e-4, 2.0),
    ]  # fmt: skip
    from dataclasses import replace

    assert tried(replace(GRID, trials=3)) == found[:3]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_drawn_settings_lie_in_their_ranges_and_come_again(sampler: str) -> None:
    from dataclasses import replace

    sweep = replace(DRAWN, sampler=sampler)
    found = tried(sweep, peak)
    assert len(found) == 20
    assert all(1e-5 <= float(str(one["learning_rate"])) <= 1e-2 for one in found)
    assert {type(one["batch_size"]) for one in found} == {int}
    assert {one["scheduler"] for one in found} == {"linear", "cosine"}
    assert tried(sweep, peak) == found
    assert tried(replace(sweep, seed=4), peak) != found


def test_the_estimator_learns_from_what_it_is_told() -> None:
    from dataclasses import replace

    sweep = replace(DRAWN, trials=40)
    blind = replace(sweep, sampler="random")
    late = [sum(map(peak, tried(one, peak)[20:])) / 20 for one in (sweep, blind)]
    assert late[0] > late[1] + 0.2


def test_settings_are_tried_once_and_a_small_space_ends() -> None:
    sweep = SweepDef("t", (("n_epochs", (1.0, 2.0, 3.0)),), sampler="random", trials=10)
    found = tried(sweep)
    assert sorted(float(str(one["n_epochs"])) for one in found) == [1.0, 2.0, 3.0]


def test_a_failed_trial_is_told_and_the_search_goes_on() -> None:
    found = tried(DRAWN, lambda choice: None if choice["scheduler"] == "cosine" else peak(choice))
    assert len(found) == 20


def test_a_trial_above_the_median_is_ended() -> None:
    others = [[(0.5, loss), (1.0, loss - 0.5)] for loss in (2.0, 2.2, 2.4, 2.6)]
    worse = Pruner(others, epochs=2)
    assert not worse.hopeless(0.3, 9.0)  # too early
    assert worse.hopeless(0.5, 2.5)
    assert "median of 4 trials was 2.300" in worse.why
    better = Pruner(others, epochs=2)
    assert not better.hopeless(0.5, 2.2)
    assert not better.hopeless(0.5, 9.0)  # the best so far counts
    assert not Pruner(others[:3], epochs=2).hopeless(0.5, 9.0)  # too few to compare with
    curve = (CurvePoint(step=1, loss=1.0), CurvePoint(step=2, epoch=0.5, eval_loss=2.0))
    assert validation_points(curve) == [(0.5, 2.0)]


def behind(difference: float = 0.1, half: float = 0.05) -> Behind:
    return Behind(
        leader="0", difference=difference, low=difference - half, high=difference + half,
        tied=False, n=100, method="paired t", confidence=0.95,
    )  # fmt: skip


def test_seeds_widen_the_interval() -> None:
    steady = widened(behind(), [0.80, 0.80, 0.80], [0.70, 0.70, 0.70])
    assert (steady.low, steady.high) == pytest.approx((0.05, 0.15))
    assert not steady.tied
    shaky = widened(behind(), [0.60, 0.80, 1.00], [0.50, 0.70, 0.90])
    assert shaky.tied
    # Welch by hand: both variances 0.04/3, 4 degrees of freedom, t = 2.776.
    reach = 2.776445 * math.sqrt(2 * 0.04 / 3)
    assert shaky.low == pytest.approx(0.1 - math.hypot(0.05, reach), abs=1e-6)
    alone = widened(behind(), [0.8], [0.7])
    assert (alone.low, alone.tied) == (behind().low, False)
    assert "lucky seed" in alone.note


def candidate(number: int, seeds: Sequence[Sequence[float]]) -> Candidate:
    """A configuration whose seeds scored the cases as listed."""
    models, trials = [], []
    for seed, scores in enumerate(seeds):
        cases = [
            ScoredCase(str(i), str(i), {"exact": value}, {}, None, {})
            for i, value in enumerate(scores)
        ]
        mean = sum(scores) / len(scores)
        estimate = Estimate(mean=mean, low=mean, high=mean, n=len(scores), unscored=0, method="t")
        output = EvalOutput(name="golden", model="t", scores={"exact": estimate})
        models.append(Model(str(number), cases, output))
        trials.append(
            Trial(configuration=number, settings={}, seed=seed, state="complete", folder="f")
        )
    return Candidate(number, {}, tuple(trials), tuple(models))


OBJECTIVE = Objective(largest=True, means={"exact.mean": 1.0}, rest={}, constant=0.0)


def test_a_lucky_seed_does_not_lead() -> None:
    """The configuration with the best single seed is behind in the mean over its seeds."""
    lucky = candidate(0, [[1.0] * 40, [0.0] * 40, [0.0] * 40])
    steady = candidate(1, [[1.0] * 30 + [0.0] * 10] * 3)
    first, second = ranked([lucky, steady], OBJECTIVE)
    assert (first.configuration, second.configuration) == (1, 0)
    assert first.value == pytest.approx(0.75)
    assert first.spread == 0
    assert second.behind is not None
    assert second.behind.tied  # seeds that differ so much show nothing
    weak = candidate(2, [[0.0] * 40] * 3)
    assert [one.behind.tied for one in ranked([steady, weak], OBJECTIVE) if one.behind] == [False]


SPEC = """ftspec 1

schema colour extends chat {{ row_id: text }}

dataset rows {{ schema = colour  source = jsonl("rows.jsonl")  id = row_id }}
dataset held {{ schema = colour  source = jsonl("held.jsonl")  id = row_id }}
model base {{ provider = transformers  path = "base" }}

train tuned {{
  base = base
  data = rows
  validate = held
  target trl {{
    method = sft  adapter = none  learning_rate = 1e-3  max_steps = {steps}  batch_size = 8
    max_length = 64  eval_every = {every}
  }}
}}

eval golden {{
  schema = colour
  source = jsonl("golden.jsonl")
  id = row_id
  max_tokens = 10
  score exact = exact_match(output, reply.text)
}}

sweep tuned {{
  over = {over}
  best = max(golden.exact.mean)
{settings}
}}

gate release {{ from = tuned  eval = golden  require exact.unscored <= 50% }}
"""


@cache
def _base() -> Path:
    return tiny.write_folder(Path(tempfile.mkdtemp()) / "base")


def project(root: Path, over: str, settings: str = "", steps: int = 2, every: int = 1) -> Path:
    root.mkdir(exist_ok=True)
    (root / ".ftdsl-root").touch()
    shutil.copytree(_base(), root / "base")
    for name, rows in (("rows", 64), ("held", 16), ("golden", 8)):
        with (root / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(rows):
                turns = [
                    {"role": "user", "content": f"{name} {number}: colour {number % 4}?"},
                    {"role": "assistant", "content": tiny.COLOURS[number % 4]},
                ]
                row = {"row_id": f"{name}-{number}", "messages": turns}
                file.write(json.dumps(row) + "\n")
    text = SPEC.format(over=over, settings=settings, steps=steps, every=every)
    (root / "spec.ftspec").write_text(text, encoding="utf-8")
    return root


def run(root: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON report, and all that was printed."""
    told, problems = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(root),
        contextlib.redirect_stdout(told),
        contextlib.redirect_stderr(problems),
    ):
        code = main([*(words or ("run", "spec.ftspec")), "--output", "json"])
    found = json.loads(told.getvalue()) if told.getvalue().startswith("{") else {}
    return code, found, told.getvalue() + problems.getvalue()


def output_of(root: Path) -> dict[str, Any]:
    (result,) = (root / ".ftdsl/steps/sweep.tuned").glob("*/result.json")
    found: dict[str, Any] = json.loads(result.read_text())["output"]
    return found


def terminal(root: Path, *words: str) -> str:
    told = io.StringIO()
    with contextlib.chdir(root), contextlib.redirect_stdout(told):
        main([*words, "--color", "never"])
    return told.getvalue()


def test_a_plan_says_what_a_sweep_takes(tmp_path: Path) -> None:
    root = project(tmp_path, "grid(learning_rate: [1e-5, 1e-3], seed: [1, 2])", "  seeds = 1")
    code, found, printed = run(root, "plan", "spec.ftspec")
    assert code == 0, printed
    order = [one["id"] for one in found["steps"]]
    assert order.index("sweep.tuned") < order.index("train.tuned") < order.index("gate.release")
    assert next(one for one in found["steps"] if one["id"] == "sweep.tuned")["status"] == "stale"
    # Four trainings, and the cases of the eval four times.
    assert found["cost"]["requests"] >= 4 * 8


def test_a_sweep_of_one_is_adopted_and_kept(tmp_path: Path) -> None:
    root = project(tmp_path, "grid(learning_rate: [2e-3])", "  seeds = 1")
    code, found, printed = run(root)
    assert code == 0, printed
    output = output_of(root)
    assert [one["state"] for one in output["trials"]] == ["complete"]
    assert output["winner"] == {"learning_rate": "0.002"}
    assert any("gate `release` decides on the same cases" in one for one in output["notes"])
    assert any("lucky seed" in one for one in output["notes"])
    assert found["trainings"]["tuned"]["steps"] == 2
    folder = next((root / ".ftdsl/steps/train.tuned").glob("*/model"))
    trial = next((root / ".ftdsl/steps/sweep.tuned").glob("*/trials/000-seed0/train/model"))
    name = "model.safetensors"
    assert (folder / name).read_bytes() == (trial / name).read_bytes()
    shown = terminal(root, "run", "spec.ftspec", "--output", "full")
    assert "best = max(golden.exact.mean)" in shown
    assert "learning_rate = 0.002" in shown
    with contextlib.chdir(root):
        assert main(["card", "spec.ftspec", "tuned", "-o", "CARD.md"]) == 0
    card = (root / "CARD.md").read_text(encoding="utf-8")
    assert "| golden | exact |" in card
    assert "### Gate release" in card
    assert output["trials"][0]["settings"]["learning_rate"] in card


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_whole_sweep_finds_the_better_rate_and_is_resumed(tmp_path: Path) -> None:
    """Four rates, of which two teach something; the two best with another seed; then the same
    sweep, interrupted after its first trials, comes to the same."""
    over = "grid(learning_rate: [1e-7, 1e-6, 1e-2, 2e-2])"
    root = project(tmp_path / "a", over, "  seeds = 2\n  finalists = 2", steps=40, every=10)
    code, _, printed = run(root)
    assert code == 0, printed
    output = output_of(root)
    assert len(output["trials"]) == 6
    assert {one["settings"]["learning_rate"] for one in output["finalists"]} == {"0.01", "0.02"}
    losses = {one["settings"]["learning_rate"]: one["eval_loss"] for one in output["trials"]}
    assert losses["0.01"] < losses["1e-07"] - 1
    other = project(tmp_path / "b", over, "  seeds = 2\n  finalists = 2", steps=40, every=10)
    run(other, "run", "spec.ftspec", "--only", "check")
    work = next((root / ".ftdsl/steps/sweep.tuned").glob("*"))
    half = other / ".ftdsl/work" / f"sweep.tuned-{work.name}" / "trials"
    for name in ("000-seed0", "001-seed0"):
        shutil.copytree(work / "trials" / name, half / name)
    code, _, printed = run(other)
    assert code == 0, printed
    again = output_of(other)
    for one, same in zip(output["trials"], again["trials"], strict=True):
        assert one["scores"] == same["scores"]
        assert one["eval_loss"] == pytest.approx(same["eval_loss"], rel=1e-3)
    kept = [one["seconds"] for one in again["trials"]][:2]
    assert kept == [one["seconds"] for one in output["trials"]][:2]  # they were not trained again


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_time_ends_a_sweep_and_a_hopeless_trial_is_ended(tmp_path: Path) -> None:
    over = "grid(learning_rate: [1e-2, 9e-3, 8e-3, 7e-3, 1e-7])"
    root = project(tmp_path, over, "  seeds = 3\n  time = 1h", steps=12, every=3)
    spec = (root / "spec.ftspec").read_text().replace("time = 1h", "time = 1s")
    code, _, printed = run(root, "run", "spec.ftspec", "--only", "sweep.tuned")
    assert code == 0, printed
    states = [one["state"] for one in output_of(root)["trials"]][:5]
    assert states == ["complete"] * 4 + ["pruned"]
    assert "median of 4 trials" in output_of(root)["trials"][4]["why"]
    (root / "spec.ftspec").write_text(spec)
    shutil.rmtree(root / ".ftdsl")
    code, _, printed = run(root, "run", "spec.ftspec", "--only", "sweep.tuned")
    assert code == 0, printed
    found = output_of(root)
    assert len(found["trials"]) == 1
    assert found["left_out"] == "the time is used up: 1 combinations were tried"


@pytest.mark.code("FT658")
def test_a_sweep_whose_trials_all_fail_says_why(tmp_path: Path) -> None:
    root = project(tmp_path, "grid(max_length: [8])", "  seeds = 1")
    code, found, printed = run(root, "run", "spec.ftspec", "--only", "sweep.tuned")
    assert code == 2
    assert "FT658" in printed
    assert "FT609" in printed
    assert found["verdict"] in ("error", "refused")


def test_prefixes_of_the_eval_are_read_off() -> None:
    number = Type("float")
    best = Expr("best", number, (Expr("measure", number, (), "exact.mean"),), "max")
    assert Objective.of(best).means == {"exact.mean": 1.0}
