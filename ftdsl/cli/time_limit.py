"""``--max-seconds``: the cheapest datasets that fit, and by name those that were put off.

What a dataset will take is what it took last time, by its bytes; for one that was never looked at,
what the others took for theirs. One that is begun and does not finish in time is stopped as by
Ctrl-C: its finished steps count, and it is named among those put off.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from ftdsl.api import AnalysisView, PlanView, RefusedError
from ftdsl.cli.changed import Target
from ftdsl.cli.merging import worst
from ftdsl.cli.session import out_folder, ran
from ftdsl.cli.validation import planned, selectors
from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span
from ftdsl.engine.folder import is_refused
from ftdsl.engine.store import replace_text
from ftdsl.reports.numbers import duration, plural, size
from ftdsl.reports.report import Report
from ftdsl.results.models import Verdict
from ftdsl.results.run import RunResult, verdict_of

SPEEDS_FILE = "speeds.json"
_SPEED = 8e6
"""Bytes a second and step where nothing is known of this machine: few rules are slower."""


@dataclass(frozen=True, slots=True)
class Part:
    """The data steps of one dataset. ``bytes`` is what its stale steps would read."""

    seen: AnalysisView
    dataset: str
    plan: PlanView
    bytes: int

    @property
    def key(self) -> str:
        """Its name among all specs of the project."""
        return f"{self.seen.path}:{self.dataset}"


@dataclass
class Speeds:
    """What datasets took: (bytes, seconds) by name, kept in the output folder between runs."""

    path: Path
    known: dict[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Speeds:
        """What is in the file; nothing where it is missing or damaged."""
        try:
            held = json.loads(path.read_bytes())
            known = {str(k): (float(size), float(taken)) for k, (size, taken) in held.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            known = {}
        return cls(path, known)

    def seconds(self, part: Part) -> float:
        """What ``part`` will probably take."""
        if part.bytes == 0:
            return 0.0
        before = self.known.get(part.key)
        if before is not None and before[0] > 0:
            return part.bytes * before[1] / before[0]
        total = sum(taken for _, taken in self.known.values())
        speed = sum(read for read, _ in self.known.values()) / total if total > 0 else _SPEED
        return part.bytes / (speed or _SPEED)

    def note(self, part: Part, seconds: float) -> None:
        """Remember what ``part`` took, if it read anything."""
        if part.bytes:
            self.known[part.key] = (float(part.bytes), seconds)

    def save(self) -> None:
        """Keep it; a folder that cannot be written costs foresight, nothing else."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_text(self.path, json.dumps(self.known))
        except OSError:
            return


def within(
    examined: Sequence[tuple[Target, AnalysisView]], arguments: Namespace
) -> Iterator[Report]:
    """A report for every dataset that was looked at, and one that names the others."""
    started = time.monotonic()
    parts: list[Part] = []
    for target, seen in examined:
        for part in _parts(target, seen, arguments):
            if isinstance(part, Report):
                yield part
            else:
                parts.append(part)
    if not parts:
        return
    out = out_folder(arguments, parts[0].seen.root)
    speeds = Speeds.read(out / "cache" / SPEEDS_FILE)
    late: list[tuple[Part, str]] = []
    verdicts: list[Verdict] = []
    for part in sorted(parts, key=lambda one: (speeds.seconds(one), one.key)):
        left = arguments.max_seconds - (time.monotonic() - started)
        expected = speeds.seconds(part)
        if expected > 0 and expected > left:
            told = f"about {duration(expected)} for {size(part.bytes)}"
            late.append((part, f"{told}, with {duration(max(0.0, left))} left"))
            continue
        report, finished = _looked_at(part, max(left, 0.0) if expected else None, speeds, arguments)
        verdicts.append(report.verdict)
        yield report
        if not finished:
            late.append((part, f"it did not finish in the {duration(left)} that were left"))
    if not is_refused(out):
        speeds.save()
    if late:
        stopped = arguments.fail_on_skip and worst(verdicts) == "pass"
        yield _put_off(late, len(parts), "stopped" if stopped else "pass")


def _parts(target: Target, seen: AnalysisView, arguments: Namespace) -> Iterator[Part | Report]:
    every = tuple(each.name for each in seen.program.datasets) if seen.program is not None else ()
    for name in every if target.datasets is None else target.datasets:
        try:
            made = planned(seen, selectors(seen, (name,)), arguments)
        except RefusedError as error:
            yield replace(error.report, command="validate")
            return
        stale = (step for step in made.plan.steps if step.state == "stale")
        yield Part(seen, name, made, sum(step.cost.bytes for step in stale))


def _looked_at(
    part: Part, left: float | None, speeds: Speeds, arguments: Namespace
) -> tuple[Report, bool]:
    """The report of ``part``, and whether it finished in the seconds that are ``left``."""
    began = time.monotonic()
    # What an earlier part has done is fresh by now: the plan is made anew.
    made = planned(part.seen, selectors(part.seen, (part.dataset,)), arguments)
    with _alarm(left) as alarm:
        view = ran(made, arguments)
    if not (alarm.rang and view.result.verdict == "stopped"):
        speeds.note(part, time.monotonic() - began)
        return view.report, True
    return replace(view, result=_finished(view.result)).report, False


def _finished(result: RunResult) -> RunResult:
    """The run without the step that the alarm stopped and without those behind it."""
    steps = tuple(step for step in result.steps if step.output is not None)
    verdict = verdict_of(steps)
    known = {"steps": steps, "verdict": verdict, "exit_code": 0, "signal": None}
    return result.model_copy(update=known)


@dataclass(slots=True)
class _Alarm:
    rang: bool = False

    def ring(self) -> None:
        self.rang = True
        os.kill(os.getpid(), signal.SIGINT)

    def late(self, number: int, frame: FrameType | None) -> None:
        """A signal that no run catches: our own came too late to matter, the user's ends us."""
        del number, frame
        if not self.rang:
            raise KeyboardInterrupt


@contextmanager
def _alarm(seconds: float | None) -> Iterator[_Alarm]:
    """Ask the run to stop, as Ctrl-C does, once ``seconds`` are over."""
    alarm = _Alarm()
    if seconds is None:
        yield alarm
        return
    before = signal.signal(signal.SIGINT, alarm.late)
    timer = threading.Timer(seconds, alarm.ring)
    timer.daemon = True
    timer.start()
    try:
        yield alarm
    finally:
        timer.cancel()
        timer.join()
        signal.signal(signal.SIGINT, before)


def _put_off(late: Sequence[tuple[Part, str]], total: int, verdict: Verdict) -> Report:
    """A warning for each that was put off."""
    done = total - len(late)
    names = ", ".join(part.key for part, _ in late)
    return Report(
        "validate",
        verdict,
        spec=late[0][0].seen.path,
        files=tuple(dict.fromkeys(part.seen.path for part, _ in late)),
        diagnostics=tuple(_warning(part, why) for part, why in late),
        sources={name: one for part, _ in late for name, one in part.seen.sources.items()},
        notes=(f"{done} of {plural(total, 'dataset')} looked at; put off: {names}",),
    )


def _warning(part: Part, why: str) -> Diagnostic:
    program = part.seen.program
    spans = {each.name: each.span for each in (program.datasets if program is not None else ())}
    only = f"ftdsl validate {part.seen.path} --only {part.dataset}"
    return Diagnostic(
        "FT631",
        f"dataset `{part.dataset}` was put off: {why}",
        spans.get(part.dataset) or Span(part.seen.path, 0, 0),
        Severity.WARNING,
        help=f"not looked at is not right: `{only}`",
    )
