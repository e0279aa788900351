"""``target openai`` against the emulated API over loopback: the way through, and every way out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ftdsl.cli.main import main
from tests.cli.project import PROGRAM, Project
from tests.training.hosted_project import MODEL, SPEC, host, project_at

JOBS = "/fine_tuning/jobs"


def run(project: Project, *words: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON report, and all that was printed: the program, in this very process."""
    told, problems = io.StringIO(), io.StringIO()
    given = [*(words or ("train", "support.ftspec", "support_api")), "--output", "json"]
    with (
        contextlib.chdir(project.root),
        contextlib.redirect_stdout(told),
        contextlib.redirect_stderr(problems),
    ):
        code = main(given)
    found = json.loads(told.getvalue()) if told.getvalue().startswith("{") else {}
    return code, found, told.getvalue() + problems.getvalue()


def terminal(project: Project) -> str:
    """What a terminal shows of the same run."""
    told = io.StringIO()
    with contextlib.chdir(project.root), contextlib.redirect_stdout(told):
        main(["train", "support.ftspec", "support_api", "--output", "full"])
    return told.getvalue()


def artifact(project: Project, name: str) -> str:
    folder = project.root / ".ftdsl/steps/train.support_api"
    return next(folder.glob(f"*/{name}")).read_text()


def codes(report: dict[str, Any]) -> list[str]:
    return [each["code"] for each in report["findings"]] + [
        each["code"] for each in report.get("diagnostics", ())
    ]


def test_from_rows_to_a_gate(tmp_path: Path) -> None:
    with host() as emulator:
        project = project_at(tmp_path / "project", emulator.url, settings='suffix = "desk"')
        code, report, printed = run(project, "run", "support.ftspec")
        assert code == 0, printed
        training = report["trainings"]["support_api"]
        assert (training["base"], training["epochs"]) == (MODEL, 3)
        assert training["first_loss"] > training["last_loss"] > 0
        assert training["last_eval_loss"] is not None
        assert training["tokens"] > 0
        # The emulated model knows what it was shown by heart, and nothing of what was held out.
        (job,) = emulator.platform.jobs.values()
        shown = sum(f"number {i}?" in json.dumps(job.examples) for i in range(40))
        assert report["evals"]["golden"]["support_api"]["exact"]["mean"] == shown / 40
        assert emulator.count("POST", JOBS) == 1
        assert job.request["method"]["supervised"]["hyperparameters"]["n_epochs"] == 3
        assert job.request["metadata"]["ftdsl_train"] == "support_api"
        assert f"`{job.model_name}`" in artifact(project, "README.md")
        assert "full_valid_loss" in artifact(project, "metrics.csv")
        asked = len(emulator.requests)
        again, _, printed = run(project, "run", "support.ftspec")
        assert again == 0, printed
        assert len(emulator.requests) == asked


def test_a_changed_budget_trains_nothing_again(tmp_path: Path) -> None:
    with host() as emulator:
        project = project_at(tmp_path / "project", emulator.url)
        assert run(project)[0] == 0
        text = (project.root / "support.ftspec").read_text()
        project.spec(text.replace("budget = $5", "budget = $9"))
        assert run(project)[0] == 0
        assert emulator.count("POST", JOBS) == 1


def test_preferences(tmp_path: Path) -> None:
    spec = SPEC.replace("schema ticket extends chat", "schema ticket extends preference")
    spec = spec[: spec.index("eval golden")]
    with host() as emulator:
        project = project_at(
            tmp_path / "project", emulator.url, settings="method = dpo beta = 0.2", spec=spec
        )
        project.rows(
            "data/support.jsonl",
            [
                {"ticket_id": f"t-{i}", "lang": "en", "prompt": f"Question {i}?",
                 "chosen": f"Yes, {i}.", "rejected": "Who knows."}
                for i in range(40)
            ],
        )  # fmt: skip
        code, _, printed = run(project)
        assert code == 0, printed
        (job,) = emulator.platform.jobs.values()
        assert job.method == "dpo"
        assert job.hyperparameters["beta"] == 0.2
        assert job.examples[0]["preferred_output"][0]["role"] == "assistant"


