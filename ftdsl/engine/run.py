"""Running a plan: each stale step after those it needs, its result published, the run recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ftdsl import __version__
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.console import Console, QuietConsole
from ftdsl.engine.context import Context, Engine, Policy, Progress, Refused, Stopped
from ftdsl.engine.dispatch import execute as run_step_function
from ftdsl.engine.engines import Engines
from ftdsl.engine.folder import OutFolder, unwritable
from ftdsl.engine.recording import write_record
from ftdsl.engine.runs import new_run_id, save_run
from ftdsl.engine.signals import StopRequest
from ftdsl.engine.store import Store
from ftdsl.plan.blocking import reason_to_wait
from ftdsl.plan.files import Files
from ftdsl.plan.model import Plan, PlannedStep
from ftdsl.plan.moved import moved_files
from ftdsl.plan.steps import RateStep, Step
from ftdsl.results.exits import exit_code
from ftdsl.results.outputs import StepOutput
from ftdsl.results.run import RunResult, StepRun, verdict_of

Execute = Callable[[Step, Context], StepOutput]

#: How a step must have ended for those that need it to go on.
_HOLDS = frozenset({"done", "fresh", "waiting"})


@dataclass(frozen=True)
class StepContext:
    """The engine's side of ``Context``, for one step."""

    root: Path
    work: Path
    cache: Path
    policy: Policy
    outputs: Mapping[str, StepOutput]
    folders: Mapping[str, Path]
    console: Console
    stop: StopRequest
    engines: Engines = field(default_factory=Engines)

    @property
    def engine(self) -> Engine:
        return self.engines.wanted(self.policy)

    def artifacts(self, step_id: str) -> Path:
        return self.folders[step_id]

    def progress(self, label: str, total: int | None = None, unit: str = "rows") -> Progress:
        return self.console.progress(label, total, unit)

    def checkpoint(self) -> None:
        self.stop.checkpoint()


def run_plan(
    plan: Plan,
    root: Path,
    out: Path,
    policy: Policy | None = None,
    *,
    console: Console | None = None,
    execute: Execute = run_step_function,
) -> RunResult:
    """Run what is stale of ``plan``, which was just made for ``root`` and ``out``.

    A step that refuses, fails or is stopped ends as a record; what does not depend on it goes on.
    The record of the run is written to ``out/runs/<id>/run.json`` after every step. One run at a
    time uses ``out``: a second one is turned away with FT205. ``execute`` is what runs one step.
    """
    shown = console if console is not None else QuietConsole()
    run = _Run(plan, root, Store(out), policy or Policy(), shown, execute)
    result: RunResult | None = None
    shown.begin(plan)
    try:
        result = run.all_steps()
    finally:
        shown.end(result)
    return result


