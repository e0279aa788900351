"""The runs that a project keeps: their folders, comparing them, the trend, the lock, MLflow."""

from __future__ import annotations

import getpass
import json
import shutil
import socket
import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from ftdsl.api import RunView, apply, plan
from ftdsl.cli.main import main
from ftdsl.engine.recording import damaged, read_record
from ftdsl.interchange.mlflow_runs import DATABASE
from ftdsl.results.record import RunRecord

SPEC = """ftspec 1

schema ticket extends chat {
  id: text
  topic: text
}

dataset support {
  schema = ticket
  source = jsonl("data.jsonl")
  id = id
}

dedup support { drop exact on normalize(prompt) }

model mini { provider = replay  outputs = jsonl("mini.jsonl", id: "id", output: "output") }

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id = id
  temperature = 0
  score exact = exact_match(output, reply.text)
  slice by topic { min_rows = 5 }
}

gate release {
  from = mini
  eval = golden
  require exact.mean >= 10%
}
"""
SECRET = "jane.roe@posteo.de"


def ticket(name: str, question: str, answer: str, topic: str = "x") -> dict[str, Any]:
    said = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"id": name, "topic": topic, "messages": said}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def answers(root: Path, right: int) -> None:
    write(root / "mini.jsonl", [{"id": f"c{i}", "output": "red" if i < right else "blue"}
                                for i in range(40)])  # fmt: skip


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".ftdsl-root").touch()
    (tmp_path / "a.ftspec").write_text(SPEC)
    rows = [ticket(f"r{i}", f"question {i} about boats", "red") for i in range(20)]
    rows.append(ticket(SECRET, f"write to {SECRET} at once", f"I wrote to {SECRET}"))
    write(tmp_path / "data.jsonl", rows)
    cases = [ticket(f"c{i}", f"case {i}", "red", "xy"[i % 2]) for i in range(39)]
    write(tmp_path / "cases.jsonl", [*cases, ticket("c39", f"tell {SECRET}", SECRET)])
    answers(tmp_path, 20)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(root: Path) -> tuple[RunView, RunRecord]:
    view = apply(plan(root / "a.ftspec"))
    record = read_record(root / ".ftdsl/runs" / view.result.run_id)
    assert record is not None
    return view, record


def test_a_run_that_changes_nothing_has_the_same_address(root: Path) -> None:
    _, first = run(root)
    _, again = run(root)
    assert (first.run_id, first.address) != (again.run_id, first.address)
    assert first.address == again.address
    assert damaged(root / ".ftdsl/runs" / again.run_id, again) == ()
    answers(root, 21)
    _, other = run(root)
    assert other.address != first.address


def test_a_record_has_all_that_a_team_keeps(root: Path) -> None:
    _, record = run(root)
    assert record.files.keys() >= {"a.ftspec"}
    assert record.datasets["support"].rows == 21
    assert record.datasets["support"].kept == 21
    assert record.datasets["support"].files.keys() == {"data.jsonl"}
    whole = [one for one in record.scores if not one.slice]
    assert [(one.model, one.score, one.n) for one in whole] == [("mini", "exact", 40)]
    assert whole[0].low < whole[0].mean == 0.5 < whole[0].high
    assert {one.value for one in record.scores if one.slice == "topic"} == {"x", "y"}
    assert record.steps["eval.golden.mini"].inputs["setting temperature"] == "0.0"
    assert record.gates == {"release": "pass"}
    assert record.costs.money == 0
    assert record.environment["python"].startswith("3.")
    assert set(record.parts) == {
        "cases/golden.mini.jsonl",
        "rows/support.jsonl",
        "rows/golden.jsonl",
    }


def test_nothing_of_the_folder_tells_a_secret_or_the_machine(root: Path) -> None:
    view, _ = run(root)
    folder = root / ".ftdsl/runs" / view.result.run_id
    written = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert len(written) == 5
    for forbidden in (SECRET, str(root), str(Path.home()), socket.gethostname(), "jane.roe"):
        for name, data in written.items():
            assert forbidden.encode() not in data, (name, forbidden)
    assert getpass.getuser().encode() not in written["record.json"] or getpass.getuser() == "root"


def edited(root: Path) -> None:
    """Rows in another order, one gone, two new."""
    rows = [json.loads(line) for line in (root / "data.jsonl").read_text().splitlines()]
    new = [ticket(f"n{i}", f"a new question {i}", "red") for i in range(2)]
    write(root / "data.jsonl", [*new, *reversed(rows[1:])])


