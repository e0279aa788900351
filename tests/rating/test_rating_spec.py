"""A rating as a user has it done: page, ratings taken in, gate, exports, the page served."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from ftdsl.cli.main import main
from ftdsl.diagnostics.diagnostic import Span
from ftdsl.evaluation.judges.labels import read_labels
from ftdsl.rating.batch import digest_of
from ftdsl.rating.lots import left_of
from tests.cli.project import PROGRAM, Project
from tests.rating.rating_project import HOSTILE


def island(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.S)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def ratings(project: Project, rater: str, right: float = 1.0) -> list[dict[str, Any]]:
    """What ``rater`` sends back, who likes `next` better in the share ``right`` of the items, and
    knows the gold ones."""
    data = island(project.root / "tone.html")
    key = json.loads(next((project.root / ".ftdsl/rate").glob("*.key.json")).read_text())
    models = {one["item"]: one["models"] for one in key["items"]}
    found = []
    for number, item in enumerate(data["items"]):
        digests = [one["digest"] for one in item["answers"]]
        left = left_of(data["batch"], rater, item["item"], False)
        named = models.get(item["item"], {})
        best = next((d for d in digests if named.get(d) == "next"), None)
        if best is None:
            texts = {one["digest"]: one["text"] for one in item["answers"]}
            best = next(d for d in digests if texts[d].startswith("Hello"))
        elif number % 10 >= right * 10:
            best = next(d for d in digests if d != best)
        found.append(
            {
                "v": 1, "id": digest_of(f"{rater} {number}")[:32],
                "rate": data["rate"], "batch": data["batch"], "rubric": data["rubric"],
                "rater": rater, "item": item["item"], "left": digests[left],
                "right": digests[1 - left],
                "verdict": "left" if digests[left] == best else "right_much",
                "reasons": ["tone"], "note": "", "repeat": False, "ms": 8000,
                "at": f"2026-11-25T10:{number:02}:00Z", "supersedes": None,
            }
        )  # fmt: skip
    return found


def write(project: Project, name: str, rows: list[dict[str, Any]]) -> None:
    project.write(name, "".join(json.dumps(row) + "\n" for row in rows))


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@dataclass
class Here:
    """The project, its commands run in this process: an interpreter for each would cost seconds."""

    project: Project
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str) -> Done:
        self.capture.readouterr()
        code = main(words)
        found = self.capture.readouterr()
        return Done(code, found.out, found.err)

    def json(self, *words: str) -> dict[str, Any]:
        done = self.run(*words, "--output", "json")
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["exit_code"] == done.returncode
        return found


@pytest.fixture
def here(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Here:
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("COLUMNS", "100")
    return Here(project, capsys)


def test_from_the_page_to_the_gate(project: Project, here: Here) -> None:
    planned = here.run("plan", "support.ftspec")
    assert "waits for ratings" in planned.stdout and planned.returncode == 0
    before = here.json("run", "support.ftspec")
    states = {step["id"]: step["status"] for step in before["steps"]}
    assert states["rate.tone"] == "waiting" and states["gate.release"] == "done"
    assert before["verdict"] == "inconclusive" and before["exit_code"] == 5
    assert "waits for the ratings" in before["gates"][0]["note"]

    page = here.run("rate", "support.ftspec", "tone", "--out", "tone.html")
    assert page.returncode == 0 and "24 items to rate" in page.stdout
    text = (project.root / "tone.html").read_text(encoding="utf-8")
    assert HOSTILE[0] not in text and "base" not in json.dumps(island(project.root / "tone.html"))

    write(project, "inbox/one.jsonl", ratings(project, "r-one", 0.9))
    write(project, "inbox/two.jsonl", ratings(project, "r-two", 0.8))
    half = here.json("rate", "support.ftspec", "tone", "--import", "inbox/one.jsonl")
    assert half["verdict"] == "inconclusive" and half["ratings"]["tone"]["enough"] == 0
    both = here.json(
        "rate", "support.ftspec", "tone", "--import", "inbox/one.jsonl", "inbox/two.jsonl",
        "--output", "html=rate.html", "--output", "markdown=rate.md",
    )  # fmt: skip
    assert (both["verdict"], both["exit_code"]) == ("pass", 0)
    found = both["ratings"]["tone"]
    assert found["items"] == found["rated"] == found["enough"] == 24 and found["ratings"] == 48
    (opinion,) = found["opinions"]
    assert opinion["model"] == "next" and 0.7 < opinion["estimate"]["mean"] < 1
    assert opinion["estimate"]["n"] == 24
    assert [one["gold_right"] for one in found["raters"]] == [3, 3]
    assert found["reliability"]["alpha"] is not None and found["reasons"]["tone"]["next"] > 30
    kept = sorted((project.root / "ratings/tone").rglob("*.jsonl"))
    assert [path.name for path in kept] == ["r-one.jsonl", "r-two.jsonl"]

    shown = here.run("rate", "support.ftspec", "tone", "--import")
    assert shown.returncode == 0 and "next beats base in" in shown.stdout
    assert "Krippendorff's alpha" in shown.stdout and "gold 3/3" in shown.stdout
    assert "Ratings: tone" in (project.root / "rate.html").read_text(encoding="utf-8")
    assert "### Ratings: tone" in (project.root / "rate.md").read_text(encoding="utf-8")

    gated = here.json("gate", "support.ftspec", "release")
    assert gated["verdict"] == "pass" and gated["gates"][-1]["candidate"] == "next"
    again = here.run("run", "support.ftspec")
    assert again.returncode == 0
    assert "nothing to do" in here.run("run", "support.ftspec").stdout

    project.write(
        "support.ftspec",
        (project.root / "support.ftspec").read_text().replace("you send?", "you never send?"),
    )
    asked_otherwise = here.json("run", "support.ftspec")
    assert asked_otherwise["verdict"] == "inconclusive"
    assert asked_otherwise["ratings"]["tone"]["set_aside"] == 54
    late = here.run("rate", "support.ftspec", "tone", "--import", "inbox/one.jsonl")
    assert late.returncode == 2 and "inbox/one.jsonl:1:1: error[FT723]" in late.stdout


def test_nothing_is_kept_of_files_of_which_one_line_is_wrong(project: Project, here: Here) -> None:
    here.run("rate", "support.ftspec", "tone", "--out", "tone.html")
    rows = ratings(project, "r-one")
    write(project, "good.jsonl", rows[4:])
    write(project, "edited.jsonl", [*rows[:3], {**rows[3], "item": "0" * 24}])
    done = here.run("rate", "support.ftspec", "tone", "--import", "good.jsonl", "edited.jsonl")
    assert done.returncode == 2
    assert "edited.jsonl:4:1: error[FT721]" in done.stdout and "nothing was kept" in done.stdout
    assert not (project.root / "ratings").exists()
    missing = here.run("rate", "support.ftspec", "tone", "--import", "nowhere.jsonl")
    assert missing.returncode == 2 and "FT720" in missing.stdout
    project.write("ratings/tone/hand.jsonl", "{}\n")
    broken = here.json("run", "support.ftspec")
    assert broken["verdict"] == "error" and broken["findings"][0]["code"] == "FT720"


@pytest.mark.code("FT730")
@pytest.mark.code("FT733")
def test_mistakes_on_the_command_line(here: Here) -> None:
    wrong = here.run("rate", "support.ftspec", "tome", "--out", "x.html")
    assert (
        wrong.returncode == 2 and "FT730" in wrong.stderr and "did you mean `tone`" in wrong.stderr
    )
    wrong = here.run("rate", "support.ftspec", "tone", "--export", "orpo=x.jsonl")
    assert wrong.returncode == 2 and "FT733" in wrong.stderr
    assert here.run("rate", "support.ftspec", "tone", "--out", "x.html").returncode == 0


def test_rows_of_a_dataset_are_asked_without_any_score(project: Project, here: Here) -> None:
    text = (project.root / "support.ftspec").read_text()
    text = (
        text.partition("eval golden")[0]
        + """dataset support {
  schema = case
  source = jsonl("data/golden.jsonl")
  id = id
}

