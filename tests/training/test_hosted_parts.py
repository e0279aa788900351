"""The parts of a hosted training: curves and their bias, requests, bills, graders."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.emulator.curves import SHAPES, points, table
from ftdsl.emulator.errors import Refusal
from ftdsl.emulator.faults import fault_of
from ftdsl.emulator.requests import method_of
from ftdsl.plan.cost import auto_epochs
from ftdsl.results.models import CurvePoint
from ftdsl.training.hosted.budget import bill_of
from ftdsl.training.hosted.metrics import read_metrics, unbiased
from ftdsl.training.hosted.request import job_request, read_grader


def test_a_results_file_in_either_spelling() -> None:
    text = (
        "step,train_loss,train_accuracy,valid_loss,full_valid_loss\n1,2.5,0.3,,\n2,1.5,0.6,9,1.7\n"
    )
    curve = read_metrics(text.encode())
    assert curve == read_metrics(base64.b64encode(text.encode()))
    assert [point.loss for point in curve] == [2.5, 1.5]
    # `valid_loss` is of one batch and never taken for the loss on all validation rows.
    assert [point.eval_loss for point in curve] == [None, 1.7]
    azure = b"step,train_loss,train_mean_token_accuracy,full_valid_loss\n1,nan,0.5,0.4\n"
    (point,) = read_metrics(azure)
    assert (point.loss, point.token_accuracy, point.eval_loss) == (None, 0.5, 0.4)


@pytest.mark.parametrize("content", [b"", b"<html>no</html>", b"a,b\n1,2\n", b"\xff\xfe,\n"])
def test_what_is_no_results_file(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_metrics(content)


@given(st.floats(0.01, 20), st.floats(0, 1), st.floats(1, 500))
def test_the_hidden_tokens_are_taken_out(loss: float, right: float, tokens: float) -> None:
    """What a mean over the visible tokens and two perfect ones hides comes back."""
    told = CurvePoint(
        step=1,
        loss=loss * tokens / (tokens + 2),
        token_accuracy=(right * tokens + 2) / (tokens + 2),
    )
    (found,) = unbiased([told], tokens)
    assert found.loss == pytest.approx(loss)
    assert found.token_accuracy == pytest.approx(right, abs=1e-9)


def test_short_answers_look_better_than_they_are() -> None:
    shown = read_metrics(
        table(list(points("short-answers", 50, 2, seed=1, validated=True, tokens=1.0))).encode()
    )
    assert min(point.token_accuracy or 0 for point in shown) > 0.66
    assert min(point.token_accuracy or 0 for point in unbiased(shown, 1.0)) < 0.2


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_the_same_from_its_seed(shape: str) -> None:
    def drawn(seed: int) -> str:
        return table(list(points(shape, 40, 4, seed=seed, validated=True, tokens=9.0)))  # type: ignore[arg-type]

    assert drawn(1) == drawn(1) != drawn(2)


# The figures of OpenAI's cookbook, Chat_finetuning_data_prep.
@pytest.mark.parametrize(
    ("rows", "epochs"), [(10, 10), (20, 5), (50, 3), (10_000, 2), (50_000, 1), (0, 3)]
)
def test_auto_epochs(rows: int, epochs: int) -> None:
    assert auto_epochs(rows) == epochs


def test_a_request_says_what_the_spec_says() -> None:
    settings = {
        "model": "m", "method": "dpo", "n_epochs": "auto", "batch_size": "auto",
        "learning_rate_multiplier": 0.5, "beta": 0.1, "suffix": "desk", "seed": 3,
    }  # fmt: skip
    body = job_request("t", settings, 4, {"training_file": "f"}, None)
    assert body["method"] == {
        "type": "dpo",
        "dpo": {
            "hyperparameters": {
                "n_epochs": 4, "batch_size": "auto", "learning_rate_multiplier": 0.5, "beta": 0.1,
            }
        },
    }  # fmt: skip
    assert (body["suffix"], body["seed"]) == ("desk", 3)
    assert method_of(body)[0] == "dpo"


@pytest.mark.parametrize(
    "change",
    [
        {"suffix": ""},
        {"suffix": "x" * 65},
        {"seed": -1},
        {"metadata": {str(i): "v" for i in range(17)}},
        {"metadata": {"k": "v" * 513}},
        {"surprise": 1},
        {"method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 51}}}},
        {"method": {"type": "supervised", "supervised": {"hyperparameters": {"beta": 0.1}}}},
        {"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 2.1}}}},
        {"method": {"type": "reinforcement", "reinforcement": {}}},
        {"method": {"type": "prayer"}},
    ],
)
def test_the_emulator_refuses_what_the_api_refuses(change: dict[str, object]) -> None:
    body = {"model": "m", "training_file": "f", **change}
    with pytest.raises(Refusal) as caught:
        method_of(body)
    assert caught.value.status == 400


def test_a_bill() -> None:
    settings = {"price_per_1m": 25.0, "budget": 40.0}
    bill = bill_of(settings, 400_000, 3, free=False)
    assert (bill.money, bill.allowed) == (30.0, True)
    assert not bill_of(settings, 600_000, 3, free=False).allowed
    assert not bill_of({"budget": 40.0}, 1, 1, free=False).allowed
    assert bill_of({"budget": 40.0}, 1, 1, free=True).money == 0


@pytest.mark.parametrize(
    ("grader", "says"),
    [
        ("[]", "not an object"),
        ('{"type": "vibes"}', "none of"),
        ('{"type": "python", "name": "p"}', "lacks `source`"),
        ('{"type": "multi", "name": "m", "graders": {"a": {}}, "calculate_output": "a"}', "part"),
        ("{", "Expecting"),
        (b"\xff", "UTF-8"),
    ],
)
def test_a_grader_that_cannot_be_used(grader: str | bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "grader.json"
    path.write_bytes(grader if isinstance(grader, bytes) else grader.encode())
    with pytest.raises(ValueError, match=says):
        read_grader(path)


def test_a_grader(tmp_path: Path) -> None:
    path = tmp_path / "grader.json"
    inner = {"type": "python", "name": "p", "source": "def grade(s, i): return 1.0"}
    whole = {"type": "multi", "name": "m", "graders": {"a": inner}, "calculate_output": "a"}
    path.write_text(json.dumps(whole))
    assert read_grader(path) == whole


@pytest.mark.parametrize("text", ["create", "create:0:lost", "create:1:x", "x:1:lost", "a:b:c:d"])
def test_what_is_no_fault(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        fault_of(text)
