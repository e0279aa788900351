"""A validation with nothing left to do is answered from the user's cache, and only then."""

from __future__ import annotations

import json
import os
import re
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ftdsl.cli import replies
from tests.cli.project import GOOD, Project, row

WORDS = ("validate", "support.ftspec")


def settle() -> None:
    """Until no change can hide behind the times of what was just written."""
    time.sleep(0.05)


def is_reply(project: Project, *words: str) -> bool:
    """Whether the command is answered without a run."""
    runs = project.root / ".ftdsl/runs"
    before = set(runs.iterdir())
    project.run(*words)
    return set(runs.iterdir()) == before


def known(project: Project, *words: str) -> Project:
    settle()
    project.run(*words)
    assert is_reply(project, *words)
    return project


@pytest.mark.parametrize("format", ["full", "json"])
def test_the_reply_is_what_a_run_prints(project: Project, format: str) -> None:
    words = (*WORDS, "--output", format)
    project.rows("data/support.jsonl", [*GOOD, row("t-9", "Hello?", "word " * 60)])
    settle()
    cold = project.run(*words)
    reply = project.run(*words)
    for kept in (Path(project.environment["XDG_CACHE_HOME"]) / "ftdsl/replies").iterdir():
        kept.unlink()
    run = project.run(*words)
    assert cold.returncode == reply.returncode == run.returncode == 1

    def plain(text: str) -> str:
        text = re.sub(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}", "RUN", text)
        return re.sub(r'[0-9.]+s$|"seconds":\s*[0-9.e-]+', "SECONDS", text, flags=re.MULTILINE)

    assert plain(reply.stdout) == plain(run.stdout)
    assert plain(reply.stdout) != plain(cold.stdout)


@pytest.fixture
def stood_on(tmp_path: Path) -> dict[str, Any]:
    """A kept reply over a small tree."""
    out = tmp_path / ".ftdsl"
    for name in ("data/a.jsonl", ".ftdsl/steps/x/result.json", ".ftdsl/runs/latest"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("r-1\n", encoding="ascii")
    files = [str(tmp_path / name) for name in ("data/a.jsonl", "ftspec.lock")]
    return {
        "files": {name: replies.stamp(name) for name in files},
        "made": replies.sizes_of([out / "steps/x/result.json"]),
        "patterns": [
            [str(tmp_path), "data/*.jsonl", replies.matched(str(tmp_path), "data/*.jsonl")]
        ],
        "runs": {str(out): "r-1"},
    }


def _edit_alike(root: Path) -> None:
    path = root / "data/a.jsonl"
    status = path.stat()
    path.write_text("r-2\n", encoding="ascii")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace(root: Path) -> None:
    (root / "b").write_text("r-1\n", encoding="ascii")
    (root / "b").replace(root / "data/a.jsonl")


def _link_out(root: Path) -> None:
    (root / ".ftdsl").rename(root / "elsewhere")
    (root / ".ftdsl").symlink_to("elsewhere")


def _link_result(root: Path) -> None:
    result = root / ".ftdsl/steps/x/result.json"
    result.rename(root / "result.json")
    result.symlink_to(root / "result.json")


CHANGES: dict[str, Callable[[Path], object]] = {
    "edited, size and time as before": _edit_alike,
    "another file of the name": _replace,
    "gone": lambda root: (root / "data/a.jsonl").unlink(),
    "a lock that was not there": lambda root: (root / "ftspec.lock").touch(),
    "one more file of the pattern": lambda root: (root / "data/b.jsonl").touch(),
    "no result": lambda root: (root / ".ftdsl/steps/x/result.json").unlink(),
    "a result behind a link": _link_result,
    "another run": lambda root: (root / ".ftdsl/runs/latest").write_text("r-2\n"),
    "an output folder behind a link": _link_out,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_the_reply_stands_on_ends_it(
    tmp_path: Path, stood_on: dict[str, Any], change: Callable[[Path], object]
) -> None:
    assert replies._holds(json.loads(json.dumps(stood_on)))
    change(tmp_path)
    assert not replies._holds(json.loads(json.dumps(stood_on)))


def test_edited_rows_are_looked_at(project: Project) -> None:
    known(project, *WORDS)
    project.rows("data/support.jsonl", [*GOOD, row("t-5", "Why?", "Because it is so.")])
    assert "5 rows" in project.run(*WORDS).stdout


def test_other_options_are_another_question(project: Project) -> None:
    known(project, *WORDS)
    assert not is_reply(project, *WORDS, "--statistics")
    for _ in range(2):
        project.run(*WORDS, "--output", "json=report.json")
        (project.root / "report.json").unlink()


def test_a_file_that_was_touched_just_now_is_no_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time_ns()
    monkeypatch.setattr(replies.time, "time_ns", lambda: now)
    fresh, old = now - 1_000_001, now - 40_000_001
    assert not replies._is_settled([1, old, fresh, 2, 3])
    assert replies._is_settled([1, old, old, 2, 3])
    whole_second = (now // 10**9 - 1) * 10**9
    assert not replies._is_settled([1, whole_second, old, 2, 3])


def test_a_damaged_reply_is_a_miss(
    tmp_path: Path, stood_on: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "reply.json"
    monkeypatch.setattr(replies, "_place", lambda *_: kept)
    good = json.dumps({**stood_on, "format": 1, "text": "", "exit_code": 3})
    kept.write_text(good, encoding="utf-8")
    assert replies.reply((), Namespace()) == 3
    for damage in ("", "{}", "[1]", good[:-9], '{"format": 1, "files": []}', good[:-2] + "x}"):
        kept.write_text(damage, encoding="utf-8")
        assert replies.reply((), Namespace()) is None


def test_a_reply_imports_nothing_heavy(project: Project) -> None:
    known(project, *WORDS)
    done = project.run(*WORDS, environment={"PYTHONPROFILEIMPORTTIME": "1"})
    for heavy in ("pydantic", "numpy", "ftdsl.api", "ftdsl.engine", "ftdsl.results.models"):
        assert not re.search(rf"\| +{re.escape(heavy)}$", done.stderr, flags=re.MULTILINE), heavy


def test_no_key_takes_part_in_where_a_reply_lies(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even as a digest: the name of a file can be guessed at."""
    known(project, *WORDS)
    for name in ("FTDSL_KEY_MODELS_EXAMPLE_ORG", "FTDSL_INDEX_PASSWORD", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "sk-secret")
    assert is_reply(project, *WORDS)
    monkeypatch.setenv("FTDSL_LANGUAGETOOL_URL", "http://127.0.0.1:8081")
    assert not is_reply(project, *WORDS)
