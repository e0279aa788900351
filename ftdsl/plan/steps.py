"""The steps of a plan: frozen models that hold all a step needs to know, and nothing of the run.

A step's content key (``plan.inputs``) is the digest of its definition without spans, of the files
it reads, of the inputs of the steps whose results it uses, and of the version of the code that
gives it meaning. Nothing else decides whether it runs again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ftdsl.language.program import (
    CheckDef,
    CoverageDef,
    DatasetDef,
    DedupDef,
    EvalDef,
    GateDef,
    ModelDef,
    RateDef,
    SelectDef,
    TrainDef,
    Value,
    WaiverDef,
)
from ftdsl.language.swept import SweepDef
from ftdsl.results.distribution import Distribution


class BaseStep(BaseModel):
    """``id`` is ``kind.name``; ``needs`` are the ids of the steps whose outputs this one reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    id: str
    name: str
    needs: tuple[str, ...] = ()


class DatasetStep(BaseStep):
    """Which files, which bytes. ``check`` and all that reads rows stand on it."""

    kind: Literal["dataset"] = "dataset"
    dataset: DatasetDef


class CheckStep(BaseStep):
    """File, schema and row rules in one pass over the rows. Every dataset has one: ``check`` is
    None where the spec wrote no rules, and the file and schema findings are still made.
    ``locked`` holds what ``locked.…`` reads, by its last name (``count``); a name that is missing
    was never locked; ``references`` what its rules compare with, by the expression that it is of.
    ``forecast`` asks what trainings make of the rows: where a rule counts tokens
    or a hosted training reads the dataset; ``trains`` are those that learn from it.
    ``baseline`` is the root-relative path of the file with the rows that were known to fail, or ""
    where there is none or it is to be ignored."""

    kind: Literal["check"] = "check"
    dataset: DatasetDef
    check: CheckDef | None = None
    waivers: tuple[WaiverDef, ...] = ()
    locked: dict[str, float] = {}
    references: dict[str, Distribution] = {}
    forecast: bool = False
    trains: tuple[TrainDef, ...] = ()
    baseline: str = ""


class DedupStep(BaseStep):
    """``against`` are the datasets that leakage drops name, in the order of their first mention;
    evals are given as datasets here. ``against_splits`` names the split of each that is meant, or
    None for all its rows; an empty tuple means all rows of all."""

    kind: Literal["dedup"] = "dedup"
    dataset: DatasetDef
    dedup: DedupDef
    against: tuple[DatasetDef, ...] = ()
    against_splits: tuple[str | None, ...] = ()


class CoverageStep(BaseStep):
    """Shares over the rows that dedup kept. ``locked`` as for ``check``."""

    kind: Literal["coverage"] = "coverage"
    dataset: DatasetDef
    coverage: CoverageDef
    locked: dict[str, float] = {}


class TrainStep(BaseStep):
    """``datasets`` are those that ``data`` and ``validate`` name (one or two). ``base_model`` is
    the declared model that ``base`` names, or None when it is a path or a hub id. A ``swept``
    training takes over the trial that its sweep chose."""

    kind: Literal["train"] = "train"
    train: TrainDef
    datasets: tuple[DatasetDef, ...]
    base_model: ModelDef | None = None
    swept: bool = False


class PreflightStep(BaseStep):
    """What a training's rows come to and what stands in its way, looked at before it runs. Fields
    as for ``train``."""

    kind: Literal["preflight"] = "preflight"
    train: TrainDef
    datasets: tuple[DatasetDef, ...]
    base_model: ModelDef | None = None

    @property
    def as_training(self) -> TrainStep:
        """The training that it is about, with what it needs itself."""
        return TrainStep(
            id=f"train.{self.name}",
            name=self.name,
            needs=self.needs,
            train=self.train,
            datasets=self.datasets,
            base_model=self.base_model,
        )


