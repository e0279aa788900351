"""Exports, proved by the tools that read them."""

from __future__ import annotations

import json
import math
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftdsl.cli.main import main
from tests.evaluation.evals import replay, write_cases
from tests.evaluation.scripted_judge import Asked, judging

PEERS = Path(os.environ.get("FTDSL_EVAL_PEERS", Path(__file__).parents[2] / ".peers"))
needs_peers = pytest.mark.skipif(
    not (PEERS / "bin" / "lm_eval").exists(), reason="`make peers` installs lm-eval and inspect"
)
SPEC = """ftspec 1

schema ticket extends chat { id: text }

model tuned { provider = openai_compatible  base_url = "URL"  name = "tuned" }

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id = id
  max_tokens = 16
  score exact = exact_match(output, reply.text)
}
"""


def answers(asked: Asked) -> str:
    """Right but for questions that end in 3, with white space around; one answer in capitals."""
    number = asked.turns[-1].split()[-1]
    return "no" if number.endswith("3") else f" \n{'A' if number == '7' else 'a'}{number}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / ".ftdsl-root").touch()
    monkeypatch.chdir(tmp_path)
    write_cases(tmp_path, [(f"question {i}", f"a{i}") for i in range(40)])
    with judging(answers, "tuned") as (model, _):
        url = str(dict(model.settings)["base_url"])
        (tmp_path / "a.ftspec").write_text(SPEC.replace("URL", url))
        (tmp_path / "url").write_text(url)
        yield tmp_path


def test_a_task_of_lm_eval_is_written(project: Path) -> None:
    assert main(["export", "a.ftspec", "--to", "lm-eval", "--out", "tasks"]) == 0
    task = (project / "tasks" / "golden.yaml").read_text().splitlines()
    found = {key: json.loads(value) for key, _, value in (one.partition(": ") for one in task)}
    assert found["task"] == "golden"
    assert found["dataset_kwargs"] == {
        "data_files": {"test": str(project / "tasks" / "golden.jsonl")}
    }
    assert found["generation_kwargs"]["max_gen_toks"] == 16
    doc = json.loads((project / "tasks" / "golden.jsonl").read_text().splitlines()[2])
    assert doc == {"id": "c2", "prompt": "question 2", "target": "a2"}


@pytest.mark.code("FT578", "FT579")
def test_what_lm_eval_cannot_measure_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = project / "a.ftspec"
    plain = spec.read_text()
    spec.write_text(plain.replace("exact_match(output", "ratio(output"))
    assert main(["export", "a.ftspec", "--to", "lm-eval", "--out", "tasks"]) == 1
    assert "error[FT578]: lm-eval has no metric" in capsys.readouterr().out
    assert not (project / "tasks").exists()
    spec.write_text(plain.replace("max_tokens = 16", 'system = "Be brief."  epochs = 2'))
    assert main(["export", "a.ftspec", "--to", "lm-eval", "--out", "tasks"]) == 1
    told = capsys.readouterr().out
    assert "does not say `system`" in told and "does not say `epochs`" in told
    spec.write_text(plain)
    assert main(["export", "a.ftspec", "goldne", "--to", "lm-eval", "--out", "t"]) == 2
    assert "FT579" in capsys.readouterr().err
    rows = [json.loads(line) for line in (project / "cases.jsonl").read_text().splitlines()]
    rows[1]["messages"] = [*rows[1]["messages"], *rows[1]["messages"]]
    (project / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["export", "a.ftspec", "--to", "lm-eval", "--out", "tasks"]) == 1
    assert "`c1` is not one turn" in capsys.readouterr().out


def run_here(project: Path) -> dict[str, dict[str, float]]:
    assert main(["run", "a.ftspec", "--output", "json=run.json"]) == 0
    found = json.loads((project / "run.json").read_text())["evals"]["golden"]
    assert isinstance(found, dict)
    return {model: scores["exact"] for model, scores in found.items()}


