"""The step ``train`` with ``target openai``: rows sent, one job made, followed, and read back."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftdsl.engine.context import Context, Refused
from ftdsl.engine.spending import Amount, Exhausted, Purse
from ftdsl.language.program import DatasetDef, Value
from ftdsl.models.hosts import Endpoint
from ftdsl.plan.hosting import FEWEST_ROWS, LARGEST_FILE
from ftdsl.plan.payment import budget_spent, training_problem
from ftdsl.plan.steps import TrainStep
from ftdsl.quality.measures.token_counts import token_counter
from ftdsl.results.models import CurvePoint, Finding, HostedCheckpoint, HostedJob, TrainOutput
from ftdsl.training.hosted.budget import Bill, bill_of
from ftdsl.training.hosted.card import hosted_card
from ftdsl.training.hosted.creating import Made, create_once, intent_key
from ftdsl.training.hosted.failures import (
    job_failed,
    named_line,
    over_budget,
    refused_by_host,
    told,
)
from ftdsl.training.hosted.following import follow, rest
from ftdsl.training.hosted.metrics import read_metrics, unbiased
from ftdsl.training.hosted.permission import endpoint_of
from ftdsl.training.hosted.request import epochs_of, job_request, read_grader
from ftdsl.training.hosted.rows import Counter, WireFile, example_of, used_rows, write_wire_rows
from ftdsl.training.hosted.wire import HostError, Timing, Wire, timing_of

if TYPE_CHECKING:
    from openai.types.fine_tuning import FineTuningJob

CARD, METRICS, CHECKPOINTS, JOB = "README.md", "metrics.csv", "checkpoints.json", "job.json"
_INTENT, _ROWS, _VALIDATION = "intent.json", "rows.jsonl", "validation.jsonl"
_IN_PARTS = 100_000_000
_SOON = 180


def run_hosted(step: TrainStep, context: Context) -> TrainOutput:
    """Train ``step`` at its host and leave job.json, metrics.csv, checkpoints.json and README.md
    in ``context.work``. Raises ``Refused`` (FT503, FT504, FT611–FT620) and ``Stopped``; after the
    latter the job goes on at the host, and the next run finds it."""
    endpoint = endpoint_of(step.train, context.policy)
    run = _Run(step, context, endpoint, timing_of(endpoint))
    try:
        return run.run()
    except HostError as error:
        raise refused_by_host(step.train, endpoint.host, error) from error


@dataclass(slots=True)
class _Run:
    """One hosted training, from its rows to its result."""

    step: TrainStep
    context: Context
    endpoint: Endpoint
    timing: Timing
    start: float = field(default_factory=time.monotonic)
    findings: list[Finding] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Value]:
        return dict(self.step.train.settings)

    @property
    def method(self) -> str:
        return str(self.settings["method"])

    def run(self) -> TrainOutput:
        train, validation = self._write_files()
        bill = self._bill(train)
        purse, worst = self._reserved(bill)
        grader = self._grader()
        with Wire(self.endpoint, self.timing) as wire:
            self._assert_offered(wire)
            made = self._make(wire, train, validation, bill, grader)
            job = follow(wire, made.job.id, self.context)
            # One that an earlier run made was paid by that run.
            purse.settle(worst, Amount() if made.adopted else _cost(job, bill))
            if job.status != "succeeded":
                raise job_failed(self.step.train, self.endpoint.host, job, self._blamed(job))
            return self._finish(wire, job, made, train, validation, bill)

    # ------------------------------------------------------------------ before

    def _write_files(self) -> tuple[WireFile, WireFile | None]:
        train, work = self.step.train, self.context.work
        rows = self._write(train.data, work / _ROWS)
        if rows.rows < FEWEST_ROWS:
            raise self._refused(
                "FT601",
                f"`data` has {rows.rows} rows to learn from; {self.endpoint.host} takes "
                f"{FEWEST_ROWS} or more",
                "add rows, or look at what dedup removed",
            )
        if train.validate is None:
            return rows, None
        return rows, self._write(train.validate, work / _VALIDATION)

    def _write(self, source: tuple[str, str | None], path: Path) -> WireFile:
        dataset = next(one for one in self.step.datasets if one.name == source[0])
        count = counter_of(dataset, self.context)
        found = write_wire_rows(self.step, source, path, self.context, self.method, count)
        if found.size > LARGEST_FILE:
            raise self._refused(
                "FT619",
                f"the rows of `{source[0]}` are {found.size / 1e6:,.0f} MB; a file may have "
                f"{LARGEST_FILE / 1e6:,.0f} MB",
                "learn from fewer rows",
            )
        if found.unfit:
            of = f"{found.unfit} of {found.rows + found.unfit} rows of `{source[0]}`"
            message = f"{of} are no example of `method = {self.method}` and took no part"
            self._warn("FT605", message, "a row rule can forbid them")
        return found

    def _bill(self, train: WireFile) -> Bill:
        epochs = epochs_of(self.settings, train.rows)
        return bill_of(self.settings, train.tokens, epochs, free=self.endpoint.loopback)

    def _reserved(self, bill: Bill) -> tuple[Purse, Amount]:
        """The most that the job can cost, held in the run's ledger before anything is asked for.
        Raises ``Refused``: FT615 over the spec's budget, FT533 and FT534 for the operator's."""
        train, ledger = self.step.train, self.context.policy.ledger
        if not bill.allowed:
            raise over_budget(train, bill)
        if (problem := training_problem(train, ledger.budget)) is not None:
            raise Refused(problem, exit_code=4)
        purse, worst = Purse((ledger,)), Amount(money=bill.money or 0.0)
        try:
            purse.hold(worst)
        except Exhausted as error:
            raise Refused(budget_spent(error, worst, train.span), exit_code=4) from error
        return purse, worst

    def _grader(self) -> dict[str, Any] | None:
        if self.method != "reinforcement":
            return None
        name = str(self.settings["grader"])
        place = (self.context.root / name).resolve()
        if not place.is_relative_to(self.context.root.resolve()):
            raise self._refused("FT620", f"the grader `{name}` is not in the project")
        try:
            return read_grader(place)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise self._refused(
                "FT620",
                f"the grader `{name}` cannot be used: {why}",
                "it is the JSON of one grader, as the API's reference describes it",
            ) from error

    def _assert_offered(self, wire: Wire) -> None:
        """The model is there, and will be for a while."""
        model = str(self.settings["model"])
        try:
            day = wire.shutdown_date(model)
        except HostError as error:
            if error.status in (404, 401, 403):
                raise
            return  # a host without a list of models is still asked for the job
        if day is None:
            return
        left = (date.fromisoformat(day[:10]) - date.today()).days
        if left < 0:
            raise self._refused(
                "FT616",
                f"{self.endpoint.host} took `{model}` away on {day[:10]}",
                "choose a model that is still offered, or `target trl`",
            )
        if left < _SOON:
            message = f"{self.endpoint.host} takes `{model}`, and what is trained from it, away "
            self._warn("FT616", f"{message}on {day[:10]}, in {left} days", "plan its successor")

    # ------------------------------------------------------------------ the job

    def _make(
        self,
        wire: Wire,
        train: WireFile,
        validation: WireFile | None,
        bill: Bill,
        grader: dict[str, Any] | None,
    ) -> Made:
        files = {"training_file": self._sent(wire, train)}
        digests = {"rows": train.digest}
        if validation is not None:
            files["validation_file"] = self._sent(wire, validation)
            digests["validation"] = validation.digest
        body = job_request(self.step.train.name, self.settings, bill.epochs, files, grader)
        key = intent_key(self.endpoint.url, body, digests)
        return create_once(
            wire,
            body,
            key,
            self.context.work / _INTENT,
            doubt=self.timing.doubt,
            pause=self._rest,
        )

    def _rest(self, seconds: float) -> None:
        rest(seconds, self.context.checkpoint, time.sleep)

    def _sent(self, wire: Wire, file: WireFile) -> str:
        """The id of the file at the host: uploaded once, by the digest of its bytes."""
        self.context.checkpoint()
        name = f"ftdsl-{file.digest[:32]}.jsonl"
        found = wire.find_file(name, file.size)
        return found or wire.upload(file.path, name, largest=_IN_PARTS)

    def _blamed(self, job: FineTuningJob) -> str:
        """Where the row stands that a failed job names by its line in the file that was sent."""
        named = named_line(job)
        train = self.step.train
        if named is None:
            return ""
        source = train.validate if named[0] == "validation_file" else train.data
        if source is None:
            return ""
        number = 0
        for row in used_rows(self.step, source, self.context):
            number += example_of(row, self.method) is not None
            if number == named[1]:
                return f"{row.path}:{row.line}"
        return ""

    # ------------------------------------------------------------------ after

    def _finish(
        self,
        wire: Wire,
        job: FineTuningJob,
        made: Made,
        train: WireFile,
        validation: WireFile | None,
        bill: Bill,
    ) -> TrainOutput:
        curve = self._curve(wire, job, train)
        hosted = self._hosted(wire, job, made, bill)
        digests = {"rows": train.digest}
        if validation is not None:
            digests["validation"] = validation.digest
        output = TrainOutput(
            name=self.step.name,
            target=self.step.train.target,
            base=job.model,
            rows=train.rows,
            validation_rows=validation.rows if validation is not None else 0,
            steps=max((point.step for point in curve), default=0),
            epochs=float(bill.epochs),
            tokens=job.trained_tokens or 0,
            trained_parameters=0,
            total_parameters=0,
            seconds=time.monotonic() - self.start,
            curve=curve,
            settings={key: str(value) for key, value in self.step.train.settings},
            digests=digests,
            adapter="",
            model_card=CARD,
            findings=tuple(self.findings),
            hosted=hosted,
        )
        self._leave(output, job)
        return output

    def _curve(self, wire: Wire, job: FineTuningJob, train: WireFile) -> tuple[CurvePoint, ...]:
        if not job.result_files:
            self._warn("FT618", f"{self.endpoint.host} has no results file of {job.id}", "")
            return ()
        content = wire.content(job.result_files[0])
        (self.context.work / METRICS).write_bytes(content)
        try:
            curve = read_metrics(content)
        except ValueError as error:
            self._warn("FT618", f"the results file of {job.id} cannot be read: {error}", "")
            return ()
        if self.method == "sft" and train.answer_tokens is not None:
            return unbiased(curve, train.answer_tokens)
        return curve

    def _hosted(self, wire: Wire, job: FineTuningJob, made: Made, bill: Bill) -> HostedJob:
        found = tuple(
            HostedCheckpoint(
                step=each.step_number,
                model=each.fine_tuned_model_checkpoint,
                eval_loss=each.metrics.full_valid_loss,
                token_accuracy=each.metrics.full_valid_mean_token_accuracy,
            )
            for each in wire.checkpoints(job.id)
        )
        method = getattr(job.method, job.method.type, None) if job.method is not None else None
        resolved = getattr(method, "hyperparameters", None) or job.hyperparameters
        values = resolved.model_dump(exclude_none=True) if resolved is not None else {}
        tokens = job.trained_tokens
        money = None
        if tokens is not None and bill.price is not None:
            money = tokens * bill.price / 1e6
        return HostedJob(
            host=self.endpoint.host,
            url=self.endpoint.url,
            job=job.id,
            model=job.fine_tuned_model or "",
            adopted=made.adopted,
            seed=job.seed,
            hyperparameters={key: str(value) for key, value in values.items()},
            worst_money=bill.money,
            money=money,
            checkpoints=found,
        )

    def _leave(self, output: TrainOutput, job: FineTuningJob) -> None:
        """The artifacts; what only an interrupted run needs is thrown away."""
        work = self.context.work
        (work / JOB).write_text(job.model_dump_json(indent=2), encoding="utf-8")
        assert output.hosted is not None
        listed = [each.model_dump() for each in output.hosted.checkpoints]
        (work / CHECKPOINTS).write_text(json.dumps(listed, indent=2), encoding="utf-8")
        (work / CARD).write_text(hosted_card(output), encoding="utf-8")
        for name in (_INTENT, _ROWS, _VALIDATION):
            (work / name).unlink(missing_ok=True)

    def _refused(self, code: str, message: str, help_: str = "") -> Refused:
        return Refused(told(self.step.train, code, message, help_))

    def _warn(self, code: str, message: str, help_: str) -> None:
        self.findings.append(Finding(code=code, message=message, severity="warning", help=help_))


def _cost(job: FineTuningJob, bill: Bill) -> Amount:
    """What the job is billed for: its trained tokens, and where the host does not say, the most."""
    price = bill.price or 0.0
    if job.trained_tokens is not None:
        return Amount(money=job.trained_tokens * price / 1e6)
    return Amount(money=(bill.money or 0.0) if job.status != "failed" else 0.0)


def counter_of(dataset: DatasetDef, context: Context) -> Counter | None:
    """What counts tokens; None where the packages for it are not installed."""
    try:
        return token_counter(dataset, context.root)
    except Refused as refused:
        if refused.diagnostic.code != "FT308":
            raise
        return None
