"""A small project in a temporary folder, for every test of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.project import GOOD, SPEC, Project, row


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    made = Project(root, {"XDG_CACHE_HOME": str(tmp_path / "cache"), "COLUMNS": "100"})
    made.write(".ftdsl-root", "")
    made.spec(SPEC)
    made.rows("data/support.jsonl", GOOD)
    made.rows("rows/good.jsonl", GOOD[:1])
    made.rows("rows/blank.jsonl", [row("b-1", "Hello?", "")])
    return made
