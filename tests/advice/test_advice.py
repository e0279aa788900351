"""The advice rules on curves of known shapes, on curves made for one rule, and from the program."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ftdsl.advice.advising import advise
from ftdsl.advice.evidence import Evidence, Gain, Half
from ftdsl.advice.reading import evidence_of
from ftdsl.advice.rules import RULES, Told
from ftdsl.cli.main import main
from ftdsl.diagnostics.codes import CODES
from ftdsl.emulator.curves import Shape, points, table
from ftdsl.language.program import EvalDef, Expr, Program, SchemaDef, ScoreDef, TrainDef, Type
from ftdsl.results.models import Case, CurvePoint, EvalOutput, TrainOutput
from ftdsl.results.run import RunResult, StepRun
from ftdsl.training.hosted.metrics import read_metrics, unbiased
from tests.training.hosted_project import host, project_at


def evidence(
    curve: list[CurvePoint] | tuple[CurvePoint, ...],
    *,
    epochs: float = 2,
    rows: int = 800,
    validation_rows: int = 60,
    tokens: int = 10_000,
    gain: Gain | None = None,
    half: Half | None = None,
    **settings: Any,
) -> Evidence:
    whole = {"learning_rate": 2e-4, "n_epochs": int(epochs), "batch_size": 8} | settings
    train = TrainDef("t", ("d", "a"), ("d", "b"), "m", "trl", tuple(sorted(whole.items())))
    output = TrainOutput(
        name="t", target="trl", base="m", rows=rows, validation_rows=validation_rows,
        steps=max((point.step for point in curve), default=0), epochs=epochs, tokens=tokens,
        trained_parameters=1, total_parameters=2, seconds=1.0, curve=tuple(curve), adapter="a",
        model_card="README.md",
    )  # fmt: skip
    return Evidence(train, output, gain, half)


def shaped(shape: Shape, seed: int = 0, epochs: int = 4, tokens: float = 40.0) -> Evidence:
    drawn = points(shape, 200, epochs, seed=seed, validated=True, tokens=tokens)
    curve = unbiased(read_metrics(table(list(drawn)).encode()), tokens)
    return evidence(curve, epochs=epochs, rows=450)


def fired(seen: Evidence) -> list[str]:
    return [one.rule.name for one in advise(seen) if one.told.state == "fired"]


@pytest.mark.code("FT641", "FT643", "FT644", "FT647")
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("shape", "first"),
    [
        ("overfit", "overfit"),
        ("underfit", "not-converging"),
        ("diverge", "diverged"),
        ("noisy", "noisy"),
    ],
)
def test_each_shape_is_known_by_its_cause(shape: Shape, first: str, seed: int) -> None:
    assert fired(shaped(shape, seed))[:1] == [first]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", ["healthy", "short-answers"])
def test_a_healthy_curve_is_left_alone(shape: Shape, seed: int) -> None:
    tokens = 1.0 if shape == "short-answers" else 40.0
    seen = shaped(shape, seed, epochs=3, tokens=tokens)
    assert set(fired(seen)) <= {"underfit"}


def told(name: str, seen: Evidence) -> Told:
    return next(rule for rule in RULES if rule.name == name).ask(seen)


def falling(count: int = 60, **last: Any) -> list[CurvePoint]:
    return [CurvePoint(step=at, loss=2.0 - at * 0.02, **last) for at in range(1, count + 1)]


def with_evals(values: list[float], count: int = 60) -> list[CurvePoint]:
    """A falling training loss, validated at equal distances."""
    curve = falling(count)
    gap = count // len(values)
    for number, value in enumerate(values, start=1):
        at = number * gap - 1
        curve[at] = curve[at].model_copy(update={"eval_loss": value})
    return curve


@pytest.mark.code("FT640")
@pytest.mark.parametrize(
    ("curve", "tokens"),
    [
        ([CurvePoint(step=at, loss=0.0) for at in range(1, 30)], 10),
        (falling(grad_norm=float("nan")), 10),
        (falling(), 0),
    ],
)
def test_a_mask_bug_silences_every_other_rule(curve: list[CurvePoint], tokens: int) -> None:
    found = advise(evidence(curve, tokens=tokens))
    assert [one.rule.name for one in found] == ["mask-bug"]
    assert found[0].told.change is None


@pytest.mark.code("FT642")
def test_a_spike() -> None:
    curve = falling()
    curve[40] = curve[40].model_copy(update={"loss": 9.0})
    assert "step 41" in told("spike", evidence(curve)).evidence
    assert told("spike", evidence(falling(grad_norm=150.0))).state == "fired"
    assert told("spike", evidence(falling())).state == "holds"
    assert told("spike", evidence(falling(5))).state == "unknown"


def test_a_loss_that_is_no_number() -> None:
    curve = falling()
    curve[30] = curve[30].model_copy(update={"loss": float("nan")})
    found = told("diverged", evidence(curve))
    assert (found.state, found.change and found.change.value) == ("fired", "0.0001")


def test_overfitting_that_pays_is_not_called_so() -> None:
    curve = with_evals([1.5, 1.0, 1.1, 1.3])
    found = told("overfit", evidence(curve, epochs=4))
    assert (found.state, found.change and found.change.value) == ("fired", "2")
    gained = Gain("exact", 0.1, 0.04, 0.16)
    assert told("overfit", evidence(curve, epochs=4, gain=gained)).state == "holds"
    vague = Gain("exact", 0.1, -0.01, 0.2)
    assert told("overfit", evidence(curve, epochs=4, gain=vague)).state == "fired"
    assert told("overfit", evidence(with_evals([1.5, 1.0]), epochs=2)).state == "unknown"


@pytest.mark.code("FT645", "FT649")
def test_the_gap_says_nothing_of_tiny_losses() -> None:
    wide = [CurvePoint(step=1, loss=1.0, eval_loss=2.0)]
    assert told("gap", evidence(wide)).state == "fired"
    tiny = [CurvePoint(step=1, loss=0.01, eval_loss=0.5)]
    assert told("gap", evidence(tiny)).state == "unknown"
    assert told("memorised", evidence(tiny)).state == "fired"
    assert told("memorised", evidence(wide)).state == "holds"


@pytest.mark.code("FT646")
def test_more_passes_while_it_still_falls() -> None:
    found = told("underfit", evidence(with_evals([1.6, 1.4, 1.2])))
    assert (found.state, found.change and found.change.value) == ("fired", "3")
    known = [p.model_copy(update={"token_accuracy": 0.99}) for p in with_evals([1.6, 1.4, 1.2])]
    assert told("underfit", evidence(known)).state == "holds"
    assert told("underfit", evidence(with_evals([1.4, 1.4, 1.4]))).state == "holds"


@pytest.mark.code("FT648", "FT650", "FT651", "FT652", "FT653")
def test_the_lesser_rules() -> None:
    flat = with_evals([1.2, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert told("plateau", evidence(flat, epochs=3)).change is not None
    assert told("plateau", evidence(with_evals([1.2, 1.0]), epochs=2)).state == "unknown"
    few = told("few-steps", evidence(falling(12)))
    assert (few.state, few.change and few.change.value) == ("fired", "4")
    assert told("few-steps", evidence(falling(40))).state == "holds"
    assert told("epochs-for-rows", evidence(falling(), epochs=9, rows=5000)).state == "fired"
    assert told("epochs-for-rows", evidence(falling(), epochs=2, rows=800)).state == "holds"
    assert told("thin-validation", evidence(falling())).state == "fired"
    assert told("thin-validation", evidence(with_evals([1.3, 1.2, 1.1]))).state == "holds"
    assert told("no-gain", evidence(falling())).state == "unknown"
    assert told("no-gain", evidence(falling(), gain=Gain("s", 0.0, -0.1, 0.1))).state == "fired"
    assert told("no-gain", evidence(falling(), gain=Gain("s", 0.3, 0.1, 0.4))).state == "holds"


@pytest.mark.code("FT659")
def test_half_of_the_rows_tells_whether_more_would_help() -> None:
    curve = with_evals([1.5, 1.0])
    assert told("more-data", evidence(curve)).state == "unknown"
    gained = Half("small", 120, Gain("exact", 0.1, 0.04, 0.16))
    found = told("more-data", evidence(curve, half=gained))
    assert found.state == "fired"
    assert "120 rows" in found.evidence
    assert "twice as many" in found.advice
    vague = Half("small", 120, Gain("exact", 0.1, -0.01, 0.2))
    assert told("more-data", evidence(curve, half=vague)).state == "holds"


def test_the_half_is_the_training_that_differs_in_its_rows_alone(tmp_path: Path) -> None:
    schema = SchemaDef("chat", "chat")
    score = ScoreDef("exact", "", Expr("literal", Type("bool"), (), True))
    eval_ = EvalDef("golden", schema, (), (score,))
    settings = (("learning_rate", 1e-4),)
    names = {"whole": ("all", settings), "small": ("half", settings), "other": ("half", ())}
    trains = {
        name: TrainDef(name, (data, None), None, "base", "trl", chosen)
        for name, (data, chosen) in names.items()
    }
    rows = {"whole": 200, "small": 100, "other": 100}
    right = {"whole": 38, "small": 20, "other": 1}

    def output(name: str) -> list[StepRun]:
        made = TrainOutput(
            name=name, target="trl", base="base", rows=rows[name], validation_rows=1, steps=1,
            epochs=1, tokens=1, trained_parameters=1, total_parameters=1, seconds=1, curve=(),
            adapter="", model_card="",
        )  # fmt: skip
        cases = tuple(
            Case(case_id=str(i), line=i, prompt="", expected="", output="",
                 scores={"exact": float(i < right[name])})
            for i in range(40)
        )  # fmt: skip
        asked = EvalOutput(name="golden", model=name, scores={}, cases=cases)
        return [
            StepRun(id=f"{one.kind}.{name}", kind=one.kind, name=one.name, key="0" * 32,
                    status="done", requested=True, output=one)
            for one in (made, asked)
        ]  # fmt: skip

    steps = tuple(step for name in names for step in output(name))
    run = RunResult(
        version="0", run_id="r", spec="s.ftspec", steps=steps, verdict="pass", exit_code=0,
        seconds=0,
    )  # fmt: skip
    program = Program("s.ftspec", 1, (), evals=(eval_,), trains=tuple(trains.values()))
    seen = evidence_of(trains["whole"], program, [run], tmp_path)
    assert seen is not None
    assert seen.half is not None
    assert (seen.half.name, seen.half.rows) == ("small", 100)
    assert seen.half.gain.mean == pytest.approx(18 / 40)
    assert seen.half.gain.low > 0
    alone = evidence_of(trains["small"], program, [run], tmp_path)
    assert alone is not None
    assert alone.half is None


def test_every_rule_has_a_code_of_its_name_and_a_source() -> None:
    assert all(CODES[rule.code].name == rule.name and rule.source for rule in RULES)
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_no_curve_is_too_odd() -> None:
    for curve in ([], falling(1), [CurvePoint(step=1)], with_evals([float("nan")] * 3)):
        assert advise(evidence(curve, epochs=1))


def test_from_a_run_to_a_patch_that_applies(tmp_path: Path) -> None:
    def said(*words: str) -> tuple[int, str]:
        out = io.StringIO()
        with (
            contextlib.chdir(project.root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            return main([*words]), out.getvalue()

    with host(shape="overfit") as emulator:
        project = project_at(tmp_path / "project", emulator.url, settings="n_epochs = 5")
        code, printed = said("advise", "support.ftspec")
        assert (code, "no run has finished" in printed) == (2, True), printed
        assert said("train", "support.ftspec", "support_api")[0] == 0
    code, printed = said("advise", "support.ftspec", "--patch", "next.diff")
    assert code == 0, printed
    assert "warning[FT644]" in printed
    found = json.loads(said("advise", "support.ftspec", "--output", "json")[1])
    assert found["findings"][0]["code"] == "FT644"
    subprocess.run(
        ["git", "apply", "--unsafe-paths", "next.diff"], cwd=project.root, check=True, timeout=60
    )
    patched = (project.root / "support.ftspec").read_text()
    assert "n_epochs = 5" not in patched
    assert said("check", "support.ftspec")[0] == 0
    assert "mask-bug" in said("advise", "support.ftspec", "-v")[1]