rate tone { compare = [base, next]  cases = support }
"""
    )
    project.spec(text)
    done = here.run("rate", "support.ftspec", "tone", "--out", "tone.html")
    assert done.returncode == 0 and "24 items to rate" in done.stdout


# ------------------------------------------------------------------ exports


class _Call:
    """What the reader of a judge's labels asks of the judge."""

    kind, labels, span = "pairwise", "labels.jsonl", Span("s", 0, 0)


@dataclass
class _Where:
    root: Path


def test_ratings_become_pairs_that_a_dataset_reads(project: Project, here: Here) -> None:
    here.run("rate", "support.ftspec", "tone", "--out", "tone.html")
    write(project, "one.jsonl", ratings(project, "r-one", 0.9))
    assert here.run("rate", "support.ftspec", "tone", "--import", "one.jsonl").returncode == 5
    done = here.run(
        "rate", "support.ftspec", "tone", "--export", "dpo=data/pairs.jsonl", "--export",
        "arena=arena.csv", "--export", "label-studio=tasks.json", "--export", "labels=labels.jsonl",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    project.write(
        "pairs.ftspec",
        """ftspec 1

schema pair extends preference { id: text }

dataset pairs {
  schema = pair
  source = jsonl("data/pairs.jsonl")
  id = id
}

check pairs {
  rule apart { each must chosen.text != rejected.text }
  rule enough { expect count(rows) == 24 }
}
""",
    )
    checked = here.run("validate", "pairs.ftspec")
    assert checked.returncode == 0, checked.stdout
    pair = json.loads((project.root / "data/pairs.jsonl").read_text().splitlines()[0])
    assert pair["prompt"][-1]["role"] == "user" and pair["raters"] == 1

    import csv

    with (project.root / "arena.csv").open(encoding="utf-8", newline="") as stream:
        battles = list(csv.DictReader(stream))
    assert len(battles) == 24 and {one["model_a"] for one in battles} == {"base", "next"}
    won = sum(
        int(one[f"winner_model_{side}"]) for one in battles for side in "ab"
        if one[f"model_{side}"] == "next"
    )  # fmt: skip
    assert 18 <= won <= 24 and all(
        not cell.startswith(("=", "+", "@")) for one in battles for cell in one.values()
    )
    labels = read_labels(_Call, _Where(project.root))  # type: ignore[arg-type]
    assert len(labels) == 24 and {one.value for one in labels} == {0.0, 1.0}
    tasks = json.loads((project.root / "tasks.json").read_text())
    assert len(tasks) == 24
    assert {one["annotations"][0]["result"][0]["type"] for one in tasks} == {"choices"}
    assert "base" not in json.dumps([one["annotations"] for one in tasks])


# ------------------------------------------------------------------ served


@contextmanager
def served(project: Project, *words: str) -> Iterator[str]:
    process = subprocess.Popen(
        [PROGRAM, "rate", "support.ftspec", "tone", "--serve", *words], cwd=project.root,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = ""
        for _ in range(200):
            line = process.stdout.readline()
            if line.startswith("rate at "):
                break
        yield line.removeprefix("rate at ").strip()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def asked(url: str, method: str = "GET", body: str = "", **headers: str) -> tuple[int, str]:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request(method, f"/{path}", body or None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_the_page_on_this_machine(project: Project, here: Here, browser: Browser) -> None:
    here.run("rate", "support.ftspec", "tone", "--out", "tone.html")
    with served(project) as url:
        base, _, token = url.partition("?token=")
        host = base.removeprefix("http://").rstrip("/")
        row = json.dumps(ratings(project, "r-net")[0]) + "\n"
        mine = {"X-Ftdsl-Token": token, "Origin": base.rstrip("/")}
        assert asked(url)[0] == 200
        assert asked(base)[0] == 403, "no token"
        assert asked(f"{base}?token=wrong")[0] == 403
        assert asked(url, Host="rebound.example")[0] == 403, "another name for this machine"
        assert asked(url, Origin="https://evil.example")[0] == 403
        assert asked(f"{base}etc/passwd?token={token}")[0] == 404
        send = f"{base}ratings"
        assert asked(send, "POST", row, **{"X-Ftdsl-Token": token})[0] == 403, "no origin"
        assert asked(send, "POST", row, **{**mine, "Origin": "null"})[0] == 403
        assert asked(send, "POST", row, **{**mine, "X-Ftdsl-Token": ""})[0] == 403
        assert asked(send, "POST", "{}\n", **mine)[0] == 400
        assert not (project.root / "ratings").exists()
        assert asked(send, "POST", row, **mine)[0] == 200
        assert asked(send, "POST", row, **{**mine, "Host": host})[0] == 200

        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        page.get_by_label("Pseudonym").fill("r-web")
        page.keyboard.press("Enter")
        page.keyboard.press("2")
        page.keyboard.press("4")
        page.get_by_text("2 verdicts, all at the server").wait_for()
        context.close()
    kept = {
        path.name: len(path.read_text().splitlines())
        for path in (project.root / "ratings/tone").rglob("*.jsonl")
    }
    assert kept == {"r-net.jsonl": 1, "r-web.jsonl": 2}


@pytest.mark.code("FT732")
def test_a_port_that_is_taken_is_told(project: Project, here: Here) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = here.run("rate", "support.ftspec", "tone", "--serve", "--port", port)
    assert done.returncode == 2 and "FT732" in done.stderr
    with served(project, "--port", port) as url:
        time.sleep(0.1)
        assert f":{port}/" in url
