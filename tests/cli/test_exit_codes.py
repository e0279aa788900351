"""Every exit code from a real process, and the printed verdict beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.project import GOOD, PROGRAM, SPEC, Project, row

VERDICTS = {0: {"pass"}, 1: {"fail"}, 2: {"error"}, 3: {"stopped"}, 4: {"refused"}}
VERDICTS |= {5: {"inconclusive"}, 130: {"stopped"}, 143: {"stopped"}}

MODELS = """
model old { provider = replay  outputs = jsonl("data/old.jsonl", id: "id", output: "reply") }
model new { provider = replay  outputs = jsonl("data/new.jsonl", id: "id", output: "reply") }

eval golden {
  schema = ticket
  source = jsonl("data/golden.jsonl")
  id = ticket_id
  score exact = exact_match(output, reply.text)
}
"""
GATE = """
gate release {{
  from = new
  eval = golden
  require {requirement}
}}
"""
REMOTE = """
model far {
  provider = openai_compatible
  base_url = "https://models.example.org/v1"
  name = "m"
}

eval golden {
  schema = ticket
  source = jsonl("data/support.jsonl")
  id = ticket_id
  score exact = exact_match(output, reply.text)
}
"""


def with_replay(project: Project, requirement: str, right: int, cases: int = 40) -> None:
    """A gate over recorded answers, of which the first ``right`` are right."""
    golden = [row(f"g-{i}", f"What is {i} + {i}?", str(2 * i)) for i in range(cases)]
    project.rows("data/golden.jsonl", golden)
    for name, good in (("old", 2), ("new", right)):
        answers: list[dict[str, Any]] = [
            {"id": f"g-{i}", "reply": str(2 * i) if i < good else "no"} for i in range(cases)
        ]
        project.rows(f"data/{name}.jsonl", answers)
    project.spec(SPEC + MODELS + GATE.format(requirement=requirement))


def agreed(project: Project, *words: str) -> int:
    """The exit code of a run; the JSON document and the process agree on it, and on the word."""
    found = project.json(*words)
    assert found["verdict"] in VERDICTS[found["exit_code"]]
    code: int = found["exit_code"]
    return code


def test_pass(project: Project) -> None:
    for command in ("check", "validate", "run", "plan", "test", "waivers"):
        assert agreed(project, command, "support.ftspec") == 0
    assert agreed(project, "report") == 0


def test_findings_fail(project: Project) -> None:
    project.rows("data/support.jsonl", [*GOOD, row("t-9", "And now?", "")])
    assert agreed(project, "validate", "support.ftspec") == 1
    assert agreed(project, "run", "support.ftspec") == 1
    assert agreed(project, "report") == 1


def test_a_gate_passes_fails_and_leaves_open(project: Project) -> None:
    with_replay(project, "exact.mean >= 50% with confidence 95%", 39)
    assert agreed(project, "gate", "support.ftspec", "release") == 0
    with_replay(project, "exact.mean >= 50% with confidence 95%", 4)
    assert agreed(project, "gate", "support.ftspec", "release") == 1
    with_replay(project, "exact.mean >= 50% with confidence 95%", 22)
    assert agreed(project, "gate", "support.ftspec", "release") == 5


def test_a_wrong_spec_cannot_be_answered(project: Project) -> None:
    project.spec(SPEC.replace("words(", "wrods("))
    assert agreed(project, "check", "support.ftspec") == 1
    for command in ("validate", "run", "plan", "test"):
        assert agreed(project, command, "support.ftspec") == 2


def test_data_that_is_not_there_cannot_be_answered(project: Project) -> None:
    (project.root / "data/support.jsonl").unlink()
    assert agreed(project, "validate", "support.ftspec") == 2


def test_a_host_that_nobody_allowed_is_refused(project: Project) -> None:
    project.spec(SPEC + REMOTE)
    assert agreed(project, "eval", "support.ftspec", "golden", "--offline") == 4
    assert agreed(project, "eval", "support.ftspec", "golden") == 4


def test_formatting_that_would_change_fails_and_a_broken_file_is_an_error(project: Project) -> None:
    project.write("wide.ftspec", "ftspec 1\n\nlet   x = 1\n")
    assert agreed(project, "fmt", "--check", "wide.ftspec") == 1
    project.write("broken.ftspec", "ftspec 1\n\ndataset {\n")
    assert agreed(project, "fmt", "--check", "broken.ftspec") == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_a_run_that_resumes(project: Project, number: int, code: int) -> None:
    many = [row(f"t-{i}", f"Question number {i}?", f"Answer number {i}.") for i in range(120_000)]
    project.rows("data/support.jsonl", many)
    child = subprocess.Popen(
        [PROGRAM, "run", "support.ftspec", "--output", "json"],
        cwd=project.root,
        env={**os.environ, **project.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    assert any("check.support begins" in told for told in iter(child.stderr.readline, ""))
    time.sleep(0.3)
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    found = json.loads(out)
    assert child.returncode == found["exit_code"] == code
    assert found["verdict"] == "stopped"
    assert "ftdsl run support.ftspec" in err, "how to resume is said"
    assert agreed(project, "run", "support.ftspec") == 0


def test_a_reader_that_has_gone_is_no_error(project: Project) -> None:
    for command in ("check support.ftspec", "--help", "explain", "check --help"):
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {PROGRAM} {command} | true; echo ${{PIPESTATUS[0]}}"],
            cwd=project.root,
            env={**os.environ, **project.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        assert done.stdout.strip() == "0"


def test_a_linked_output_folder_of_a_checkout_is_refused(project: Project, tmp_path: Path) -> None:
    """Whoever makes the checkout could else have results written, or read, wherever they like."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (project.root / ".ftdsl").symlink_to(elsewhere)
    for command in ("validate", "run", "plan"):
        done = project.run(command, "support.ftspec")
        assert list(elsewhere.iterdir()) == [], command
        if command != "plan":
            assert (done.returncode, "FT206" in done.stdout + done.stderr) == (2, True), done