@pytest.mark.code("FT620")
def test_graded_attempts(tmp_path: Path) -> None:
    settings = 'method = reinforcement grader = "grader.json" reasoning_effort = low'
    with host() as emulator:
        project = project_at(tmp_path / "project", emulator.url, settings=settings)
        grader = {
            "type": "string_check", "name": "same", "operation": "eq",
            "input": "{{sample.output_text}}", "reference": "{{item.reply}}",
        }  # fmt: skip
        project.write("grader.json", json.dumps(grader))
        code, _, printed = run(project)
        assert code == 0, printed
        (job,) = emulator.platform.jobs.values()
        assert job.request["method"]["reinforcement"]["grader"] == grader
        assert job.examples[0]["messages"][-1]["role"] == "user"
        assert job.examples[0]["reply"].startswith("The answer to question")
        project.write("grader.json", '{"type": "vibes"}')
        project.spec((project.root / "support.ftspec").read_text().replace("low", "high"))
        code, report, printed = run(project)
        assert (code, "FT620" in printed) == (2, True), report


@pytest.mark.code("FT611", "FT613", "FT614", "FT616", "FT619")
@pytest.mark.parametrize(
    ("rules", "settings", "exit_code", "code"),
    [
        ({"closed": True}, "", 4, "FT611"),
        ({"quota": 5}, "", 4, "FT614"),
        ({"moderated": ("question",)}, "", 2, "FT613"),
        ({"models": {}}, "", 2, "FT616"),
        ({"models": {MODEL: "2026-01-31"}}, "", 2, "FT616"),
        ({}, "price_per_1m = $2000", 1, "FT349"),
        ({}, f'suffix = "{"x" * 65}"', 2, "FT619"),
    ],
)
def test_what_the_host_refuses(
    rules: dict[str, Any], settings: str, exit_code: int, code: str, tmp_path: Path
) -> None:
    with host(**rules) as emulator:
        project = project_at(tmp_path / "project", emulator.url, settings=settings)
        found, _, printed = run(project)
        assert (found, code in printed) == (exit_code, True), printed
        assert "Traceback" not in printed
        made = sum(job.status != "failed" for job in emulator.platform.jobs.values())
        assert made == 0
        if code == "FT349":
            assert emulator.requests == []


@pytest.mark.code("FT612")
def test_a_row_that_the_host_refuses_is_told_by_its_own_place(tmp_path: Path) -> None:
    """The host names a line of the file that it was sent; the user knows only the own files."""
    with host(refused=("question number 41?",)) as emulator:
        project = project_at(tmp_path / "project", emulator.url)
        whole = (project.root / "support.ftspec").read_text()
        project.spec(whole.replace("train: 80%, holdout: 20%, seed: 7", "train: 98%, holdout: 2%"))
        code, _, printed = run(project)
        assert (code, "FT612" in printed) == (2, True), printed
        assert "that line is data/support.jsonl:42" in terminal(project)


@pytest.mark.code("FT615")
def test_an_unknown_price_is_not_spent(tmp_path: Path) -> None:
    """No host is reached: the price is asked for first."""
    project = project_at(tmp_path / "project", "https://models.example/v1")
    code, _, printed = run(
        project, "train", "support.ftspec", "support_api", "--allow-host", "models.example"
    )
    assert (code, "FT615" in printed) == (4, True), printed
    code, _, printed = run(project)
    assert (code, "FT503" in printed) == (4, True), printed


def test_the_operator_pays_and_not_the_spec(tmp_path: Path) -> None:
    """Whoever opens a pull request can write any budget into a spec."""
    train = ("train", "support.ftspec", "support_api")
    with host() as emulator:
        settings = "price_per_1m = $5"
        project = project_at(tmp_path / "project", emulator.url, settings=settings)
        code, _, printed = run(project)
        assert (code, "FT533" in printed) == (4, True), printed
        code, _, printed = run(project, *train, "--budget", "0.001")
        assert (code, "FT534" in printed) == (4, True), printed
        assert emulator.requests == []
        assert "FT533" in project.run("plan", "support.ftspec").stdout
        code, _, printed = run(project, *train, "--budget", "1")
        assert code == 0, printed
        assert emulator.count("POST", JOBS) == 1


