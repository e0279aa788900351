"""Where a run shows itself while it runs: bars on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

from ftdsl.engine.context import Progress
from ftdsl.plan.model import Plan, PlannedStep
from ftdsl.results.run import RunResult, StepRun

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

LINE_SECONDS = 10.0


class Console(Protocol):
    """Told of a run as it goes. ``begin`` comes first and ``end`` last, whatever happens between;
    ``step_ended`` follows every ``step_began``, and comes alone for steps that did not run."""

    def begin(self, plan: Plan) -> None: ...

    def step_began(self, planned: PlannedStep) -> None: ...

    def progress(self, label: str, total: int | None, unit: str) -> Progress:
        """One bar of the step that runs."""
        ...

    def step_ended(self, record: StepRun) -> None: ...

    def end(self, result: RunResult | None) -> None:
        """``result`` is None when a bug ended the run."""
        ...


def console_for(stream: TextIO | None = None, *, quiet: bool = False) -> Console:
    """Bars where ``stream`` (standard error) is a terminal, else one plain line per ten seconds."""
    target = sys.stderr if stream is None else stream
    if quiet:
        return QuietConsole()
    return BarConsole(target) if target.isatty() else LineConsole(target)


class QuietConsole:
    """Shows nothing."""

    def begin(self, plan: Plan) -> None: ...

    def step_began(self, planned: PlannedStep) -> None: ...

    def progress(self, label: str, total: int | None, unit: str) -> Progress:
        return Meter(label, total, unit)

    def step_ended(self, record: StepRun) -> None: ...

    def end(self, result: RunResult | None) -> None: ...


@dataclass
class Meter:
    """How far one piece of work is. ``total`` is None where nobody knows the end."""

    label: str
    total: int | None
    unit: str
    done: int = 0
    text: str = ""
    closed: bool = False
    started: float = field(default_factory=time.monotonic)

    def advance(self, amount: int = 1) -> None:
        self.done += amount

    def note(self, text: str) -> None:
        self.text = text

    def close(self) -> None:
        self.closed = True

    def line(self, now: float) -> str:
        """``label: 1,200 of 5,000 rows (24%), 310 rows/s, 12s left, loss 0.42``."""
        seconds = max(now - self.started, 1e-9)
        rate = self.done / seconds
        parts = [f"{self.done:,} {self.unit}"]
        if self.total:
            share = min(self.done / self.total, 1.0)
            parts = [f"{self.done:,} of {self.total:,} {self.unit} ({share:.0%})"]
        if self.done:
            parts.append(
                f"{rate:,.3g} {self.unit}/s" if rate < 100 else f"{rate:,.0f} {self.unit}/s"
            )
        if self.total and 0 < self.done < self.total:
            parts.append(f"{duration((self.total - self.done) / rate)} left")
        if self.text:
            parts.append(self.text)
        return f"{self.label}: {', '.join(parts)}"


class LineConsole:
    """One line when a step begins and ends, and one every ``seconds`` while it runs.

    Every line begins with ``ftdsl`` and holds no control character, so that no text of a row can
    act on the CI system that reads it.
    """

    def __init__(self, stream: TextIO, seconds: float = LINE_SECONDS) -> None:
        self._stream = stream
        self._seconds = seconds
        self._running: PlannedStep | None = None
        self._began = 0.0
        self._meters: list[Meter] = []
        self._over = threading.Event()
        self._clock: threading.Thread | None = None

    def begin(self, plan: Plan) -> None: ...

    def step_began(self, planned: PlannedStep) -> None:
        self._running, self._began, self._meters = planned, time.monotonic(), []
        self._write(f"{planned.id} begins")
        if self._clock is None:
            self._clock = threading.Thread(target=self._tick, daemon=True)
            self._clock.start()

    def progress(self, label: str, total: int | None, unit: str) -> Progress:
        meter = Meter(label, total, unit)
        self._meters.append(meter)
        return meter

    def step_ended(self, record: StepRun) -> None:
        if self._running is not None and self._running.id == record.id:
            self._running = None
            self._write(f"{record.id} {ending(record)}")

    def end(self, result: RunResult | None) -> None:
        self._over.set()
        if self._clock is not None:
            self._clock.join()
        if result is not None and result.resume:
            self._write(f"stopped; what was done is kept. Resume with: {result.resume}")

    def _tick(self) -> None:
        while not self._over.wait(self._seconds):
            running, now = self._running, time.monotonic()
            if running is None:
                continue
            meter = next((m for m in reversed(self._meters) if not m.closed), None)
            state = meter.line(now) if meter is not None else "running"
            state = state.removeprefix(f"{running.id}: ")  # a step's only meter may bear its id
            self._write(f"{running.id}: {state} ({duration(now - self._began)} so far)")

    def _write(self, text: str) -> None:
        write_line(self._stream, f"ftdsl: {text}")


class BarConsole:
    """One bar for the run and one for each piece of work of the step that runs, with time left."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bars: RichProgress | None = None
        self._open: list[_Bar] = []

    def begin(self, plan: Plan) -> None: ...

    def step_began(self, planned: PlannedStep) -> None:
        if self._bars is None:
            self._bars = _bars(self._stream)
            self._bars.start()
        task = self._bars.add_task(planned.id, total=None, note="", unit="")
        self._open = [_Bar(self._bars, task)]

    def progress(self, label: str, total: int | None, unit: str) -> Progress:
        if self._bars is None:
            return Meter(label, total, unit)
        task = self._bars.add_task(f"  {inert(label)}", total=total, note="", unit=inert(unit))
        self._open.append(_Bar(self._bars, task))
        return self._open[-1]

    def step_ended(self, record: StepRun) -> None:
        if self._bars is None or not self._open:
            return
        for bar in self._open:
            bar.close()
        self._open = []
        self._bars.print(f"{record.id} {ending(record)}", markup=False, highlight=False)

    def end(self, result: RunResult | None) -> None:
        if self._bars is not None:
            self._bars.stop()
        if result is not None and result.resume:
            text = f"stopped; what was done is kept. Resume with: {result.resume}"
            write_line(self._stream, f"ftdsl: {text}")


