"""SIGKILL in the middle of each real step: the run that goes on ends with the same results."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
#: What tells one run from another without being a result.
_CLOCKS = {"seconds", "memory", "resumed_from", "latency", "cached", "requests"}

_DATA_SPEC = """ftspec 1

dataset tools {
  schema = chat
  source = jsonl("rows.jsonl")
}

check tools {
  rule short { each must words(reply.text) <= 60 }
  rule spelled { each must misspelled(reply.text) <= 2  warn when failing > 0% }
  rule fits { each must tokens(row) <= 400 }
}

dedup tools {
  drop exact on normalize(prompt)
  drop near on prompt { similarity = 0.8 }
}

coverage tools {
  by bucket(words(prompt), edges: [2, 8]) { each >= 1% }
}
"""


def write_rows(root: Path, copies: int) -> None:
    """The rows of the quickstart, each with its number put to it, so often that steps take time."""
    source = (ROOT / "specs/data/quickstart/tools.jsonl").read_text(encoding="utf-8")
    rows = []
    for line in source.splitlines():
        try:
            rows.append(json.loads(line)["messages"])
        except (ValueError, KeyError):
            continue
    with (root / "rows.jsonl").open("w", encoding="utf-8") as stream:
        for number in range(copies):
            for turns in rows:
                first = {**turns[0], "content": f"{turns[0]['content']} {number}"}
                stream.write(json.dumps({"messages": [first, *turns[1:]]}) + "\n")


def command(root: Path, spec: str) -> list[str]:
    return [sys.executable, "-m", "ftdsl.cli.main", "run", spec, "--root", str(root), "--quiet"]


def finished(root: Path, spec: str) -> int:
    done = subprocess.run(
        command(root, spec), cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1, 5), done.stdout + done.stderr
    return done.returncode


def killed_in(root: Path, spec: str, step: str, delay: float) -> None:
    """Start a run and kill it, with all that it started, ``delay`` seconds into ``step``."""
    process = subprocess.Popen(
        command(root, spec),
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    work = root / ".ftdsl" / "work"
    while process.poll() is None and not list(work.glob(f"{step}-*")):
        time.sleep(0.002)
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
    process.wait()


def without_clocks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_clocks(each) for key, each in value.items() if key not in _CLOCKS}
    if isinstance(value, list):
        return [without_clocks(each) for each in value]
    return value


def results(root: Path) -> dict[str, Any]:
    """The output of every published step, and every byte of findings, removals and adapters."""
    found: dict[str, Any] = {}
    for file in sorted((root / ".ftdsl" / "steps").glob("*/*/*")):
        name = f"{file.parent.parent.name}/{file.name}"
        if file.name == "result.json":
            found[name] = without_clocks(json.loads(file.read_text(encoding="utf-8"))["output"])
        elif re.fullmatch(r"(findings|removed)\.jsonl|adapter\.gguf", file.name):
            found[name] = file.read_bytes()
    return found


@pytest.mark.parametrize("step", ["dataset.tools", "check.tools", "dedup.tools", "coverage.tools"])
def test_killed_in_a_data_step(tmp_path: Path, step: str) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for root in (whole, broken):
        root.mkdir()
        write_rows(root, 12)
        (root / "tools.ftspec").write_text(_DATA_SPEC, encoding="utf-8")
    code = finished(whole, "tools.ftspec")
    for delay in (0.0, 0.05, 0.2):
        killed_in(broken, "tools.ftspec", step, delay)
    assert finished(broken, "tools.ftspec") == code
    assert results(broken) == results(whole)
    assert results(whole)["dedup.tools/result.json"]["rows"] > 4000


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_in_training_evaluation_and_gate(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for root in (whole, broken):
        shutil.copytree(ROOT / "specs", root)
        spec = root / "quickstart.ftspec"
        text = spec.read_text(encoding="utf-8")
        text, times = re.subn(r"save_every = \d+", "save_every = 1\n    max_steps = 3", text)
        assert times == 1
        spec.write_text(text, encoding="utf-8")
        cases = root / "data/quickstart/held_out.jsonl"
        kept = cases.read_text(encoding="utf-8").splitlines(keepends=True)[:12]
        cases.write_text("".join(kept), encoding="utf-8")
    code = finished(whole, "quickstart.ftspec")
    killed_in(broken, "quickstart.ftspec", "train.tool_caller", 30.0)
    killed_in(broken, "quickstart.ftspec", "train.tool_caller", 60.0)
    killed_in(broken, "quickstart.ftspec", "eval.calls.tool_caller", 3.0)
    killed_in(broken, "quickstart.ftspec", "eval.calls.base", 3.0)
    killed_in(broken, "quickstart.ftspec", "gate.release", 0.0)
    assert finished(broken, "quickstart.ftspec") == code
    assert results(broken) == results(whole)
