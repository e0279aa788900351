"""A training on many machines, and a plan for DVC: golden files, each read as its tool reads it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from ftdsl.cli.main import main
from tests.interchange.trainings import exported, project, validated

GOLDEN = Path(__file__).parent / "trainings"
JOBS = {
    "skypilot": ("task.yaml", ["--gpu", "H100", "--gpus", "4", "--nodes", "2"]),
    "trainjob": ("trainjob.yaml", ["--image", "trl:1", "--claim", "rows", "--nodes", "2"]),
    "ray-job": ("rayjob.yaml", ["--claim", "rows", "--gpus", "2"]),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return project(tmp_path)


@pytest.mark.parametrize("to", JOBS)
def test_the_files_of_each_job(to: str, here: Path, record: bool) -> None:
    validated()
    file, words = JOBS[to]
    assert exported(to, *words) == 0
    names = [
        file,
        "train.yaml",
        *(["ray_train.py", "ray-packages.yaml"] if to == "ray-job" else []),
    ]
    for name in names:
        found, golden = (here / to / name).read_text("utf-8"), GOLDEN / to / name
        if record:
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(found, "utf-8")
        assert found == golden.read_text("utf-8"), f"{name}: --record writes it"


def test_what_each_job_is_told(here: Path) -> None:
    validated()
    for to, (_, words) in JOBS.items():
        assert exported(to, *words) == 0
    sky = yaml.safe_load((here / "skypilot" / "task.yaml").read_text())
    assert (sky["num_nodes"], sky["resources"]) == (2, {"accelerators": "H100:4"})
    assert sky["run"].startswith("accelerate launch --config_file accelerate.yaml \\\n")
    launch = yaml.safe_load((here / "skypilot" / "accelerate.yaml").read_text())
    assert (launch["num_machines"], launch["num_processes"]) == (2, 8)
    trainer = yaml.safe_load((here / "trainjob" / "trainjob.yaml").read_text())["spec"]["trainer"]
    assert (trainer["numNodes"], trainer["image"]) == (2, "trl:1")
    spec = yaml.safe_load((here / "ray-job" / "rayjob.yaml").read_text())["spec"]
    (group,) = spec["rayClusterSpec"]["workerGroupSpecs"]
    (container,) = group["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert yaml.safe_load(spec["runtimeEnvYAML"])["pip"][0].startswith("trl[peft]>=")
    compile((here / "ray-job" / "ray_train.py").read_text(), "ray_train.py", "exec")


@pytest.mark.code("FT675")
@pytest.mark.usefixtures("here")
def test_a_job_without_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert exported("trainjob", "--claim", "rows") == 2
    said = capsys.readouterr().err
    assert "FT675" in said and "`--to trainjob` needs --image" in said


def test_a_plan_for_dvc(here: Path, record: bool) -> None:
    assert exported("dvc") == 0
    found, golden = (here / "dvc" / "dvc.yaml").read_text("utf-8"), GOLDEN / "dvc" / "dvc.yaml"
    if record:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found, "utf-8")
    assert found == golden.read_text("utf-8")
    stages = yaml.safe_load(found)["stages"]
    made = {next(iter(stage["outs"][0])) for stage in stages.values()}
    for stage in stages.values():
        assert "support.jsonl" in stage["deps"] and "a.ftspec" in stage["deps"]
        assert {one for one in stage["deps"] if "/stages/" in one} <= made
    assert "dvc/stages/dedup-support.json" in stages["train-tuned"]["deps"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("dvc") is None, reason="dvc is not on the path")
def test_dvc_runs_the_stages_and_then_has_nothing_to_do(here: Path) -> None:
    spec = (here / "a.ftspec").read_text()
    (here / "a.ftspec").write_text(spec[: spec.index("train tuned")])
    assert main(["export", "a.ftspec", "--to", "dvc", "--out", "."]) == 0
    for words in (["init", "--no-scm", "-q"], ["repro"], ["repro"]):
        ran = subprocess.run(["dvc", *words], cwd=here, capture_output=True, text=True, timeout=280)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "up to date" in ran.stdout