class EvalStep(BaseStep):
    """One model over one eval. ``train`` is set when the model is a trained one (``model`` is then
    None), ``base_model`` the declared local model it was trained from, if any. ``cases`` is the
    eval's rows as a dataset (its split, if any, is ``split``). ``timed`` says that something reads
    when the first token of an answer came, ``logprobs`` how likely its tokens were. ``judges`` are
    the models that its scores ask."""

    kind: Literal["eval"] = "eval"
    eval: EvalDef
    cases: DatasetDef
    split: str | None = None
    model: ModelDef | None = None
    train: TrainDef | None = None
    base_model: ModelDef | None = None
    timed: bool = False
    logprobs: bool = False
    judges: tuple[ModelDef, ...] = ()

    @property
    def model_name(self) -> str:
        if self.model is not None:
            return self.model.name
        return self.train.name if self.train is not None else ""


class SweepStep(BaseStep):
    """Trainings of ``train`` with other settings, each asked the cases of ``scoring``; of the data
    and the base it holds what ``TrainStep`` does. ``gates`` read the same eval."""

    kind: Literal["sweep"] = "sweep"
    sweep: SweepDef
    train: TrainDef
    datasets: tuple[DatasetDef, ...]
    base_model: ModelDef | None = None
    scoring: EvalStep
    gates: tuple[str, ...] = ()

    def training(self, choice: Mapping[str, Value], seed: int) -> TrainStep:
        """The training of one trial."""
        settings = {**dict(self.train.settings), "seed": seed, **choice}
        train = replace(self.train, settings=tuple(sorted(settings.items())))
        return TrainStep(
            id=f"train.{self.train.name}",
            name=self.train.name,
            needs=self.needs,
            train=train,
            datasets=self.datasets,
            base_model=self.base_model,
        )

    @property
    def combinations(self) -> int:
        """How many trials are made at most, other seeds aside."""
        sweep = self.sweep
        if sweep.sampler != "grid":
            return sweep.trials or 0
        every = prod(len(values) for _, values in sweep.grid)
        return every if sweep.trials is None else min(every, sweep.trials)


class GateStep(BaseStep):
    """Decides on the outputs of the eval steps it needs. ``locked`` holds the baseline of the
    lock file when the gate names no baseline model: ``exact.mean``, ``exact.low``, ``exact.high``,
    ``exact.n``; ``locked_cases`` are path and digest of the file with its scores case by case.
    ``cases`` are the eval's rows as a dataset, of which ``split`` is meant."""

    kind: Literal["gate"] = "gate"
    gate: GateDef
    eval: EvalDef
    locked: dict[str, float] = {}
    locked_cases: tuple[str, str] | None = None
    cases: DatasetDef | None = None
    split: str | None = None


class SelectStep(BaseStep):
    """Ranks the candidates whose eval steps it needs. ``out`` are those that what they state rules
    out, with the reason; they are not asked at all. ``facts`` is what each states. ``gates`` are
    those of the same eval, which a candidate may already pass. ``trained`` ones are trainings."""

    kind: Literal["select"] = "select"
    select: SelectDef
    eval: EvalDef
    candidates: tuple[str, ...]
    out: dict[str, str] = {}
    facts: dict[str, dict[str, str | int | float]] = {}
    gates: tuple[GateDef, ...] = ()
    trained: tuple[str, ...] = ()


class RateStep(BaseStep):
    """What people say of the recorded outputs of the models that ``rate`` compares, whose eval
    steps it needs. Without ratings it waits. ``cases`` are the eval's rows, of which ``split`` is
    meant; ``aliases`` are names by which an answer may give its model away."""

    kind: Literal["rate"] = "rate"
    rate: RateDef
    eval: EvalDef
    cases: DatasetDef
    split: str | None = None
    aliases: tuple[str, ...] = ()


class PendingStep(BaseStep):
    """A block that is checked but whose step cannot run yet. ``why`` is said plainly."""

    kind: Literal["pending"] = "pending"
    block: str
    why: str


Step = Annotated[
    DatasetStep
    | CheckStep
    | DedupStep
    | CoverageStep
    | PreflightStep
    | SweepStep
    | TrainStep
    | EvalStep
    | GateStep
    | SelectStep
    | RateStep
    | PendingStep,
    Field(discriminator="kind"),
]
