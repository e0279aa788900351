"""Step ``train`` here: a model learns from a dataset's rows, in a process of its own."""

from __future__ import annotations

import errno
import os
import shutil
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Progress, Refused
from ftdsl.language.program import Value
from ftdsl.plan.steps import TrainStep
from ftdsl.results.models import Finding, TrainOutput
from ftdsl.training.checking.batch import chosen_settings
from ftdsl.training.ending import Hopeless, Pruned
from ftdsl.training.examples import Examples, write_examples
from ftdsl.training.local.base_model import BaseModel, find_base
from ftdsl.training.local.card import model_card
from ftdsl.training.local.checkpoints import FOLDER
from ftdsl.training.local.curve import loss_curve
from ftdsl.training.local.job import (
    Begun,
    Done,
    Failed,
    Halted,
    Job,
    Lengths,
    Phase,
    Settings,
    Stepped,
    Validated,
    settings_of,
)
from ftdsl.training.local.process import WorkerDied, worker_events

_NOWHERE = Span("", 0, 0)
_LIBRARIES = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "datasets",
    "accelerate",
    "safetensors",
    "gguf",
)
_JOB, _ROWS, _VALIDATION = "job.json", "rows.jsonl", "validation.jsonl"
_QUANTIZER = "bitsandbytes"
CARD = "README.md"


def run_local(step: TrainStep, context: Context, hopeless: Hopeless | None = None) -> TrainOutput:
    """Train ``step`` and leave adapter/, adapter.gguf (over a GGUF base), model/ or merged/,
    template.jinja, trainer_state.json and README.md in ``context.work``.

    What an interrupted run left in ``context.work`` is gone on with, from its last whole
    checkpoint. Raises ``Refused`` (FT500, FT501, FT600–FT609, FT655) and ``Stopped``.
    """
    start = time.monotonic()
    chosen = chosen_settings(step, context.outputs.get(f"preflight.{step.name}"))
    settings = settings_of(chosen)
    _assert_installed(step, settings)
    base = find_base(step, context)
    run = _Run(step, context, base, settings, chosen, hopeless)
    try:
        run.prepare()
        done = run.follow()
        return run.finish(done, time.monotonic() - start)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Refused(_disk_full(step, str(error.strerror))) from error


