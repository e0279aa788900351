"""A training of a host, elsewhere: the command that a failure names, and what cannot go along."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from ftdsl.cli.main import main
from ftdsl.interchange.trainers.hosted import as_local
from ftdsl.language.program import TrainDef, Value
from ftdsl.plan.cost import auto_epochs
from tests.training.hosted_project import host, project_at


def test_what_a_closed_host_names_is_a_command_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with host(closed=True) as emulator:
        project = project_at(tmp_path / "p", emulator.url, settings="seed = 5")
        monkeypatch.chdir(project.root)
        (spec,) = project.root.glob("*.ftspec")
        assert main(["train", spec.name, "support_api"]) == 4
    said = " ".join(capsys.readouterr().out.replace("\n", " ").split())
    assert "FT611" in said
    found = re.search(r"run this block on TRL: `ftdsl ([^`]+)`", said)
    assert found is not None, said
    words = shlex.split(found[1])
    assert main(words) == 0
    read = yaml.safe_load((project.root / "support_api" / "train.yaml").read_text())
    lines = (project.root / "support_api" / "data" / "train.jsonl").read_text().splitlines()
    assert read["num_train_epochs"] == auto_epochs(len(lines))
    assert (read["seed"], read["use_peft"], read["lora_r"]) == (5, True, 16)
    assert read["eval_strategy"] == "epoch"


def hosted(**settings: Value) -> TrainDef:
    values = {"method": "sft", "model": "gpt", "budget": 5.0, **settings}
    return TrainDef("t", ("d", None), None, None, "openai", tuple(sorted(values.items())))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"learning_rate_multiplier": 2.0}, "a factor on a rate that only the host knows"),
        ({"method": "reinforcement", "grader": "g.json"}, "a grader runs at the host alone"),
        ({"eval_samples": 4}, "it is the host's own"),
    ],
)
def test_what_only_a_host_can_do_is_refused(settings: dict[str, Value], told: str) -> None:
    _, problems = as_local(hosted(**settings), 100)
    assert problems and all(one.code == "FT671" for one in problems)
    assert any(told in one.message for one in problems)


def test_what_is_stated_goes_along() -> None:
    local, problems = as_local(
        hosted(n_epochs=4, batch_size=16, seed=9, suffix="x", learning_rate_multiplier="auto"), 50
    )
    assert not problems
    found = dict(local.settings)
    assert (found["n_epochs"], found["batch_size"], found["seed"]) == (4.0, 16, 9)
    assert "suffix" not in found and "budget" not in found
    assert local.target == "trl"


@pytest.mark.parametrize(("rows", "passes"), [(10, 10), (20, 5), (50, 3), (10_000, 2)])
def test_auto_passes_are_those_of_the_cookbook(rows: int, passes: int) -> None:
    local, _ = as_local(hosted(n_epochs="auto", batch_size="auto"), rows)
    assert dict(local.settings)["n_epochs"] == passes


def test_preferences_go_along() -> None:
    local, problems = as_local(hosted(method="dpo", beta=0.2, n_epochs=1), 50)
    assert not problems
    found = dict(local.settings)
    assert (found["method"], found["beta"], found["learning_rate"]) == ("dpo", 0.2, 5e-6)
    assert "packing" not in found
