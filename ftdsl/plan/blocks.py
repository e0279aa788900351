"""Which steps a typed program asks for, each after the steps it needs.

What cannot run in this edition becomes a pending step that says why; what needs it is blocked, and
everything else runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ftdsl.language.judges import judge_calls, judging_models
from ftdsl.language.program import (
    CheckDef,
    DatasetDef,
    EvalDef,
    Expr,
    GateDef,
    Program,
    RuleDef,
    SelectDef,
    SweepDef,
    TrainDef,
)
from ftdsl.plan.deciders import compared, reads_lock, reads_locked_cases
from ftdsl.plan.expressions import (
    counts_tokens,
    dedup_expressions,
    eval_expressions,
    expects,
    externs_in,
    measures_in,
    reads_confidence,
    reads_first_token,
    rule_expressions,
    shifts_in,
)
from ftdsl.plan.facts import facts_by_name, out_of
from ftdsl.plan.rating import rate_steps, rated_evals, ratings_read
from ftdsl.plan.steps import (
    CheckStep,
    CoverageStep,
    DatasetStep,
    DedupStep,
    EvalStep,
    GateStep,
    PendingStep,
    PreflightStep,
    SelectStep,
    Step,
    TrainStep,
)
from ftdsl.plan.sweeps import sweep_step
from ftdsl.results.distribution import Distribution

_NO_EXTERN = "it calls the extern function `{}`, which no step can run in this edition"


@dataclass(frozen=True)
class Locked:
    """What the lock file offers a program: counts and distributions by dataset, baselines by gate,
    and by gate path and digest of the file with the baseline's cases."""

    counts: Mapping[str, int]
    baselines: Mapping[str, Mapping[str, float]]
    distributions: Mapping[str, Mapping[str, Distribution]] = field(default_factory=dict)
    cases: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def build_steps(program: Program, locked: Locked) -> tuple[Step, ...]:
    """All steps of ``program``; every id in ``needs`` comes earlier in the result."""
    return tuple(_Builder(program, locked).steps())


def case_datasets(program: Program) -> tuple[DatasetDef, ...]:
    """The evals that read files of their own, seen as datasets."""
    return tuple(_as_dataset(eval_) for eval_ in program.evals if eval_.split is None)


def _as_dataset(eval_: EvalDef) -> DatasetDef:
    return DatasetDef(eval_.name, eval_.schema, eval_.sources, id=eval_.id, span=eval_.span)


