"""What a run came to: one record a step, one verdict, one exit code.

The exit code is computed in one place, ``results.exits``, from the records alone, and the verdict
is its name, so that the printed word and the code cannot disagree.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.results.exits import VERDICT_CODES, exit_code
from ftdsl.results.models import (
    CheckOutput,
    CoverageOutput,
    DatasetOutput,
    DedupOutput,
    EvalOutput,
    GateOutput,
    TrainOutput,
    Verdict,
)
from ftdsl.results.preflight import PreflightOutput
from ftdsl.results.rating import RateOutput
from ftdsl.results.selection import SelectOutput
from ftdsl.results.sweep import SweepOutput

__all__ = [
    "SCHEMA",
    "VERDICT_CODES",
    "Output",
    "RunResult",
    "Status",
    "StepRun",
    "exit_code",
    "verdict_of",
]

SCHEMA: Final = "ftdsl.run/1"

Status = Literal["done", "fresh", "failed", "blocked", "refused", "stopped", "pending", "waiting"]

Output = Annotated[
    DatasetOutput
    | CheckOutput
    | DedupOutput
    | CoverageOutput
    | PreflightOutput
    | TrainOutput
    | EvalOutput
    | GateOutput
    | SelectOutput
    | SweepOutput
    | RateOutput,
    Field(discriminator="kind"),
]


class RunModel(BaseModel):
    """The base of all parts of a run: frozen, and closed to unknown keys."""

    model_config = ConfigDict(
        defer_build=True,
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        serialize_by_alias=True,
    )


class StepRun(RunModel):
    """How one step ended.

    ``done``: it ran. ``fresh``: its stored result still holds. ``failed``: the machine let it down
    (no space, no permission). ``blocked``: a step it needs failed or did not finish
    (``blocked_by``). ``refused``: it could not answer, see ``diagnostics``; ``refusal`` is then 2
    (cannot answer) or 4 (budget or permission). ``stopped``: a signal ended it. ``pending``: it
    cannot run in this edition. ``waiting``: people have to say something first; ``is_open`` tells
    whether a requirement depends on it. What it found is in ``output``, for ``done`` and ``fresh``
    alone. ``artifacts`` is its published folder, relative to the output folder. Times in seconds.
    """

    id: str
    kind: str
    name: str
    key: str = ""
    status: Status
    reasons: tuple[str, ...] = ()
    output: Output | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    refusal: int = 0
    blocked_by: str | None = None
    requested: bool = False
    is_open: bool = False
    artifacts: str = ""
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict | None:
        """What the step found; None where it has nothing to say (datasets, pending, blocked)."""
        if self.status in ("refused", "failed"):
            return "refused" if self.refusal == 4 else "error"
        if self.status == "stopped":
            return "stopped"
        if self.status == "waiting":
            return "inconclusive" if self.is_open else None
        return getattr(self.output, "verdict", None)


class RunResult(RunModel):
    """One run of a plan. ``signal`` is the number of the signal that stopped it, or None;
    ``diagnostics`` are those that belong to no single step (a plan whose inputs moved); ``only``
    are the selectors that narrowed the plan."""

    schema_: Literal["ftdsl.run/1"] = Field(default=SCHEMA, alias="schema")
    version: str
    run_id: str
    spec: str
    steps: tuple[StepRun, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    verdict: Verdict
    exit_code: int
    signal: int | None = None
    seconds: float = 0.0
    only: tuple[str, ...] = ()

    @property
    def resume(self) -> str:
        """The command that goes on where a stopped run left off; "" for one that was not."""
        if self.verdict != "stopped":
            return ""
        only = "".join(f" --only {selector}" for selector in self.only)
        return f"ftdsl run {shlex.quote(self.spec)}{only}"

    def step(self, step_id: str) -> StepRun | None:
        """The record of the step with this id, or None."""
        return next((step for step in self.steps if step.id == step_id), None)

    @property
    def nothing_to_do(self) -> bool:
        """True when every stored result still held."""
        return all(step.status in ("fresh", "pending", "waiting") for step in self.steps)


def verdict_of(steps: Iterable[StepRun], *, refused: bool = False) -> Verdict:
    """The worst of what the steps found: stopped, error, refused, fail, inconclusive, pass.

    ``refused`` is True when the whole run was turned away before any step. A step that is blocked
    by a pending one, or a pending step that was asked for by name, leaves its question without an
    answer, which is an error. A step blocked by a failure adds nothing to that failure.
    """
    found: set[Verdict] = {"error"} if refused else set()
    steps = tuple(steps)
    pending = {step.id for step in steps if step.status == "pending"}
    for step in steps:
        verdict = step.verdict
        if verdict is not None:
            found.add(verdict)
        unanswered = step.status == "blocked" and step.blocked_by in pending
        if unanswered or (step.status == "pending" and step.requested):
            found.add("error")
    order: tuple[Verdict, ...] = ("stopped", "error", "refused", "fail", "inconclusive")
    return next((verdict for verdict in order if verdict in found), "pass")
