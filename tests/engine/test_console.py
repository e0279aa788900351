"""What a run shows while it runs: bars with time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.engine.console import (
    BarConsole,
    LineConsole,
    Meter,
    QuietConsole,
    console_for,
    duration,
    inert,
    write_line,
)
from ftdsl.engine.context import Context, Policy
from ftdsl.engine.run import run_plan
from ftdsl.plan.planner import build_plan
from ftdsl.plan.steps import Step
from ftdsl.results.outputs import StepOutput
from tests.engine.steps import answer, quick
from tests.plan.programs import program, write_project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def shown(root: Path, console: LineConsole | BarConsole, *, seconds: float = 0.0) -> None:
    def execute(step: Step, context: Context) -> StepOutput:
        if step.id != "check.support":
            return quick(step, context)
        bar = context.progress("rows\x1b[31m::error", total=10)
        for _ in range(5):
            time.sleep(seconds / 5)
            bar.advance()
            bar.note("loss 0.5\n##vso")
        bar.close()
        return answer(step)

    out = root / ".ftdsl"
    plan = build_plan(program(), root, out, Policy())
    assert run_plan(plan, root, out, console=console, execute=execute).exit_code == 0


def test_plain_lines_begin_with_the_name_and_hold_no_control(root: Path) -> None:
    stream = io.StringIO()
    shown(root, LineConsole(stream, seconds=0.1), seconds=0.6)
    lines = stream.getvalue().split("\n")[:-1]
    assert lines[0] == "ftdsl: dataset.support begins"
    assert all(line.startswith("ftdsl: ") and line.isprintable() for line in lines)
    during = [line for line in lines if "of 10 rows" in line]
    rest = r"[1-4] of 10 rows \(\d0%\), .* rows/s, .* left, loss 0.5"
    assert any(re.search(rest, line) for line in during), during
    assert any(re.match(r"ftdsl: check.support done in ", line) for line in lines)


def test_a_run_with_nothing_to_do_prints_no_lines(root: Path) -> None:
    shown(root, LineConsole(io.StringIO()))
    stream = io.StringIO()
    shown(root, LineConsole(stream))
    assert stream.getvalue() == ""


def test_bars_on_a_real_terminal_show_the_step_and_the_time_left(root: Path) -> None:
    ours, theirs = pty.openpty()
    terminal = open(theirs, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - a descriptor
    console = console_for(terminal)
    assert isinstance(console, BarConsole)
    shown(root, console, seconds=1.2)
    terminal.flush()
    text = b""
    os.set_blocking(ours, False)
    while True:
        try:
            text += os.read(ours, 1 << 16)
        except (BlockingIOError, OSError):
            break
    terminal.close()
    os.close(ours)
    assert b"check.support" in text
    assert re.search(rb"[1-5]/10", text)
    assert b"done in" in text
    assert b"\x1b[31m::error" not in text


def test_which_console_a_stream_gets() -> None:
    assert isinstance(console_for(io.StringIO()), LineConsole)
    assert isinstance(console_for(io.StringIO(), quiet=True), QuietConsole)


def test_a_line_is_what_the_stream_can_hold() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write_line(stream, "naïve → done")
    assert raw.getvalue() == b"na?ve ? done\n"


def test_a_reader_that_has_gone_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stream = open(writer, "w", encoding="utf-8", buffering=1)  # noqa: PTH123, SIM115
    write_line(stream, "lost")
    with contextlib.suppress(BrokenPipeError):
        stream.close()


def test_a_meter_without_an_end_says_no_share() -> None:
    meter = Meter("rows", None, "rows", started=0.0)
    meter.advance(500)
    assert meter.line(10.0) == "rows: 500 rows, 50 rows/s"
    meter.total = 1000
    assert meter.line(10.0) == "rows: 500 of 1,000 rows (50%), 50 rows/s, 10s left"


@given(st.text())
def test_inert_text_is_one_printable_line(text: str) -> None:
    assert inert(text).isprintable()
    assert len(inert(text)) == len(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.004, "0.00s"), (0.42, "0.42s"), (5.0, "5s"), (59, "59s"), (200, "3m20s"), (7500, "2h05m")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
