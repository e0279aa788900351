"""How the failures of a hosted training are told: what happened, and what to do next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import TrainDef
from ftdsl.models.hosts import key_variable
from ftdsl.training.hosted.budget import Bill
from ftdsl.training.hosted.wire import HostError

if TYPE_CHECKING:
    from openai.types.fine_tuning import FineTuningJob

_LINE = re.compile(r"[Ll]ine (\d+)")
_NOWHERE = Span("", 0, 0)
_BASE = "Qwen/Qwen3-4B-Instruct-2507"
"""Weights that anybody can have, to train instead of a host's: an example of `--base`."""


def told(train: TrainDef, code: str, message: str, help_: str = "", *notes: str) -> Diagnostic:
    return Diagnostic(code, message, train.span or _NOWHERE, notes=notes, help=help_)


def elsewhere(train: TrainDef) -> str:
    """What to do where this host does not train: a command that writes the same training for TRL,
    unless it asks for what only a host can do."""
    settings = dict(train.settings)
    multiplier = settings.get("learning_rate_multiplier", "auto")
    if settings.get("method") == "reinforcement" or multiplier != "auto":
        return "train the same rows here: `target trl`, with a `base` whose weights you have"
    spec = train.span.path if train.span is not None else "SPEC"
    name = train.name
    command = f"ftdsl export {spec} {name} --to trl --base {_BASE} --out {name}"
    return f"run this block on TRL: `{command}`"


def refused_by_host(train: TrainDef, host: str, error: HostError) -> Refused:
    """What a host's refusal means for this training."""
    name = train.name
    if error.code == "insufficient_quota":
        return Refused(
            told(train, "FT614", f"{host} says the account's quota is used up", "add credit, then "
                 "run again: nothing was made, and the files are there already"),
            exit_code=4,
        )  # fmt: skip
    if error.status == 401:
        help_ = f"set the environment variable `{key_variable(host)}`"
        return Refused(told(train, "FT504", f"{host} rejected the key (HTTP 401)", help_))
    if error.status == 403:
        message = f"{host} takes no fine-tuning jobs from this account: {error}"
        return Refused(told(train, "FT611", message, elsewhere(train)), exit_code=4)
    if error.status == 404:
        return Refused(
            told(train, "FT616", f"{host} knows no such model: {error}", elsewhere(train))
        )
    if error.status is not None and error.status < 500 and not error.passing:
        message = f"{host} refuses the job of `{name}` (HTTP {error.status}): {error}"
        return Refused(told(train, "FT619", message, "change the setting that it names"))
    return Refused(
        told(train, "FT618", f"{host} could not be worked with: {error}",
             "run again: a job that was made is found and gone on with, never made twice"),
    )  # fmt: skip


def job_failed(train: TrainDef, host: str, job: FineTuningJob, row: str) -> Refused:
    """What a failed or cancelled job means. ``row`` says where the row of a named line stands."""
    if job.status == "cancelled":
        return Refused(
            told(train, "FT617", f"the job {job.id} was cancelled at {host}",
                 "run again to begin another; what was trained until then may be billed")
        )  # fmt: skip
    error = job.error
    message = " ".join((error.message if error else "no reason was given").split())[:400]
    code = error.code if error else ""
    if code == "moderation" or "moderation" in message.casefold():
        return Refused(
            told(train, "FT613", f"{host} withheld the model of {job.id}: {message}",
                 "look for rows of the category that it names, and drop them with a rule")
        )  # fmt: skip
    if code.startswith("invalid_") or (error is not None and error.param):
        notes = (f"that line is {row}",) if row else ()
        return Refused(
            told(train, "FT612", f"{host} refused the rows of {job.id}: {message}",
                 "mend the row, and say in a rule what it must be", *notes)
        )  # fmt: skip
    if "quota" in message.casefold() or code == "insufficient_quota":
        return Refused(
            told(
                train, "FT614", f"{host} stopped {job.id}: {message}", "add credit, then run again"
            ),
            exit_code=4,
        )
    return Refused(
        told(train, "FT612", f"the job {job.id} failed at {host}: {message}", elsewhere(train))
    )


def named_line(job: FineTuningJob) -> tuple[str, int] | None:
    """Which file a failed job blames, and at which line."""
    if job.error is None or (found := _LINE.search(job.error.message)) is None:
        return None
    return job.error.param or "training_file", int(found[1])


def over_budget(train: TrainDef, bill: Bill) -> Refused:
    """Exit code 4: the price is unknown, or the most that it can cost is over the budget."""
    name = train.name
    if bill.money is None:
        return Refused(
            told(train, "FT615", f"nobody stated what `{name}` costs, so its budget of "
                 f"${bill.budget:,.2f} cannot be kept",
                 "state the host's price of a million trained tokens: `price_per_1m = $25`"),
            exit_code=4,
        )  # fmt: skip
    return Refused(
        told(train, "FT615", f"`{name}` can cost ${bill.money:,.2f}, over its budget of "
             f"${bill.budget:,.2f}: {bill.tokens:,} tokens in {bill.epochs} passes at "
             f"${bill.price:,.2f} a million",
             "learn from fewer rows or in fewer passes, or raise the budget"),
        exit_code=4,
    )  # fmt: skip
