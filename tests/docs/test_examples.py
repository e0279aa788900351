"""Every example of the documentation does what the page says.

A fenced block says what it is by its first word: ``ftspec`` blocks are checked (a whole program
must be clean; with ``error FTnnn`` it must raise that code; a fragment must parse), ``console``
blocks are run in a copy of the specs and their output compared (``…`` stands for anything), and
``python`` blocks are executed there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ftdsl.diagnostics.diagnostic import Severity
from ftdsl.language.analyze import analyze
from ftdsl.language.parsing.parser import parse
from ftdsl.language.source import Source

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """One fenced block: its language, the words after it, and its text."""

    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def examples(language: str) -> list[Example]:
    return [one for page in PAGES for one in _of_page(page) if one.language == language]


def _of_page(page: Path) -> Iterator[Example]:
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Example(page, line, match[1], tuple(match[2].split()), match[3])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the specs with their data, where commands may write."""
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    (tmp_path / ".ftdsl-root").touch()
    return tmp_path


@pytest.mark.parametrize("example", examples("ftspec"), ids=str)
def test_specs(example: Example, project: Path) -> None:
    spec = project / "specs" / "example.ftspec"
    if not example.text.startswith("ftspec "):
        parsed = parse(Source("example.ftspec", f"ftspec 1\n\n{example.text}".encode()))
        assert parsed.diagnostics == (), [one.message for one in parsed.diagnostics]
        return
    spec.write_text(example.text, encoding="utf-8")
    found = analyze(spec, project).diagnostics
    if "error" in example.words:
        assert example.words[-1] in {one.code for one in found}
        return
    assert not [one.message for one in found if one.severity is Severity.ERROR]


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Each ``$ command`` with the output that the page shows below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def _pattern(output: str) -> re.Pattern[str]:
    lines = [re.escape(line.rstrip()).replace("…", ".*") for line in output.strip().splitlines()]
    return re.compile(r"\s*\n".join(lines) + r"\s*", re.DOTALL)


def _run(example: Example, project: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "100"}
    environment["XDG_CACHE_HOME"] = str(project / "cache")
    for command, expected in _commands(example.text):
        # The pages are ours: a shell line of theirs is run as a reader would run it.
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        shown = "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines())
        assert _pattern(expected).fullmatch(shown.strip()), f"$ {command}\n{shown}"


def _quick(language: str, *, slow: bool) -> list[Example]:
    return [one for one in examples(language) if ("slow" in one.words) is slow]


@pytest.mark.parametrize("example", _quick("console", slow=False), ids=str)
def test_commands(example: Example, project: Path) -> None:
    _run(example, project)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("example", _quick("console", slow=True), ids=str)
def test_long_commands(example: Example, project: Path) -> None:
    _run(example, project)


@pytest.mark.parametrize("example", examples("python"), ids=str)
def test_python(example: Example, project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example.text],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