@dataclass(slots=True)
class _Run:
    """One training run and what its worker has told so far."""

    step: TrainStep
    context: Context
    base: BaseModel
    settings: Settings
    chosen: dict[str, Value]
    hopeless: Hopeless | None = None
    rows: Examples | None = None
    validation: Examples | None = None
    lengths: tuple[Lengths, ...] = ()

    def prepare(self) -> None:
        """Write the rows and the job file."""
        train, work = self.step.train, self.context.work
        self.rows = self._examples("data", train.data, work / _ROWS)
        if train.validate is not None:
            self.validation = self._examples("validate", train.validate, work / _VALIDATION)
        job = Job(
            base=self.base.path,
            converted=self.base.converted(self.context.cache),
            tokenizer=self.base.tokenizer(self.context.cache),
            work=work,
            rows=self.rows.path,
            validation=self.validation.path if self.validation else None,
            template=self._template(),
            settings=self.settings,
            threads=_threads(self.context),
        )
        (work / _JOB).write_text(job.model_dump_json(), encoding="utf-8")

    def _examples(self, key: str, source: tuple[str, str | None], path: Path) -> Examples:
        found = write_examples(self.step, source, path, self.context)
        if found.rows == 0:
            name = ".".join(part for part in source if part)
            raise Refused(
                self._diagnostic(
                    "FT601",
                    f"`{key} = {name}` has no row to use after dedup",
                    "give the split a larger share, or look at what dedup removed",
                )
            )
        return found

    def _template(self) -> str | None:
        """The text of the chat template: the target's own, else the base model's setting."""
        chosen = dict(self.step.train.settings).get("template")
        if chosen is None and self.step.base_model is not None:
            chosen = dict(self.step.base_model.settings).get("template")
        if chosen is None:
            return None
        place = (self.context.root / str(chosen)).resolve()
        if not place.is_relative_to(self.context.root.resolve()) or not place.is_file():
            raise Refused(
                self._diagnostic("FT603", f"the chat template `{chosen}` is no file of the project")
            )
        return place.read_text(encoding="utf-8")

    def follow(self) -> Done:
        """Run the worker to its end; raises ``Refused`` or ``Stopped`` where it has another."""
        job, bar = self.context.work / _JOB, None
        at = 0
        try:
            events = worker_events(
                job, _threads(self.context), self.context.checkpoint, self.settings.processes
            )
            for event in events:
                match event:
                    case Phase() if bar is None:
                        bar = self.context.progress(event.text, None, "steps")
                    case Phase() | Begun():
                        bar = self._next_bar(bar, event)
                        at = event.step if isinstance(event, Begun) else 0
                    case Lengths():
                        self.lengths += (event,)
                    case Stepped() if bar is not None:
                        bar.advance(event.step - at)
                        at = event.step
                        if event.loss is not None:
                            bar.note(f"loss {event.loss:.3f}")
                    case Validated() if self.hopeless is not None:
                        if self.hopeless(event.epoch, event.eval_loss):
                            raise Pruned(event.step)
                    case Failed():
                        raise Refused(self._diagnostic(event.code, event.message, event.help))
                    case Done():
                        return event
                    case Halted() | Stepped() | Validated():
                        continue
        except WorkerDied as error:
            raise Refused(self._died(error, at)) from error
        finally:
            if bar is not None:
                bar.close()
        raise Refused(self._diagnostic("FT604", "the training process ended without a result"))

    def _next_bar(self, bar: Progress | None, event: Phase | Begun) -> Progress:
        if bar is not None:
            bar.close()
        if isinstance(event, Phase):
            return self.context.progress(event.text, None, "steps")
        bar = self.context.progress("training", event.steps, "steps")
        bar.advance(event.step)
        return bar

    def finish(self, done: Done, seconds: float) -> TrainOutput:
        """Write the card, throw away what only a resumed run needs, and say what came of it."""
        assert self.rows is not None
        work, train = self.context.work, self.step.train
        digests = done.digests | {"base": self.base.sha256, "rows": self.rows.digest}
        if self.validation is not None:
            digests["validation"] = self.validation.digest
        output = TrainOutput(
            name=self.step.name,
            target=train.target,
            base=self.base.name,
            rows=self._taken("data"),
            validation_rows=self._taken("validate"),
            steps=done.steps,
            epochs=done.epochs,
            tokens=done.tokens,
            trained_parameters=done.trained_parameters,
            total_parameters=done.total_parameters,
            seconds=seconds,
            memory=done.memory,
            curve=loss_curve(done.history),
            settings={key: str(value) for key, value in sorted(self.chosen.items())},
            resolved=self._resolved(),
            digests=digests,
            adapter=done.adapter,
            weights=done.weights,
            model_card=CARD,
            resumed_from=done.resumed_from,
            findings=tuple(self._findings()),
        )
        card = model_card(output, self.base.licence, done.versions)
        (work / CARD).write_text(card, encoding="utf-8")
        for name in (_JOB, _ROWS, _VALIDATION):
            (work / name).unlink(missing_ok=True)
        shutil.rmtree(work / FOLDER, ignore_errors=True)
        return output

    def _resolved(self) -> dict[str, str]:
        """What became of the settings that were left to be chosen."""
        stated = dict(self.step.train.settings)
        changed = {key: value for key, value in self.chosen.items() if stated.get(key) != value}
        return {key: str(value) for key, value in sorted(changed.items())}

    def _taken(self, split: str) -> int:
        return next((one.rows for one in self.lengths if one.split == split), 0)

    def _findings(self) -> list[Finding]:
        """What became of rows that are too long, or say nothing to learn from."""
        found = []
        limit = self.settings.max_length
        for one in self.lengths:
            of = f"of {one.rows + one.mute} rows of `{one.split}`"
            if one.cut:
                message = f"{one.cut} {of} are longer than {limit} tokens and were cut"
                help_ = f"the longest has {one.longest}; raise `max_length`, or drop such rows"
                found.append(_warning("FT605", message, help_))
            if one.mute:
                message = f"{one.mute} {of} have no token left to learn from and took no part"
                found.append(_warning("FT605", message, "their reply begins beyond `max_length`"))
        for examples in (self.rows, self.validation):
            if examples is not None and examples.unanswered:
                message = (
                    f"{examples.unanswered} rows have no answer to learn from and took no part"
                )
                found.append(_warning("FT605", message, "a row rule can forbid them"))
            if examples is not None and examples.with_tools:
                message = f"{examples.with_tools} rows declare tools that the model was not shown"
                help_ = "say them in the system turn, or train with `ftdsl export SPEC --to trl`"
                found.append(_warning("FT605", message, help_))
        return found

    def _died(self, error: WorkerDied, at: int) -> Diagnostic:
        last = error.log.strip().splitlines()[-1:]
        return Diagnostic(
            "FT604",
            f"the training process did not finish: {error}",
            self.step.train.span or _NOWHERE,
            notes=tuple(f"its last words: {line}" for line in last),
            help=f"run again: it goes on from its last checkpoint at or before step {at}"
            if at
            else "run again; `ftdsl report` keeps what the other steps found",
        )

    def _diagnostic(self, code: str, message: str, help_: str = "") -> Diagnostic:
        return Diagnostic(code, message, self.step.train.span or _NOWHERE, help=help_)


def _assert_installed(step: TrainStep, settings: Settings) -> None:
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    place = step.train.span or _NOWHERE
    if missing:
        raise Refused(
            Diagnostic(
                "FT600",
                f"training needs libraries that are not installed: {', '.join(missing)}",
                place,
                help="install them: `pip install 'ftdsl[train]'`",
            )
        )
    quantized = settings.adapter is not None and settings.adapter.quantized
    if quantized and find_spec(_QUANTIZER) is None:
        raise Refused(
            Diagnostic(
                "FT655",
                f"`adapter = qlora` needs the library `{_QUANTIZER}`, which is not installed",
                place,
                help="install it: `pip install 'ftdsl[qlora]'`, or train with `adapter = lora(…)`",
            )
        )


def _threads(context: Context) -> int:
    return max(1, min(context.policy.workers, os.cpu_count() or 1))


def _disk_full(step: TrainStep, why: str) -> Diagnostic:
    return Diagnostic(
        "FT608",
        f"the disk is full: {why}",
        step.train.span or _NOWHERE,
        help="free some space and run again: it goes on from the last whole checkpoint",
    )


def _warning(code: str, message: str, help_: str) -> Finding:
    return Finding(code=code, message=message, severity="warning", help=help_)