def test_a_log_for_inspect_holds_the_run(project: Path) -> None:
    assert main(["export", "a.ftspec", "--to", "inspect", "--out", "logs"]) == 2
    exact = run_here(project)["tuned"]
    assert main(["export", "a.ftspec", "--to", "inspect", "--out", "logs"]) == 0
    with zipfile.ZipFile(project / "logs" / "golden-tuned.eval") as archive:
        header = json.loads(archive.read("header.json"))
        sample = json.loads(archive.read("samples/c3_epoch_1.json"))
    (score,) = header["results"]["scores"]
    assert score["metrics"]["mean"]["value"] == exact["mean"] == 35 / 40
    assert (sample["target"], sample["output"]["completion"]) == ("a3", "no")
    first = (project / "logs" / "golden-tuned.eval").read_bytes()
    assert main(["export", "a.ftspec", "--to", "inspect", "--out", "logs"]) == 0
    assert (project / "logs" / "golden-tuned.eval").read_bytes() == first


@pytest.mark.slow
@needs_peers
def test_lm_eval_runs_the_task_and_finds_the_same_mean(project: Path) -> None:
    exact = run_here(project)["tuned"]
    assert main(["export", "a.ftspec", "--to", "lm-eval", "--out", "tasks"]) == 0
    url = (project / "url").read_text()
    words = [
        PEERS / "bin" / "lm_eval", "run", "--model", "local-chat-completions",
        "--model_args", f"model=tuned,base_url={url}/chat/completions,num_concurrent=4",
        "--include_path", "tasks", "--tasks", "golden", "--apply_chat_template",
        "--output_path", "found",
    ]  # fmt: skip
    offline = {"HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "none"}
    environment = {**os.environ, **offline, "HF_HOME": str(project / "hf")}
    ran = subprocess.run(
        words, cwd=project, env=environment, capture_output=True, text=True, timeout=280
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    (path,) = (project / "found").rglob("results_*.json")
    results = json.loads(path.read_text())["results"]["golden"]
    assert results["exact_match,stripped"] == pytest.approx(exact["mean"]) == 35 / 40


@pytest.mark.slow
@needs_peers
def test_inspect_reads_the_log(project: Path) -> None:
    outputs = {f"c{i}": f"a{i}" for i in range(39)}
    replay(project, "old", outputs)
    spec = project / "a.ftspec"
    old = (
        'model old { provider = replay  outputs = jsonl("old.jsonl", id: "id", output: "output") }'
    )
    spec.write_text(spec.read_text().replace("model tuned", f"{old}\n\nmodel tuned"))
    exact = run_here(project)
    assert main(["export", "a.ftspec", "--to", "inspect", "--out", "logs"]) == 0
    code = """
import json, sys
from inspect_ai.log import list_eval_logs, read_eval_log, read_eval_log_sample_summaries
found = {}
for info in list_eval_logs("logs"):
    log = read_eval_log(info)
    (score,) = log.results.scores
    found[log.eval.model] = dict(
        status=log.status, mean=score.metrics["mean"].value, unscored=score.unscored_samples,
        values=[s.scores["exact"].value for s in log.samples], task=log.eval.task,
        summaries=len(read_eval_log_sample_summaries(info)),
        output=log.samples[0].output.completion,
    )
print(json.dumps(found))
"""
    ran = subprocess.run(
        [PEERS / "bin" / "python", "-c", code], cwd=project, capture_output=True, text=True,
        timeout=280,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout)
    assert found.keys() == {"old", "tuned"}
    tuned, old_ = found["tuned"], found["old"]
    assert (tuned["status"], tuned["task"], tuned["summaries"]) == ("success", "golden", 40)
    assert tuned["mean"] == exact["tuned"]["mean"]
    assert sum(tuned["values"]) == 35
    assert tuned["output"] == " \na0\n"
    assert old_["unscored"] == 1
    assert [math.isnan(value) for value in old_["values"]].count(True) == 1
