"""What ``ftdsl init`` writes works as it stands: a commit through its hooks, its workflow."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.project import Project
from tests.cli.test_hooks import BIN, RUNNERS, git

DUPLICATES = '{"id": "s1", "topic": "x", "messages": [{"role": "user", "content": "Hi."}]}\n'


def environment(project: Project, tmp_path: Path) -> dict[str, str]:
    known = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PRE_COMMIT"))}
    return {
        **known,
        **project.environment,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(tmp_path / "hooks"),
        "PREK_HOME": str(tmp_path / "prek"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
    }


def commit(project: Project, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    user = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    return subprocess.run(
        ["git", *user, "commit", "-m", "x", *words],
        cwd=project.root,
        env=environment(project, tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    root = tmp_path / "fresh"
    root.mkdir()
    made = Project(root, {"XDG_CACHE_HOME": str(tmp_path / "cache"), "COLUMNS": "100"})
    git(root, "init", "-q", "-b", "main")
    assert made.run("init").returncode == 0
    made.write(".gitignore", ".ftdsl/\n")
    git(root, "add", "-A")
    return made


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_commit_goes_through_its_hooks(runner: str, fresh: Project, tmp_path: Path) -> None:
    """git calls the hook, with the variables that it sets for hooks; also for ``commit -a``."""
    installed = subprocess.run(
        [*RUNNERS[runner], "install"],
        cwd=fresh.root,
        env=environment(fresh, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr
    first = commit(fresh, tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    data = fresh.root / "specs/data/starter.jsonl"
    before = data.read_text()
    data.write_text(before + before.splitlines()[0].replace('"s1"', '"s7"') + "\n" + DUPLICATES)
    refused = commit(fresh, tmp_path, "-a")
    told = refused.stdout + refused.stderr
    assert refused.returncode == 1, told
    assert "specs/data/starter.jsonl:8" in told
    assert "reply_present" in told
    data.write_text(before)
    fresh.write("README.md", "hello\n")
    git(fresh.root, "add", "README.md")
    assert commit(fresh, tmp_path).returncode == 0


def test_its_workflow_does_what_it_says(fresh: Project, tmp_path: Path) -> None:
    """Every line of the job but the installation, as the runner calls it."""
    workflow = yaml.safe_load((fresh.root / ".github/workflows/ftdsl.yml").read_text())
    steps = workflow["jobs"]["validate"]["steps"]
    lines = [step["run"] for step in steps if "run" in step and "pip install" not in step["run"]]
    assert len(lines) == 3
    summary = tmp_path / "summary"
    known = {**environment(fresh, tmp_path), "GITHUB_STEP_SUMMARY": str(summary)}
    data = fresh.root / "specs/data/starter.jsonl"
    for rows, code in ((data.read_text(), 0), (data.read_text() + DUPLICATES, 1)):
        data.write_text(rows)
        codes, told = [], ""
        for line in lines:
            done = subprocess.run(
                ["bash", "-e", "-c", line],
                cwd=fresh.root,
                env=known,
                capture_output=True,
                text=True,
                check=False,
            )
            codes.append(done.returncode)
            told += done.stdout
        assert codes == [0, code, 0]
        assert ("::error file=specs/data/starter.jsonl,line=7" in told) == bool(code)
    text = summary.read_text()
    assert "ftdsl validate: PASS" in text
    assert "ftdsl validate: FAIL" in text
