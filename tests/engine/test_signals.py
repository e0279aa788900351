"""SIGINT and SIGTERM end a run cleanly, twice at once; SIGKILL loses nothing that was finished."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ftdsl.engine.runs import read_run
from tests.plan.programs import write_project

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def start(root: Path, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engine.worker", str(root), mode],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until_running(root: Path, step: str) -> None:
    """Wait until the step's own folder is there."""
    for _ in range(600):
        if list((root / ".ftdsl" / "work").glob(f"{step}-*")):
            time.sleep(0.2)
            return
        time.sleep(0.05)
    raise AssertionError(f"{step} never began")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_and_says_how_to_resume(
    root: Path, number: signal.Signals, code: int
) -> None:
    process = start(root, "slow")
    until_running(root, "check.support")
    sent = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert time.monotonic() - sent < 5
    assert out == "stopped\n"
    assert "Traceback" not in err
    assert "Resume with: ftdsl run specs/support.ftspec" in err
    record = read_run(root / ".ftdsl")
    assert record is not None
    assert record.exit_code == code
    statuses = {step.id: step.status for step in record.steps}
    assert statuses["dataset.support"] == "done"
    assert statuses["check.support"] == "stopped"
    assert statuses["gate.release"] == "stopped"
    again = start(root, "quick")
    out, err = again.communicate(timeout=60)
    assert (again.returncode, out) == (0, "pass\n"), err
    assert "dataset.support" not in err, "what was finished is not run again"


def test_a_second_signal_stops_a_step_that_does_not_listen(root: Path) -> None:
    process = start(root, "deaf")
    until_running(root, "check.support")
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None, "the first signal lets the step finish"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=5)
    assert (process.returncode, out) == (130, "stopped\n"), err


def test_sigterm_does_not_wait_for_a_step_that_does_not_listen(root: Path) -> None:
    process = start(root, "deaf")
    until_running(root, "check.support")
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (143, "stopped\n"), err
    assert 3 < time.monotonic() - sent < 7


def test_after_sigkill_the_record_says_stopped_and_the_next_run_goes_on(root: Path) -> None:
    process = start(root, "slow")
    until_running(root, "check.support")
    process.kill()
    process.communicate(timeout=10)
    record = read_run(root / ".ftdsl")
    assert record is not None
    assert record.verdict == "stopped"
    assert {step.id: step.status for step in record.steps}["check.support"] == "stopped"
    again = start(root, "quick")
    out, err = again.communicate(timeout=60)
    assert (again.returncode, out) == (0, "pass\n"), err


@pytest.mark.code("FT205")
def test_a_second_run_says_who_is_running(root: Path) -> None:
    first = start(root, "slow")
    until_running(root, "check.support")
    second = start(root, "quick")
    out, _ = second.communicate(timeout=20)
    assert second.returncode == 2
    assert "FT205" in out
    assert f"process {first.pid} on " in out
    assert "specs/support.ftspec" in out
    first.kill()
    first.communicate(timeout=10)
    third = start(root, "quick")
    out, err = third.communicate(timeout=60)
    assert (third.returncode, out) == (0, "pass\n"), err


def test_plain_lines_come_while_a_step_runs_and_quiet_shows_none(root: Path) -> None:
    process = start(root, "slow")
    until_running(root, "check.support")
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    lines = err.splitlines()
    assert any("check.support: parts: " in line and "so far" in line for line in lines), lines
    assert all(line.startswith("ftdsl: ") for line in lines)
    quiet = start(root, "quiet")
    _, err = quiet.communicate(timeout=60)
    assert err == ""