@dataclass
class _Run:
    """One run on its way; ``records`` holds how each step ended, in plan order."""

    plan: Plan
    root: Path
    store: Store
    policy: Policy
    console: Console
    execute: Execute
    stop: StopRequest = field(default_factory=StopRequest)
    engines: Engines = field(default_factory=Engines)
    run_id: str = field(default_factory=new_run_id)
    started: float = field(default_factory=time.monotonic)
    records: dict[str, StepRun] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    turned_away: bool = False

    def all_steps(self) -> RunResult:
        try:
            with OutFolder(self.store.out, self.plan.spec), self.stop, self.engines:
                for planned in self.plan.steps:
                    self.records[planned.id] = self.one_step(planned)
                    self.console.step_ended(self.records[planned.id])
                result = self.result()
                return self.saved(result)
        except Refused as refused:
            self.diagnostics, self.turned_away = (refused.diagnostic,), True
            return self.result()

    def result(self) -> RunResult:
        steps = tuple(self.records.values())
        verdict = verdict_of(steps, refused=self.turned_away)
        return RunResult(
            version=__version__,
            run_id=self.run_id,
            spec=self.plan.spec,
            steps=steps,
            diagnostics=self.diagnostics,
            verdict=verdict,
            exit_code=exit_code(verdict, self.stop.signal),
            signal=self.stop.signal,
            seconds=time.monotonic() - self.started,
            only=self.plan.only,
        )

    def saved(self, result: RunResult) -> RunResult:
        try:
            save_run(self.store.out, result)
            write_record(self.plan, result, self.root, self.store)
        except OSError as error:
            self.diagnostics = (unwritable(self.store.out, error),)
            self.turned_away = True
            return self.result()
        return result

    def save_progress(self) -> None:
        """What is known so far, with the rest as stopped: true if nothing more ever happens."""
        rest = {
            planned.id: _record(planned, "stopped", reasons=("the run did not get to it",))
            for planned in self.plan.steps
            if planned.id not in self.records
        }
        before, self.records = self.records, self.records | rest
        try:
            save_run(self.store.out, self.result())
        except OSError:
            pass  # the step itself will say so, and the last record is written at the end
        finally:
            self.records = before

    # ------------------------------------------------------------------ one step

    def one_step(self, planned: PlannedStep) -> StepRun:
        if planned.state == "pending":
            return _record(planned, "pending", reasons=planned.reasons)
        if planned.state == "waiting":
            return self.for_people(planned)
        if planned.state == "fresh":
            stored = self.store.read(planned.id, planned.key)
            if stored is not None:
                return self.held(planned, stored.output)
        if self.stop.requested:
            return _record(planned, "stopped", reasons=("the run was stopped before it",))
        if (waiting := self.waiting(planned)) is not None:
            return waiting
        self.save_progress()
        self.console.step_began(planned)
        started = time.monotonic()
        record = self.ran(planned)
        return record.model_copy(update={"seconds": time.monotonic() - started})

    def for_people(self, planned: PlannedStep) -> StepRun:
        """Nothing to run: people have to say something. What is asked of it stays open."""
        is_open = isinstance(planned.step, RateStep) and bool(planned.step.rate.requires)
        waiting = self.waiting(planned)
        return waiting or _record(planned, "waiting", reasons=planned.reasons, is_open=is_open)

    def held(self, planned: PlannedStep, output: StepOutput) -> StepRun:
        with suppress(OSError):  # the result is as good; only the name of the last one is not
            self.store.confirm(planned.id, planned.key)
        return self.published(planned, "fresh", output)

    def waiting(self, planned: PlannedStep) -> StepRun | None:
        """Blocked, if a step that this one needs did not finish, or must pass and does not."""
        for need in planned.step.needs:
            record = self.records.get(need)
            if record is None or record.status not in _HOLDS:
                status = record.status if record is not None else "not run"
                why = f"it needs {need}, which is {status}"
            elif (reason := reason_to_wait(planned.step, need, record.verdict)) is not None:
                why = reason
            else:
                continue
            return _record(planned, "blocked", reasons=(why,), blocked_by=need)
        return None

    def ran(self, planned: PlannedStep) -> StepRun:
        try:
            output = self.salvaged(planned)
            if output is None:
                output = self.execute(planned.step, self.context(planned))
                self.refuse_moved(planned)
                self.store.publish(planned.id, planned.key, dict(planned.inputs), output)
        except Refused as refused:
            found = (refused.diagnostic,)
            return _record(planned, "refused", diagnostics=found, refusal=refused.exit_code)
        except (Stopped, KeyboardInterrupt):
            return _record(planned, "stopped", reasons=("a signal stopped it",))
        except OSError as error:
            found = (unwritable(self.store.out, error),)
            return _record(planned, "failed", diagnostics=found, refusal=2)
        except MemoryError:
            return _record(planned, "failed", diagnostics=(_no_memory(planned),), refusal=2)
        return self.published(planned, "done", output)

    def salvaged(self, planned: PlannedStep) -> StepOutput | None:
        """The result of a run that was killed when all was done but the last rename."""
        stored = self.store.salvage(planned.id, planned.key)
        return stored.output if stored is not None else None

    def context(self, planned: PlannedStep) -> Context:
        cache = self.store.cache
        cache.mkdir(parents=True, exist_ok=True)
        needed = [self.records[need] for need in planned.step.needs]
        return StepContext(
            root=self.root,
            work=self.store.prepare(planned.id, planned.key),
            cache=cache,
            policy=self.policy,
            outputs={record.id: record.output for record in needed if record.output is not None},
            folders={record.id: self.store.folder(record.id, record.key) for record in needed},
            console=self.console,
            stop=self.stop,
            engines=self.engines,
        )

    def refuse_moved(self, planned: PlannedStep) -> None:
        """A result must not be kept under the digests of files that changed meanwhile."""
        moved = moved_files(planned, Files(self.root, self.store.cache))
        if moved:
            self.store.discard(planned.id, planned.key)
            raise Refused(_changed(planned, moved))

    def published(self, planned: PlannedStep, status: str, output: StepOutput) -> StepRun:
        folder = self.store.folder(planned.id, planned.key)
        artifacts = folder.relative_to(self.store.out).as_posix()
        return _record(planned, status, reasons=planned.reasons, output=output, artifacts=artifacts)


def _record(planned: PlannedStep, status: str, **known: object) -> StepRun:
    return StepRun.model_validate(
        {
            "id": planned.id,
            "kind": planned.step.kind,
            "name": planned.step.name,
            "key": planned.key,
            "status": status,
            "requested": planned.requested,
            **known,
        }
    )


def _changed(planned: PlannedStep, moved: tuple[str, ...]) -> Diagnostic:
    names = ", ".join(moved[:3]) + (f" and {len(moved) - 3} more" if len(moved) > 3 else "")
    return Diagnostic(
        "FT204",
        f"{names} changed while {planned.id} ran",
        Span(moved[0], 0, 0),
        help="run again when nothing writes to the file",
    )


def _no_memory(planned: PlannedStep) -> Diagnostic:
    return Diagnostic(
        "FT208",
        f"the machine has no memory left for {planned.id}",
        Span("", 0, 0),
        help="close other programs, or make the step smaller; what was finished is kept",
    )