def test_rows_that_came_and_went_are_told_whatever_their_order(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = run(root)
    edited(root)
    answers(root, 30)
    after, _ = run(root)
    words = ["compare", before.result.run_id, after.result.run_id]
    assert main([*words, "--output", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["comparison"]
    (data,) = found["data"]
    assert (data["rows_added"], data["rows_removed"], data["rows_unchanged"]) == (2, 1, 20)
    assert [one["row_id"] for one in data["added"]] == ["n0", "n1"]
    assert [one["row_id"] for one in data["removed"]] == ["r0"]
    (score,) = found["evals"][0]["scores"]
    assert (score["fixed"], score["broken"]) == (10, 0)
    assert score["p"] == pytest.approx(2 * 0.5**10)
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "2 rows added, 1 removed, by their content" in shown
    assert "added: n0  data.jsonl:1" in shown
    assert "mid-p = " in shown


def test_changed_settings_are_told_with_both_values(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = run(root)
    (root / "a.ftspec").write_text(SPEC.replace("temperature = 0", "temperature = 0.5"))
    after, _ = run(root)
    words = ["compare", before.result.run_id, after.result.run_id, "--output", "json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)["comparison"]["settings"]
    assert found == [{"step": "eval.golden.mini", "setting": "temperature", "before": "0.0",
                      "after": "0.5"}]  # fmt: skip


def test_two_folders_are_compared_wherever_they_lie(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = run(root)
    edited(root)
    answers(root, 10)
    after, _ = run(root)
    ids = [before.result.run_id, after.result.run_id]
    assert main(["compare", *ids, "--output", "json"]) == 1
    here = json.loads(capsys.readouterr().out)["comparison"]
    for name in ids:
        shutil.copytree(root / ".ftdsl/runs" / name, root / "kept" / name)
    shutil.rmtree(root / ".ftdsl")
    assert main(["compare", *(f"kept/{name}" for name in ids), "--output", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["comparison"] == here
    assert here["steps"]


@pytest.mark.code("FT700")
def test_a_folder_that_was_edited_is_not_compared(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = run(root)
    after, record = run(root)
    words = ["compare", before.result.run_id, after.result.run_id]
    assert main(words) == 0
    folder = root / ".ftdsl/runs" / after.result.run_id
    rows = folder / "rows/support.jsonl"
    whole = rows.read_bytes()
    rows.write_bytes(whole + b"\n")
    assert main(words) == 2
    assert "FT700" in capsys.readouterr().err
    rows.write_bytes(whole)
    text = (folder / "record.json").read_text().replace('"mean": 0.5', '"mean": 0.9')
    (folder / "record.json").write_text(text)
    assert damaged(folder, RunRecord.model_validate_json(text)) == ("record.json",)
    assert record.address == RunRecord.model_validate_json(text).address


def test_runs_are_listed_the_newest_first(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs"]) == 2
    assert "FT257" in capsys.readouterr().err
    ids = [run(root)[1].run_id for _ in range(2)]
    answers(root, 39)
    ids.append(run(root)[1].run_id)
    assert main(["runs"]) == 0
    shown = capsys.readouterr().out
    places = [shown.index(one) for one in reversed(ids)]
    assert places == sorted(places)
    assert f"the same as {ids[0]}" in shown
    assert "golden · mini · exact 97.5% [" in shown
    assert main(["runs", "--output", "json", "--last", "2"]) == 0
    found = json.loads(capsys.readouterr().out)["runs"]
    assert [one["run_id"] for one in found] == ids[:0:-1]
    assert found[0]["scores"][0]["mean"] == 0.975
    assert found[0]["gates"] == {"release": "pass"}


def test_the_trend_is_a_drawing_that_stands_alone(root: Path) -> None:
    for right in (10, 20, 20, 30):
        answers(root, right)
        run(root)
    assert main(["runs", "--svg", "trend.svg", "-q"]) == 0
    text = (root / "trend.svg").read_text()
    space = "{http://www.w3.org/2000/svg}"
    drawn = ElementTree.fromstring(text)
    dots = [one for one in drawn.iter(f"{space}circle") if one.find(f"{space}title") is not None]
    assert len(dots) == 3, "a run that repeats the one before is no news"
    heights = [float(one.attrib["cy"]) for one in dots]
    assert heights == sorted(heights, reverse=True), "what is higher is better"
    assert "25.0% [" in text
    assert "75.0% [" in text
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_a_baseline_is_chosen_in_a_diff(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, record = run(root)
    answers(root, 30)
    run(root)
    assert main(["lock", "a.ftspec"]) == 0
    assert "mean = 0.75" in (root / "ftspec.lock").read_text()
    capsys.readouterr()
    words = ["lock", "a.ftspec", "--run", first.result.run_id]
    assert main([*words, "--diff"]) == 0
    shown = capsys.readouterr().out
    assert "-mean = 0.75" in shown
    assert "+mean = 0.5" in shown
    assert f'+run = "{record.address[:16]}"' in shown
    assert "mean = 0.75" in (root / "ftspec.lock").read_text()
    assert main(words) == 0
    text = (root / "ftspec.lock").read_text()
    assert "mean = 0.5" in text
    assert 'files."data.jsonl"' in text or '"data.jsonl" = ' in text, "the rest stays"
    assert main(["lock", "a.ftspec", "--run", "20000101"]) == 2


@pytest.mark.code("FT701")
def test_a_place_that_mlflow_cannot_use_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(root)
    for place in ("https://example.org", "gopher://127.0.0.1", "https://me:key@127.0.0.1"):
        assert main(["runs", "--to", "mlflow", "--tracking", place]) == 2
        assert "FT701" in capsys.readouterr().err


@pytest.mark.slow
def test_runs_are_handed_to_the_real_mlflow(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    _, record = run(root)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries under MLflow
        assert main(["runs", "--to", "mlflow", "--tracking", "tracked"]) == 0
        assert "handed 1 of 1 runs" in capsys.readouterr().out
        answers(root, 30)
        run(root)
        assert main(["runs", "--to", "mlflow", "--tracking", "tracked"]) == 0
        assert "handed 1 of 2 runs" in capsys.readouterr().out
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=f"sqlite:///{root / 'tracked' / DATABASE}")
        experiment = client.get_experiment_by_name("a.ftspec")
        assert experiment is not None
        runs = client.search_runs([experiment.experiment_id])
        (found,) = (one for one in runs if one.info.run_name == record.run_id)
        assert found.data.metrics["golden.mini.exact.mean"] == 0.5
        assert found.data.tags["ftdsl.address"] == record.address
        assert found.inputs.dataset_inputs[0].dataset.name == "support"
        names = {one.path for one in client.list_artifacts(found.info.run_id)}
        assert names == {"cases", "record.json", "rows"}