def test_a_short_life_is_a_warning(tmp_path: Path) -> None:
    soon = (date.today() + timedelta(days=30)).isoformat()
    with host(models={MODEL: soon}) as emulator:
        project = project_at(tmp_path / "project", emulator.url)
        code, _, printed = run(project)
        assert code == 0, printed
        assert "FT616" in printed


@pytest.mark.parametrize(
    "faults",
    [
        ("create:1:lost",),
        ("create:1:500-after",),
        ("create:1:500", "create:2:500"),
        ("create:1:truncated", "list:2:500"),
        ("create:1:html",),
        ("create:1:drop", "list:3:429"),
        ("upload:1:lost", "files:1:500"),
        ("retrieve:2:truncated", "events:1:drop", "content:1:500"),
    ],
    ids=lambda each: "+".join(each),
)
def test_one_job_whatever_the_network_does(faults: tuple[str, ...], tmp_path: Path) -> None:
    with host(*faults) as emulator:
        project = project_at(tmp_path / "project", emulator.url)
        code, _, printed = run(project)
        assert code == 0, printed
        assert len(emulator.platform.jobs) == 1


@pytest.mark.code("FT618")
def test_a_host_that_stays_down_is_found_again(tmp_path: Path) -> None:
    with host("retrieve:*:500") as emulator:
        project = project_at(tmp_path / "project", emulator.url)
        code, _, printed = run(project)
        assert (code, "FT618" in printed) == (2, True), printed
        emulator.script.faults = ()
        code, _, printed = run(project)
        assert code == 0, printed
        assert len(emulator.platform.jobs) == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_finds_its_job(how: signal.Signals, tmp_path: Path) -> None:
    with host() as emulator:
        emulator.platform.rules.clock.polls = None
        emulator.platform.rules.clock.seconds = 3600
        project = project_at(tmp_path / "project", emulator.url)
        words = [str(PROGRAM), "train", "support.ftspec", "support_api"]
        child = subprocess.Popen(
            words,
            cwd=project.root,
            env={**os.environ, **project.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while not emulator.platform.jobs and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(how)
        assert child.wait(30) == (-9 if how == signal.SIGKILL else 130)
        emulator.platform.rules.clock.seconds = 0.5
        code, _, printed = run(project)
        assert code == 0, printed
        assert len(emulator.platform.jobs) == 1
        assert emulator.count("POST", JOBS) == 1


@pytest.mark.code("FT617")
def test_jobs_are_listed_and_cancelled(tmp_path: Path) -> None:
    with host() as emulator:
        emulator.platform.rules.clock.polls = None
        emulator.platform.rules.clock.seconds = 3600
        project = project_at(tmp_path / "project", emulator.url)
        child = subprocess.Popen(
            [str(PROGRAM), "train", "support.ftspec", "support_api"],
            cwd=project.root,
            env={**os.environ, **project.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + 60
        while not emulator.platform.jobs and time.monotonic() < deadline:
            time.sleep(0.02)
        listed = project.run("jobs", "support.ftspec", "support_api")
        assert "validating_files" in listed.stdout
        cancelled = project.run("jobs", "support.ftspec", "support_api", "--cancel")
        assert "cancelled" in cancelled.stdout, cancelled.stderr
        printed, _ = child.communicate(timeout=30)
        assert (child.returncode, "FT617" in printed) == (2, True), printed
        again = project.run("jobs", "support.ftspec", "support_api", "--cancel")
        assert again.returncode == 0, again.stderr
        emulator.platform.rules.clock.seconds = 0.3
        code, _, printed = run(project)
        assert code == 0, printed
        assert sorted(job.status for job in emulator.platform.jobs.values()) == [
            "cancelled", "succeeded",
        ]  # fmt: skip


def test_the_key_goes_to_its_host_and_into_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTDSL_KEY_127_0_0_1", "sk-secret-of-the-host")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-another")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    with host() as emulator:
        project = project_at(tmp_path / "project", emulator.url)
        code, _, printed = run(project)
        assert code == 0, printed
        assert "secret" not in printed
    for path in project.root.rglob("*"):
        if path.is_file():
            assert b"sk-secret" not in path.read_bytes(), path
