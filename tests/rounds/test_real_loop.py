"""One whole loop on the real local model: a weak slice, a request, rows added, training again, and
the slice is better by its paired interval."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SPEC = "specs/quickstart.ftspec"
ROWS = "specs/data/quickstart/tools.jsonl"
WEAK = "weather"
EACH, LEFT = 27, 2


def program(project: Path, *words: str, code: int | None = 0) -> str:
    command = [str(Path(sys.executable).parent / "ftdsl"), *words]
    environment = {**os.environ, "XDG_CACHE_HOME": str(project / "cache")}
    done = subprocess.run(
        command, cwd=project, env=environment, check=False, capture_output=True, text=True
    )
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done.stdout


def scarce(project: Path) -> list[str]:
    """A small part of the rows with hardly any of one tool; the rows that were held back."""
    counts: dict[str, int] = {}
    kept, held = [], []
    for line in (project / ROWS).read_text().splitlines(keepends=True):
        row = json.loads(line)
        tool = row["tool"]
        if row["call"] not in row["messages"][-1]["content"]:
            continue
        counts[tool] = counts.get(tool, 0) + 1
        if counts[tool] <= (LEFT if tool == WEAK else EACH):
            kept.append(line)
        elif tool == WEAK:
            held.append(line)
    (project / ROWS).write_text("".join(kept))
    return held


def narrowed(text: str) -> str:
    """The quickstart for so few rows: its bounds are those of the whole data."""
    for old, new in (
        ("by tool { each >= 10% }", "by tool { each >= 0.1% }"),
        ("count(rows) >= 300", "count(rows) >= 50"),
        ("batch_size = 8", "batch_size = 4"),
        ("fail when failing > 1%", "fail when failing > 50%"),
        ("fail when failing > 3%", "fail when failing > 50%"),
    ):
        assert old in text
        text = text.replace(old, new)
    waiver = text.index("# One row is known to be wrong")
    return text[:waiver] + text[text.index("dedup tools {") :]


def compared(project: Path) -> dict[str, Any]:
    runs = sorted(one.name for one in (project / ".ftdsl/runs").iterdir() if one.is_dir())
    found: dict[str, Any] = json.loads(
        program(project, "compare", runs[0], runs[-1], "--output", "json", code=None)
    )["comparison"]
    return found


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_weak_slice_is_asked_for_and_gains(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    (tmp_path / ".ftdsl-root").touch()
    held = scarce(tmp_path)
    (tmp_path / SPEC).write_text(narrowed((tmp_path / SPEC).read_text()))
    program(tmp_path, "run", SPEC, "-q", code=None)
    steps = json.loads(program(tmp_path, "next", SPEC, "--output", "json"))["next"]
    first = steps["actions"][0]
    assert (first["code"], first["slice"], first["value"]) == ("FT710", "tool", WEAK)
    program(tmp_path, "next", SPEC, "--apply", "-q")
    (request,) = (tmp_path / "specs/rounds").glob("*/request.jsonl")
    request.write_text("".join(held[: first["asked"]]))
    program(tmp_path, "run", SPEC, "-q", code=None)
    found = compared(tmp_path)
    (data,) = (one for one in found["data"] if one["dataset"] == "tools")
    assert (data["rows_added"], data["rows_removed"]) == (min(first["asked"], len(held)), 0)
    (tuned,) = (one for one in found["evals"] if one["after_model"] == "tool_caller")
    (gain,) = (one for one in tuned["slices"]
               if (one["slice"], one["score"]) == (f"tool = {WEAK}", "right_tool"))  # fmt: skip
    assert gain["low"] > 0, gain
