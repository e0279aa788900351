"""Each export, read by the trainer's own parser, and the recorded keys against its own list.

TRL and accelerate are here anyway; `make trainers` puts the parsers of the others into .trainers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ftdsl.interchange.trainers.keys import recorded
from tests.interchange.trainings import PLAIN, exported, project, validated

ROOT = Path(__file__).parents[2]
TRAINERS = Path(os.environ.get("FTDSL_TRAINERS", ROOT / ".trainers"))
READER = Path(__file__).parent / "readers" / "reader.py"
HERE = ("trl", "accelerate")
pytestmark = pytest.mark.slow


def tool(name: str) -> Any:
    missing = name not in HERE and not (TRAINERS / name).is_dir()
    reason = "`make trainers` installs the parsers of other trainers"
    return pytest.param(name, marks=pytest.mark.skipif(missing, reason=reason))


TOOLS = [tool(name) for name in (*HERE, "axolotl", "llama-factory", "ms-swift", "oumi")]

#: What a parser makes of a value that means the same. Lists of rows gain keys; see below.
SAME: dict[str, list[Any]] = {
    "none": [[], ["none"]],
    "rows": [["rows"]],
    "validation": [["validation"]],
    "q_proj,v_proj": [["q_proj", "v_proj"]],
    "NONE": ["none"],
    "TRL_SFT": ["trl_sft"],
    "ADAPTER_ONLY": ["adapter_only"],
    "ALL_ASSISTANT_TURNS": ["all_assistant_turns"],
}


def read(name: str, *words: str, folder: Path) -> Any:
    """What the trainer's own package says, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(TRAINERS / name)}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", str(READER), name, *words],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", TOOLS)
def test_the_recorded_keys_are_those_of_the_package(name: str, tmp_path: Path) -> None:
    found, known = read(name, "keys", folder=tmp_path), recorded(name)
    assert found["version"] == known.version
    assert {one: frozenset(keys) for one, keys in found["commands"].items()} == known.commands


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize(
    "more", ["", "precision = fp32  assistant_only_loss = false  max_steps = 7  log_every = 3"]
)
def test_a_trainer_reads_what_was_written(
    name: str, more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project(tmp_path, f"{PLAIN} {more}"))
    validated()
    assert exported(name) == 0
    file = "accelerate.yaml" if name == "accelerate" else "train.yaml"
    written = dict(flat(yaml.safe_load((tmp_path / name / file).read_text("utf-8"))))
    found = read(name, "load", file, folder=tmp_path / name)
    assert written.keys() <= found.keys()
    for key, value in written.items():
        assert is_read(value, found[key]), f"{key}: {value!r} was read as {found[key]!r}"


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        pytest.param(
            *tool("skypilot").values,
            "task.yaml",
            ["--gpu", "H100", "--gpus", "4"],
            marks=tool("skypilot").marks,
        ),
        pytest.param(
            *tool("trainjob").values,
            "trainjob.yaml",
            ["--image", "i", "--claim", "c"],
            marks=tool("trainjob").marks,
        ),
    ],
)
def test_a_job_is_read_as_it_was_written(
    name: str, file: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project(tmp_path))
    validated()
    assert exported(name, *words) == 0
    written = yaml.safe_load((tmp_path / name / file).read_text("utf-8"))
    found = read(name, "load", file, folder=tmp_path / name)
    if name == "skypilot":  # it writes what was left out as well, and accelerators by their kind
        assert found["resources"]["accelerators"] == {"H100": 4}
        written.pop("resources")
    assert written.items() <= found.items() if name == "skypilot" else written == found


def is_read(value: Any, found: Any) -> bool:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        pairs = zip(value, found, strict=True)
        return all(one.items() <= other.items() for one, other in pairs)
    return bool(found == value) or (isinstance(value, str) and found in SAME.get(value, ()))


def flat(values: dict[str, Any], prefix: str = "") -> Any:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
