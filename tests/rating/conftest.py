"""A real browser, where one is installed, and a project with recorded answers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.cli.project import Project
from tests.rating.rating_project import RUBRIC, SPEC, answers

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a screen; FTDSL_CHROMIUM names another one than that of the machine.
    Playwright keeps an event loop running, so that it ends with the tests that use it."""
    found = os.environ.get("FTDSL_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        # Chromium has no sandbox of its own where tests run as root.
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    made = Project(root, {"XDG_CACHE_HOME": str(tmp_path / "cache"), "COLUMNS": "100"})
    made.write(".ftdsl-root", "")
    made.spec(SPEC)
    made.write("rubrics/tone.md", RUBRIC)
    for name, rows in answers().items():
        made.write(name, "".join(f"{json.dumps(row)}\n" for row in rows))
    return made
