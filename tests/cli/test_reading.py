"""Commands that tell: rows, report, lock, waivers, doctor, cache, fmt, init, plan and apply."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.cli.project import GOOD, SPEC, Project, row

SCHEMA = Path(__file__).parents[2] / "docs/reference/schemas/report.schema.json"
WAIVER = """
waive support.short {
  rows   = ids("t-1")
  reason = "kept as it was written"
  until  = 2999-12-31
}
"""


def broken(project: Project, many: int = 5) -> None:
    wrong = [row(f"w-{i}", f"Question {i}?", "") for i in range(many)]
    project.rows("data/support.jsonl", [*GOOD, *wrong])


def test_rows_shows_every_row_that_breaks_a_rule(project: Project) -> None:
    broken(project, 30)
    shown = project.run("validate", "support.ftspec").stdout
    assert len(re.findall(r"reply_present.*\(row w-", shown)) == 10
    assert "… and 20 more: ftdsl rows support.ftspec reply_present" in shown
    done = project.run("rows", "support.ftspec", "reply_present")
    assert done.returncode == 0
    assert done.stdout.count("(row w-") == 30
    assert "more" not in done.stdout
    found = project.json("rows", "support.ftspec", "support.reply_present")
    assert [each["row_id"] for each in found["findings"]] == [f"w-{i}" for i in range(30)]
    assert [each["line"] for each in found["findings"]] == list(range(5, 35))
    assert project.json("rows", "support.ftspec", "short")["findings"] == []


def test_report_shows_a_run_again(project: Project) -> None:
    broken(project)
    ran = project.run("run", "support.ftspec")
    assert ran.returncode == 1
    page = re.search(r"^report: (\S+)$", ran.stdout, flags=re.MULTILINE)
    assert page is not None
    assert (project.root / page[1]).read_text().startswith("<!doctype html>")
    again = project.run("report")
    assert again.returncode == 1
    summary = [line for line in again.stdout.splitlines() if line.startswith(("✓", "✗", "△"))]
    assert summary == [line for line in ran.stdout.splitlines() if line[:1] in "✓✗△" and line]
    run_id = project.json("report")["run_id"]
    assert project.json("report", run_id[:15])["run_id"] == run_id
    assert run_id in project.run("report", "--list").stdout
    done = project.run("report", "--output", "html=r.html", "--output", "markdown=r.md")
    assert done.returncode == 1
    assert (project.root / "r.md").read_text().startswith("## ❌ ftdsl report: FAIL")


def test_lock_records_what_was_accepted(project: Project) -> None:
    assert project.run("run", "support.ftspec").returncode == 0
    assert project.run("lock", "support.ftspec", "--check").returncode == 1
    done = project.run("lock", "support.ftspec")
    assert (done.returncode, done.stdout) == (0, "ftspec.lock written\n")
    assert "rows = 4" in (project.root / "ftspec.lock").read_text()
    assert project.run("run", "support.ftspec").returncode == 0
    assert project.run("lock", "support.ftspec", "--check").stdout == "ftspec.lock is up to date\n"
    project.spec(SPEC.replace("count(rows) >= 3", "count(rows) >= 90% * locked.count"))
    project.rows("data/support.jsonl", GOOD[:3])
    assert project.run("validate", "support.ftspec").returncode == 1


def test_waivers_are_listed_with_their_ends(project: Project) -> None:
    assert project.run("waivers", "support.ftspec").stdout == "no waiver\n"
    project.spec(SPEC + WAIVER)
    shown = project.run("waivers", "support.ftspec").stdout
    assert "support.short" in shown
    assert "until 2999-12-31" in shown
    assert "kept as it was written" in shown


def test_doctor_names_keys_and_never_their_values(project: Project) -> None:
    secret = "sk-canary-0123456789"
    done = project.run("doctor", environment={"OPENAI_API_KEY": secret})
    assert done.returncode == 0
    assert re.search(r"OPENAI_API_KEY +set", done.stdout)
    assert secret not in done.stdout + done.stderr
    unset = {"OPENAI_API_KEY": ""}
    assert re.search(r"OPENAI_API_KEY +not set", project.run("doctor", environment=unset).stdout)
    assert "pydantic" in done.stdout


def test_cache_is_cleared_and_results_are_kept(project: Project) -> None:
    project.run("check", "support.ftspec")
    project.run("run", "support.ftspec")
    assert project.run("cache").returncode == 0
    assert project.run("cache", "--clear").returncode == 0
    assert not list(Path(project.environment["XDG_CACHE_HOME"]).rglob("check/*.json"))
    assert "nothing to do" in project.run("run", "support.ftspec").stdout
    assert project.run("cache", "--clear", "--results").returncode == 0
    assert not (project.root / ".ftdsl/steps").exists()


def test_fmt_rewrites_checks_and_shows(project: Project) -> None:
    ugly = SPEC.replace("ticket_id: text", "ticket_id:   text")
    path = project.spec(ugly)
    told = project.run("fmt", "--check", "support.ftspec").stdout
    assert "error[FT632]: support.ftspec would be reformatted" in told
    shown = project.run("fmt", "--diff", "support.ftspec")
    assert shown.returncode == 1
    assert "-  ticket_id:   text" in shown.stdout
    assert "--- a/support.ftspec" in shown.stdout
    assert path.read_text() == ugly
    assert project.run("fmt", "support.ftspec").stdout == "support.ftspec reformatted\n"
    assert path.read_text() == SPEC
    assert project.run("fmt", "support.ftspec").stdout == ""


def test_init_makes_a_project_that_passes(project: Project) -> None:
    (project.root / "new").mkdir()
    done = project.run("init", "new")
    assert done.returncode == 0
    spec = "new/specs/starter.ftspec"
    assert project.run("check", spec).returncode == 0
    assert project.run("fmt", "--check", spec).returncode == 0
    assert project.run("validate", "-q", spec).returncode == 0
    kept = project.write("new2/.pre-commit-config.yaml", "repos: []\n")
    done = project.run("init", "new2")
    assert "add to it by hand" in done.stdout
    assert kept.read_text() == "repos: []\n"


def test_a_saved_plan_is_applied_while_nothing_moved(project: Project) -> None:
    shown = project.run("plan", "support.ftspec", "-o", "plan.json")
    assert "never ran" in shown.stdout
    assert "4 of 4 steps would run" in shown.stdout
    assert not (project.root / ".ftdsl/steps").exists()
    project.rows("data/support.jsonl", GOOD[:3])
    moved = project.run("apply", "plan.json")
    assert moved.returncode == 2
    assert "error[FT200]" in moved.stdout
    project.rows("data/support.jsonl", GOOD)
    assert project.run("apply", "plan.json").returncode == 0
    again = project.run("run", "support.ftspec")
    assert "PASS: nothing to do, all 4 steps are unchanged" in again.stdout
    assert "✓ nothing to do" in project.run("plan", "support.ftspec").stdout
    assert project.run("apply", "support.ftspec").returncode == 2


def test_several_specs_are_one_answer(project: Project) -> None:
    project.write("other.ftspec", SPEC)
    broken(project)
    found = project.json("validate", "support.ftspec", "other.ftspec")
    assert set(found["datasets"]) == {"support.support", "other.support"}
    assert found["counts"]["discovered"] == 18
    assert found["exit_code"] == 1


def test_quiet_says_nothing_when_all_is_well(project: Project) -> None:
    for command in ("check", "validate", "run", "plan", "test", "fmt"):
        done = project.run(command, "support.ftspec", "-q")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), command
    broken(project)
    done = project.run("validate", "support.ftspec", "-q")
    assert done.returncode == 1
    assert "reply_present" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        ("check", "support.ftspec"), ("validate", "support.ftspec"), ("run", "support.ftspec"),
        ("plan", "support.ftspec"), ("test", "support.ftspec"), ("fmt", "support.ftspec"),
        ("explain",), ("explain", "FT110"), ("doctor",), ("cache",), ("waivers", "support.ftspec"),
        ("rows", "support.ftspec", "short"), ("init", "fresh"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_command_answers_in_the_published_schema(
    project: Project, words: tuple[str, ...]
) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    found = project.json(*words)
    jsonschema.Draft202012Validator(schema).validate(found)
    assert found["command"] == words[0]


@pytest.mark.parametrize(
    ("environment", "words", "colored"),
    [
        ({}, (), False),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({}, ("--color", "always"), True),
        ({"NO_COLOR": "1"}, ("--color", "always"), True),
        ({"FORCE_COLOR": "1"}, ("--color", "never"), False),
    ],
)
def test_color_is_as_asked(
    project: Project, environment: dict[str, str], words: tuple[str, ...], colored: bool
) -> None:
    done = project.run("check", "support.ftspec", *words, environment=environment)
    assert ("\x1b[" in done.stdout) is colored


def test_a_terminal_without_unicode_gets_ascii(project: Project) -> None:
    broken(project)
    environment = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = project.run("validate", "support.ftspec", environment=environment)
    assert done.returncode == 1
    assert done.stdout.isascii()
    assert done.stderr.isascii()


def test_data_writes_no_escape_and_no_workflow_command(project: Project) -> None:
    evil = "\x1b[2J\n::error::x\n##vso[task.setvariable variable=a]b\u202e"
    project.rows("data/support.jsonl", [*GOOD, row(evil, evil, "word " * 50 + evil)])
    for format_ in ("full", "concise", "markdown", "json", "github"):
        done = project.run(
            "validate", "support.ftspec", "-v", "--output", format_,
            environment={"GITHUB_ACTIONS": "true"},
        )  # fmt: skip
        assert done.returncode == 1
        for stream in (done.stdout, done.stderr):
            assert "\x1b" not in stream
            assert "\u202e" not in stream
            assert "##vso[" not in stream
            told = [each for each in stream.splitlines() if each.lstrip().startswith("::")]
            assert all(re.match(r"::(error|warning|notice) (file|title)=", each) for each in told)
            assert format_ == "github" or not told


def test_every_page_of_the_run_is_below_the_output_folder(project: Project) -> None:
    before = {path for path in project.root.rglob("*") if path.is_file()}
    project.run("run", "support.ftspec", "--out", "results")
    made = {path for path in project.root.rglob("*") if path.is_file()} - before
    assert made
    assert all(path.is_relative_to(project.root / "results") for path in made)
    assert list((project.root / "results/runs").iterdir())
