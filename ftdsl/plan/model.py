"""What a plan is: the steps that would run, why, what they read, whom they call, what they cost.

A plan is a value that people review and ``apply`` executes, so it is versioned, closed to unknown
keys and the same bytes for the same inputs. Its JSON Schema is published with the documentation.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.plan.steps import Step

SCHEMA: Final = "ftdsl.plan/1"


class PlanModel(BaseModel):
    """The base of all parts of a plan: frozen, and closed to unknown keys."""

    model_config = ConfigDict(
        defer_build=True,
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        serialize_by_alias=True,
    )


class Range(PlanModel):
    """An estimate: at least, most likely, at most."""

    low: float = 0.0
    expected: float = 0.0
    worst: float = 0.0


class Cost(PlanModel):
    """What one step, or the whole plan, takes. None means that it cannot be known ahead.

    ``rows`` are lines to read, ``files`` and ``bytes`` what is read from disk, ``requests`` the
    calls of a model, ``tokens`` those sent and received (for training: those seen in all epochs),
    ``money`` US dollars (a local model costs 0; a price that nobody stated is None), ``hosts`` the
    machines that are called.
    """

    files: int = 0
    bytes: int = 0
    rows: int | None = 0
    requests: int | None = 0
    tokens: Range | None = Range()
    money: Range | None = Range()
    hosts: tuple[str, ...] = ()


class TrainingFigures(PlanModel):
    """What a training takes. ``exact`` figures were counted over its very rows by its preflight;
    until that ran only ``tokens`` are estimated, and the rest is None. Tokens are of one pass:
    ``learned`` of them are trained, ``masked`` are only read; ``over`` rows are longer than
    ``limit`` and are cut by ``cut_tokens``; ``left_out`` rows have nothing to learn. ``tokens`` are
    those of all passes, ``seconds`` what they take at ``rate`` tokens a second, of which
    ``rate_source`` says where it is from. ``resolved`` are settings that were ``auto``, ``rules``
    how each was resolved."""

    exact: bool = False
    rows: int | None = None
    left_out: int = 0
    validation_rows: int | None = None
    tokens_a_pass: int | None = None
    learned: int | None = None
    masked: int | None = None
    over: int | None = None
    cut_tokens: int | None = None
    limit: int | None = None
    batch_size: int | None = None
    accumulation: int = 1
    epochs: float | None = None
    steps: int | None = None
    tokens: Range | None = None
    seconds: float | None = None
    rate: float | None = None
    rate_source: str = ""
    resolved: dict[str, str] = {}
    rules: dict[str, str] = {}
    licence: str = ""
    available_until: str = ""


class PlannedStep(PlanModel):
    """One step and what is known about it before it runs.

    ``inputs`` names everything that decides the outcome (``file data/x.jsonl``, ``rule spelled``,
    ``setting learning_rate``, ``code check``); ``key`` is the digest of exactly that. ``fresh``:
    a stored result has this key. ``stale``: it would run, ``reasons`` say why. ``pending``: it is
    checked but cannot run in this edition. ``blocked``: it needs a pending step. ``waiting``:
    people have to say something first. ``problems`` are what already stands in its way, such as a
    missing file. ``training`` is what a training takes.
    """

    step: Step
    key: str
    inputs: dict[str, str] = {}
    state: Literal["fresh", "stale", "pending", "blocked", "waiting"]
    reasons: tuple[str, ...] = ()
    cost: Cost = Cost()
    problems: tuple[Diagnostic, ...] = ()
    requested: bool = False
    training: TrainingFigures | None = None

    @property
    def id(self) -> str:
        """``kind.name``, as in the tree and in ``--only``."""
        return self.step.id


class FileDigest(PlanModel):
    """A file that the plan was made from: root-relative path and SHA-256."""

    path: str
    sha256: str


class Plan(PlanModel):
    """All steps of one spec, each after the steps it needs.

    ``spec`` is root-relative; ``files`` are the spec, its imports and the lock file; ``only`` are
    the selectors that it was narrowed with; ``total`` is the cost of the stale steps.
    """

    schema_: Literal["ftdsl.plan/1"] = Field(default=SCHEMA, alias="schema")
    version: str
    spec: str
    edition: int
    files: tuple[FileDigest, ...]
    only: tuple[str, ...] = ()
    steps: tuple[PlannedStep, ...]
    total: Cost = Cost()

    def step(self, step_id: str) -> PlannedStep | None:
        """The step with this id, or None."""
        return next((planned for planned in self.steps if planned.id == step_id), None)

    @property
    def stale(self) -> tuple[PlannedStep, ...]:
        """The steps that would run."""
        return tuple(planned for planned in self.steps if planned.state == "stale")

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        """What already stands in the way, each once, in step order."""
        return tuple(dict.fromkeys(p for planned in self.steps for p in planned.problems))
