"""``ftdsl next`` over a project: what it says in every format, and what it writes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ftdsl.api import analyze, apply, plan
from ftdsl.cli.main import main
from tests.rounds.learner import WEAK, Ticket, World, a_round, contradicting, missing

SPEC = """ftspec 1

# The tickets of a shop.
schema ticket extends chat {
  id: text
  product: text
}

dataset support {
  schema = ticket
  source = jsonl("data.jsonl")   # kept as it is
  id = id
}

coverage support { by product { tent >= 0.1% } }

model mini { provider = replay  outputs = jsonl("mini.jsonl", id: "id", output: "output") }

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id = id
  score exact = exact_match(output, reply.text)
  slice by product { min_rows = 5 }
}

gate release {
  from = mini
  eval = golden
  require exact.mean >= 50%
}
"""


def line(one: Ticket, prompt: str = "") -> str:
    said = [{"role": "user", "content": prompt or one.prompt},
            {"role": "assistant", "content": one.reply}]  # fmt: skip
    return json.dumps({"id": one.name, "product": one.product, "messages": said}) + "\n"


def project(
    root: Path, rows_are: Callable[[World, list[Ticket]], list[Ticket]], **more: str
) -> None:
    """The files of a round of a classifier that learned from the rows."""
    world = World(7)
    rows, cases = rows_are(world, world.tickets("r", 16)), world.tickets("c", 6)
    found = a_round(rows, cases, seed=7)
    (root / ".ftdsl-root").touch()
    (root / "a.ftspec").write_text(SPEC)
    (root / "data.jsonl").write_text("".join(map(line, rows)))
    prompts = {cases[0].name: more.get("prompt", "")}
    (root / "cases.jsonl").write_text("".join(line(c, prompts.get(c.name, "")) for c in cases))
    answers = [{"id": one.case.case_id, "output": one.answered} for one in found.cases]
    (root / "mini.jsonl").write_text("".join(json.dumps(one) + "\n" for one in answers))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project(tmp_path, missing)
    apply(plan(tmp_path / "a.ftspec"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("shop")
def test_the_request_names_the_slice_its_score_and_what_is_near(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["next", "a.ftspec"]) == 0
    shown = capsys.readouterr().out
    assert f"rows: product = {WEAK}  FT710" in shown
    assert "golden · mini · exact" in shown
    assert "emptiest groups: product tent: 3 rows" in shown
    assert "words they lack: " in shown
    assert main(["next", "a.ftspec", "--output", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["next"]
    first = found["actions"][0]
    assert (first["kind"], first["slice"], first["value"]) == ("request", "product", WEAK)
    assert 40 <= first["asked"] <= 80
    assert len(first["cases"]) == 5
    assert {one["path"] for one in first["rows"]} == {"data.jsonl"}
    assert all(0 <= one["similarity"] <= 1 for one in first["rows"])
    (there,) = (value for name, value in first["facts"] if name == "score there")
    assert there.endswith("of 30 cases")


def test_every_format_tells_what_to_do(shop: Path) -> None:
    outputs = ["json=n.json", "html=n.html", "markdown=n.md", "concise=n.txt", "sarif=n.sarif"]
    assert main(["next", "a.ftspec", *(f"--output={one}" for one in outputs)]) == 0
    assert f"product = {WEAK}" in (shop / "n.html").read_text()
    assert "FT710" in (shop / "n.md").read_text()


@pytest.mark.code("FT705")
def test_apply_makes_new_files_and_one_edit_and_leaves_the_data_alone(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in shop.glob("*.jsonl")}
    assert main(["next", "a.ftspec", "--apply", "-q"]) == 0
    assert {path.name: path.read_bytes() for path in shop.glob("*.jsonl")} == before
    (folder,) = (shop / "rounds").iterdir()
    assert {one.name for one in folder.iterdir()} == {
        "README.md", "cases.jsonl", "request.jsonl", "rows.jsonl",
    }  # fmt: skip
    text = (shop / "a.ftspec").read_text()
    added = f'[jsonl("data.jsonl"), jsonl("rounds/{folder.name}/request.jsonl")]   # kept as it is'
    assert text == SPEC.replace('jsonl("data.jsonl")   # kept as it is', added)
    assert analyze(shop / "a.ftspec").ok
    rows = [json.loads(one) for one in (folder / "request.jsonl").read_text().splitlines()]
    assert 40 <= len(rows) <= 80
    assert rows[0] == {
        "id": "new-001", "product": WEAK,
        "messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": ""}],
    }  # fmt: skip
    capsys.readouterr()
    (shop / "a.ftspec").write_text(SPEC)
    assert main(["next", "a.ftspec", "--apply"]) == 2
    assert "FT705" in capsys.readouterr().err


def test_the_round_closes(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The request is filled, the model learns again, and the slice is better, as ``compare``
    shows with a paired interval."""
    assert main(["next", "a.ftspec", "--apply", "-q"]) == 0
    (folder,) = (shop / "rounds").iterdir()
    world = World(7)
    every, cases = world.tickets("r", 16), world.tickets("c", 6)
    had = missing(world, every)
    written = [one for one in every if one not in had]
    asked = len((folder / "request.jsonl").read_text().splitlines())
    (folder / "request.jsonl").write_text("".join(map(line, written[:asked])))
    after = a_round([*had, *written[:asked]], cases, seed=7)
    answers = [{"id": one.case.case_id, "output": one.answered} for one in after.cases]
    (shop / "mini.jsonl").write_text("".join(json.dumps(one) + "\n" for one in answers))
    apply(plan(shop / "a.ftspec"))
    ids = sorted(one.name for one in (shop / ".ftdsl/runs").iterdir() if one.is_dir())
    capsys.readouterr()
    assert main(["compare", *ids, "--output", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["comparison"]
    slices = {one["slice"]: one for one in found["evals"][0]["slices"]}
    assert slices[f"product = {WEAK}"]["low"] > 0.2
    assert main(["next", "a.ftspec", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["next"]["actions"][0]["kind"] == "stop"


def test_a_patch_is_what_git_applies(shop: Path) -> None:
    assert main(["next", "a.ftspec", "--patch", "next.diff", "-q"]) == 0
    assert (shop / "a.ftspec").read_text() == SPEC, "a patch changes nothing by itself"
    subprocess.run(["git", "apply", "next.diff"], cwd=shop, check=True, timeout=60)
    assert "request.jsonl" in (shop / "a.ftspec").read_text()


@pytest.mark.code("FT703")
def test_without_a_round_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, missing)
    monkeypatch.chdir(tmp_path)
    assert main(["next", "a.ftspec"]) == 2
    assert "FT703" in capsys.readouterr().err
    apply(plan(tmp_path / "a.ftspec"))
    assert main(["next", "a.ftspec", "--model", "nobody"]) == 2
    assert main(["next", "a.ftspec", "--action", "9", "--apply"]) == 2


@pytest.mark.code("FT704")
def test_rows_to_mend_are_a_file_and_no_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, contradicting)
    monkeypatch.chdir(tmp_path)
    apply(plan(tmp_path / "a.ftspec"))
    assert main(["next", "a.ftspec", "--patch", "next.diff"]) == 2
    assert "FT704" in capsys.readouterr().err
    assert main(["next", "a.ftspec", "--apply", "-q"]) == 0
    (folder,) = (tmp_path / "rounds").iterdir()
    rows = [json.loads(one) for one in (folder / "rows.jsonl").read_text().splitlines()]
    assert all(f"-{WEAK}-" in one["row_id"] and one["decision"] == "" for one in rows)
    assert (tmp_path / "a.ftspec").read_text() == SPEC


def test_what_masking_hides_and_what_a_page_could_run_is_in_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "<script>alert(1)</script> jane.roe@posteo.de ](javascript:x) `"
    project(tmp_path, missing, prompt=hostile)
    text = (tmp_path / "mini.jsonl").read_text()
    first = json.loads(text.splitlines()[0])
    wrong = json.dumps(first | {"output": hostile})
    (tmp_path / "mini.jsonl").write_text(text.replace(text.splitlines()[0], wrong))
    monkeypatch.chdir(tmp_path)
    apply(plan(tmp_path / "a.ftspec"))
    outputs = ["json=n.json", "html=n.html", "markdown=n.md"]
    words = ["next", "a.ftspec", "--apply", "-q", *(f"--output={one}" for one in outputs)]
    assert main(words) == 0
    files = [*tmp_path.glob("n.*"), *(tmp_path / "rounds").rglob("*.*")]
    for path in files:
        if path.is_file():
            assert "jane.roe" not in path.read_text(), path.name
    assert "<script>alert" not in (tmp_path / "n.html").read_text()