class _Bar:
    """A task of the terminal's bars, seen as progress."""

    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self._bars = bars
        self._task: TaskID | None = task

    def advance(self, amount: int = 1) -> None:
        if self._task is not None:
            self._bars.advance(self._task, amount)

    def note(self, text: str) -> None:
        if self._task is not None:
            self._bars.update(self._task, note=inert(text))

    def close(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None


def _bars(stream: TextIO) -> RichProgress:
    from rich.console import Console as RichConsole
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=RichConsole(file=stream),
        transient=True,
        refresh_per_second=4,
    )


def ending(record: StepRun) -> str:
    """How a step ended, in a few words: ``done in 2.1s``, ``refused: no file matches …``."""
    if record.status == "done":
        verdict = f", {record.verdict}" if record.verdict not in (None, "pass") else ""
        return f"done in {duration(record.seconds)}{verdict}"
    why = record.diagnostics[0].message if record.diagnostics else "".join(record.reasons[:1])
    return f"{record.status}: {inert(why)}" if why else record.status


def duration(seconds: float) -> str:
    """``0.42s``, ``12s``, ``3m20s``, ``2h05m``."""
    if seconds < 10:
        return f"{seconds:.2g}s" if seconds >= 0.1 else f"{seconds:.2f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def inert(text: str) -> str:
    """``text`` on one line without anything that could move a terminal's cursor."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def write_line(stream: TextIO, text: str) -> None:
    """One line, in what the stream's encoding can hold; a reader that has gone is no error."""
    encoding = stream.encoding or "ascii"
    line = inert(text).encode(encoding, "replace").decode(encoding)
    try:
        stream.write(f"{line}\n")
        stream.flush()
    except (BrokenPipeError, ValueError):
        return