class _Builder:
    """One program on its way to steps; each method yields the steps of one kind of block."""

    def __init__(self, program: Program, locked: Locked) -> None:
        self.program = program
        self.locked = locked
        self.externs = frozenset(extern.name for extern in program.externs)
        self.cases = {dataset.name: dataset for dataset in case_datasets(program)}
        self.datasets = {dataset.name: dataset for dataset in program.datasets}
        self.models = {model.name: model for model in program.models}
        self.trains = {train.name: train for train in program.trains}
        self.rated = rated_evals(program)
        self.evals = {one.name: one for one in (*program.evals, *self.rated.values())}

    def steps(self) -> Iterator[Step]:
        yield from self.dataset_steps()
        yield from self.check_steps()
        yield from self.dedup_steps()
        yield from self.coverage_steps()
        yield from self.train_steps()
        yield from self.eval_steps()
        yield from self.select_steps()
        yield from rate_steps(self.program, self.rated, self.evals_of, self.dataset)
        yield from self.gate_steps()

    # ------------------------------------------------------------------ data

    @property
    def every_dataset(self) -> tuple[DatasetDef, ...]:
        return (*self.program.datasets, *self.cases.values())

    def dataset_steps(self) -> Iterator[Step]:
        for dataset in self.every_dataset:
            yield DatasetStep(id=f"dataset.{dataset.name}", name=dataset.name, dataset=dataset)

    def check_steps(self) -> Iterator[Step]:
        checks = {check.dataset: check for check in self.program.checks}
        for dataset in self.every_dataset:
            check = checks.get(dataset.name)
            if check is not None:
                yield from self.pending_rules(check)
                check = replace(check, rules=tuple(filter(self.can_run_rule, check.rules)))
            yield CheckStep(
                id=f"check.{dataset.name}",
                name=dataset.name,
                needs=(f"dataset.{dataset.name}",),
                dataset=dataset,
                check=check,
                waivers=tuple(w for w in self.program.waivers if w.rule[0] == dataset.name),
                locked=self.locked_counts(dataset.name, *expects(check)),
                references=self.locked_distributions(dataset.name, *expects(check)),
                **self.trainings(dataset, check),
            )

    def trainings(self, dataset: DatasetDef, check: CheckDef | None) -> dict[str, Any]:
        """What the step needs to foretell; nothing where nobody asks, for it counts tokens."""
        trains = tuple(one for one in self.program.trains if one.data[0] == dataset.name)
        rules = check.rules if check is not None else ()
        counts = any(map(counts_tokens, (e for r in rules for e in rule_expressions(r) if e)))
        hosted = any(one.target == "openai" for one in trains)
        return {"forecast": True, "trains": trains} if counts or hosted else {}

    def pending_rules(self, check: CheckDef) -> Iterator[Step]:
        for rule in check.rules:
            if externs := self.externs_of(*rule_expressions(rule)):
                name = f"{check.dataset}.{rule.name}"
                yield _pending("rule", name, _NO_EXTERN.format(externs[0]))

    def can_run_rule(self, rule: RuleDef) -> bool:
        return not self.externs_of(*rule_expressions(rule))

    def locked_counts(self, dataset: str, *expects: Expr) -> dict[str, float]:
        """Only a step that reads the lock is given it, so that the lock stales no other."""
        reads = any(name == "locked.count" for name in measures_in(*expects))
        count = self.locked.counts.get(dataset)
        return {"count": float(count)} if reads and count is not None else {}

    def locked_distributions(self, dataset: str, *expects: Expr) -> dict[str, Distribution]:
        """Those that the step compares with, and no other."""
        known = self.locked.distributions.get(dataset, {})
        asked = (source for expect in expects for source in shifts_in(expect))
        return {source: known[source] for source in asked if source in known}

    def dedup_steps(self) -> Iterator[Step]:
        for dedup in self.program.dedups:
            against = tuple(dict.fromkeys(d.against for d in dedup.drops if d.against is not None))
            files = {d.against: d.file for d in dedup.drops if d.file is not None}
            if externs := self.externs_of(*dedup_expressions(dedup)):
                yield _pending("dedup", dedup.dataset, _NO_EXTERN.format(externs[0]))
                continue
            yield DedupStep(
                id=f"dedup.{dedup.dataset}",
                name=dedup.dataset,
                needs=tuple(
                    dict.fromkeys(
                        f"dataset.{self.dataset(name).name}"
                        for name in (dedup.dataset, *against)
                        if name not in files
                    )
                ),
                dataset=self.datasets[dedup.dataset],
                dedup=dedup,
                against=tuple(files.get(name) or self.dataset(name) for name in against),
                against_splits=tuple(self.split_of(name) for name in against),
            )

    def split_of(self, name: str) -> str | None:
        """The split of ``support.holdout``, or the one that the eval called ``name`` reads."""
        if self.split_named(name):
            return name.partition(".")[2]
        eval_ = self.evals.get(name)
        return eval_.split[1] if eval_ is not None and eval_.split is not None else None

    def split_named(self, name: str) -> bool:
        """Whether ``name`` is that of one split of a dataset."""
        dataset, _, split = name.partition(".")
        return dataset in self.datasets and split in self.datasets[dataset].split_names

    def dataset(self, name: str) -> DatasetDef:
        """The dataset, or the eval's cases, called ``name``, or the one whose split that is."""
        if self.split_named(name):
            return self.datasets[name.partition(".")[0]]
        if name in self.datasets:
            return self.datasets[name]
        if name in self.cases:
            return self.cases[name]
        split = self.evals[name].split
        assert split is not None, "an eval without files reads a split"
        return self.datasets[split[0]]

    def coverage_steps(self) -> Iterator[Step]:
        for coverage in self.program.coverages:
            name = coverage.dataset
            expressions = (*(group.key for group in coverage.groups), *coverage.expects)
            if externs := self.externs_of(*expressions):
                yield _pending("coverage", name, _NO_EXTERN.format(externs[0]))
                continue
            yield CoverageStep(
                id=f"coverage.{name}",
                name=name,
                needs=(f"dataset.{name}", *self.dedup_of(name)),
                dataset=self.datasets[name],
                coverage=coverage,
                locked=self.locked_counts(name, *coverage.expects),
            )

    def dedup_of(self, dataset: str) -> tuple[str, ...]:
        return (f"dedup.{dataset}",) if dataset in self.deduplicated else ()

    @cached_property
    def deduplicated(self) -> frozenset[str]:
        return frozenset(dedup.dataset for dedup in self.program.dedups)

    # ------------------------------------------------------------------ models

    def train_steps(self) -> Iterator[Step]:
        """Of each training its preflight, its sweep if it has one, and the training itself."""
        sweeps = {sweep.train: sweep for sweep in self.program.sweeps}
        for train in self.program.trains:
            preflight = PreflightStep(
                id=f"preflight.{train.name}",
                name=train.name,
                needs=self.needs_of_rows(train),
                train=train,
                datasets=self.datasets_of(train),
                base_model=self.models.get(train.base or ""),
            )
            yield preflight
            training = preflight.as_training
            needs = (*preflight.needs, preflight.id)
            swept = train.name in sweeps
            if swept:
                step = self.sweep_step(sweeps[train.name], training, needs)
                yield step
                needs = (*needs, step.id)
            yield training.model_copy(update={"needs": needs, "swept": swept})

    def sweep_step(self, sweep: SweepDef, training: TrainStep, needs: tuple[str, ...]) -> Step:
        train, eval_ = training.train, self.evals[sweep.eval]
        if externs := self.externs_of(*eval_expressions(eval_)):
            return _pending("sweep", train.name, _NO_EXTERN.format(externs[0]))
        return sweep_step(
            sweep, training, needs, self.eval_step(eval_, train.name), self.program.gates
        )

    def datasets_of(self, train: TrainDef) -> tuple[DatasetDef, ...]:
        return tuple(self.datasets[name] for name in dict.fromkeys(n for n, _ in _splits(train)))

    def needs_of_rows(self, train: TrainDef) -> tuple[str, ...]:
        found = (self.needs_of_training(one.name) for one in self.datasets_of(train))
        return tuple(step for steps in found for step in steps)

    def needs_of_training(self, dataset: str) -> Iterator[str]:
        yield f"dataset.{dataset}"
        yield f"check.{dataset}"
        for check in self.program.checks:
            if check.dataset == dataset:
                yield from (step.id for step in self.pending_rules(check))
        yield from self.dedup_of(dataset)

    def eval_steps(self) -> Iterator[Step]:
        for eval_ in self.evals.values():
            if externs := self.externs_of(*eval_expressions(eval_)):
                yield _pending("eval", eval_.name, _NO_EXTERN.format(externs[0]))
                continue
            for model in self.models_of(eval_):
                yield self.eval_step(eval_, model)

    def models_of(self, eval_: EvalDef) -> tuple[str, ...]:
        """Those its gates compare; where no gate asks for it every declared model and train, but
        models that only judge."""
        gates = [gate for gate in self.program.gates if gate.eval == eval_.name]
        selects = [one for one in self.program.selects if one.eval == eval_.name]
        rates = [one for one in self.program.rates if self.rated[one.name].name == eval_.name]
        wanted = [name for gate in gates for name in compared(gate)]
        wanted += [name for select in selects for name in self.eligible(select)]
        if not gates and not selects and eval_.name not in self.rated:
            every = (*self.models, *self.trains)
            wanted += [name for name in every if name not in self.judging] or every
        wanted += [name for rate in rates for name in rate.compare]
        return tuple(dict.fromkeys(wanted))

    @cached_property
    def judging(self) -> frozenset[str]:
        """The models that scores of some eval ask."""
        return frozenset(name for eval_ in self.program.evals for name in _judges(eval_))

    def eval_step(self, eval_: EvalDef, model: str) -> EvalStep:
        cases = self.dataset(eval_.name)
        train = self.trains.get(model)
        trained = (f"train.{model}",) if train is not None else ()
        return EvalStep(
            id=f"eval.{eval_.name}.{model}",
            name=eval_.name,
            needs=(f"dataset.{cases.name}", f"check.{cases.name}", *trained),
            eval=eval_,
            cases=cases,
            split=eval_.split[1] if eval_.split else None,
            model=self.models.get(model) if train is None else None,
            train=train,
            base_model=self.models.get(train.base or "") if train is not None else None,
            timed=self.timed(eval_),
            logprobs=reads_confidence(*(score.value for score in eval_.scores)),
            judges=tuple(self.models[name] for name in _judges(eval_)),
        )

    def timed(self, eval_: EvalDef) -> bool:
        """Whether a score, a gate or a selection asks when the first token of an answer came."""
        deciding: tuple[GateDef | SelectDef, ...] = (*self.program.gates, *self.program.selects)
        asked = (one for block in deciding if block.eval == eval_.name for one in block.requires)
        return reads_first_token(
            *(score.value for score in eval_.scores), *(one.condition for one in asked)
        )

    def select_steps(self) -> Iterator[Step]:
        for select in self.program.selects:
            eval_ = self.evals[select.eval]
            left = self.eligible(select)
            yield SelectStep(
                id=f"select.{select.name}",
                name=select.name,
                needs=self.evals_of(left, eval_),
                select=select,
                eval=eval_,
                candidates=left,
                out=out_of(select, self.models, self.trains),
                facts=facts_by_name(select, self.models, self.trains),
                gates=tuple(one for one in self.program.gates if one.eval == select.eval),
                trained=tuple(name for name in select.candidates if name in self.trains),
            )

    def eligible(self, select: SelectDef) -> tuple[str, ...]:
        """The candidates that what they state does not rule out: the others are not asked."""
        out = out_of(select, self.models, self.trains)
        return tuple(name for name in select.candidates if name not in out)

    def gate_steps(self) -> Iterator[Step]:
        for gate in self.program.gates:
            eval_ = self.evals[gate.eval]
            rated = tuple(f"rate.{name}" for name in ratings_read(gate, self.program))
            yield GateStep(
                id=f"gate.{gate.name}",
                name=gate.name,
                needs=(*self.evals_of(compared(gate), eval_), *rated),
                gate=gate,
                eval=eval_,
                cases=self.dataset(eval_.name),
                split=eval_.split[1] if eval_.split else None,
                locked=dict(self.locked.baselines.get(gate.name, {})) if reads_lock(gate) else {},
                locked_cases=self.locked.cases.get(gate.name) if reads_locked_cases(gate) else None,
            )

    def evals_of(self, models: tuple[str, ...], eval_: EvalDef) -> tuple[str, ...]:
        if self.externs_of(*eval_expressions(eval_)):
            return (f"eval.{eval_.name}",)
        return tuple(f"eval.{eval_.name}.{model}" for model in models)

    def externs_of(self, *expressions: Expr | None) -> tuple[str, ...]:
        return externs_in(self.externs, *expressions) if self.externs else ()


def _pending(block: str, name: str, why: str) -> PendingStep:
    return PendingStep(id=f"{block}.{name}", name=name, block=block, why=why)


def _judges(eval_: EvalDef) -> tuple[str, ...]:
    """The models that the eval's scores ask, each once."""
    calls = (one for score in eval_.scores for one in judge_calls(score.value))
    return tuple(dict.fromkeys(name for one in calls for name in judging_models(one)))


def _splits(train: TrainDef) -> tuple[tuple[str, str | None], ...]:
    return (train.data, train.validate) if train.validate is not None else (train.data,)
