"""Step ``sweep``: settings are tried within a budget, the leading ones again with other seeds."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.evaluation.objective import Objective
from ftdsl.evaluation.requirements import Model
from ftdsl.language.program import Value
from ftdsl.plan.steps import SweepStep
from ftdsl.results.artifacts import CASES
from ftdsl.results.scored import read_scored
from ftdsl.results.sweep import Finalist, SweepOutput, Trial
from ftdsl.sweeping.proposing import Choice, proposals
from ftdsl.sweeping.pruning import Points, validation_points
from ftdsl.sweeping.ranking import Candidate, ranked
from ftdsl.sweeping.trial import EVAL, run_trial, scored_output


def run_sweep(step: SweepStep, context: Context) -> SweepOutput:
    """Try what the sampler proposes, each with the training's own seed; train the best
    ``finalists`` with ``seeds`` seeds; rank those over cases and seeds. Every trial is kept under
    ``trials/``. Raises ``Refused`` (FT658 where no trial came to an end, and what an eval refuses)
    and ``Stopped``; what is done by then is found again."""
    return _Sweep(step, context).run()


@dataclass
class _Sweep:
    """One sweep on its way."""

    step: SweepStep
    context: Context
    started: float = field(default_factory=time.monotonic)
    trials: list[Trial] = field(default_factory=list)
    choices: dict[int, Choice] = field(default_factory=dict)
    left_out: str = ""
    dearest: float = 0.0

    def __post_init__(self) -> None:
        best = self.step.sweep.best
        assert best is not None, "a checked sweep says what is best"
        self.objective = Objective.of(best)
        self.spent_before = self.context.policy.ledger.spent.money

    @property
    def spent(self) -> float:
        return self.context.policy.ledger.spent.money - self.spent_before

    @property
    def seed(self) -> int:
        found = dict(self.step.train.settings).get("seed")
        return found if isinstance(found, int) else 0

    def run(self) -> SweepOutput:
        self.search()
        complete = [one for one in self.trials if one.state == "complete"]
        if not complete:
            raise Refused(self.nothing())
        complete.sort(key=self.place)
        leading = [one.configuration for one in complete[: self.step.sweep.finalists]]
        self.repeat(leading)
        finalists = ranked([self.candidate(number) for number in leading], self.objective)
        return self.output(finalists)

    def place(self, trial: Trial) -> tuple[float, float]:
        """What orders trials; those of one value by their validation loss."""
        sign = 1.0 if self.objective.largest else -1.0
        loss = trial.eval_loss if trial.eval_loss is not None else math.inf
        return -sign * (trial.value or 0.0), loss

    def search(self) -> None:
        """Every proposal once, until all are tried or a budget is used up."""
        asked = proposals(self.step.sweep)
        sign = 1.0 if self.objective.largest else -1.0
        number = 0
        while (choice := asked.ask()) is not None:
            if self.is_over(f"{number} combinations were tried"):
                return
            self.choices[number] = choice
            trial = self.one(number, self.seed)
            asked.tell(None if trial.value is None else sign * trial.value)
            number += 1

    def repeat(self, leading: Iterable[int]) -> None:
        """The other seeds, a seed of all finalists after the other, so that what a budget cuts off
        is cut off for all."""
        numbers = list(leading)
        for seed in range(self.seed + 1, self.seed + self.step.sweep.seeds):
            if self.is_over(f"seed {seed} of the finalists was left out"):
                return
            for number in numbers:
                self.one(number, seed)

    def one(self, number: int, seed: int) -> Trial:
        before = self.spent
        choice: dict[str, Value] = self.choices[number]
        others = self.others() if self.step.sweep.prune and seed == self.seed else []
        trial = run_trial(self.step, number, choice, seed, others, self.context)
        if trial.state == "complete":
            value, low, high = self.objective.value(self.model(trial), {})
            trial = trial.model_copy(update={"value": value, "low": low, "high": high})
        self.dearest = max(self.dearest, self.spent - before)
        self.trials.append(trial)
        return trial

    def others(self) -> list[Points]:
        return [validation_points(one.curve) for one in self.trials if one.state == "complete"]

    def is_over(self, what: str) -> bool:
        """Whether a budget forbids another trial; the first such is what ended the sweep."""
        sweep, gone = self.step.sweep, time.monotonic() - self.started
        if sweep.seconds is not None and gone >= sweep.seconds:
            self.left_out = f"the time is used up: {what}"
        elif sweep.money is not None and self.spent + self.dearest > sweep.money:
            self.left_out = f"the money is used up: {what}"
        return bool(self.left_out)

    def model(self, trial: Trial) -> Model:
        folder = self.context.work / trial.folder
        cases = list(read_scored(folder / EVAL / CASES))
        return Model(str(trial.configuration), cases, scored_output(folder))

    def candidate(self, number: int) -> Candidate:
        own = tuple(
            one for one in self.trials if one.configuration == number and one.state == "complete"
        )
        return Candidate(number, own[0].settings, own, tuple(self.model(one) for one in own))

    def output(self, finalists: list[Finalist]) -> SweepOutput:
        leader, sweep = finalists[0], self.step.sweep
        adopted = next(one for one in self.trials if one.configuration == leader.configuration)
        tied = [one.configuration for one in finalists[1:] if one.behind and one.behind.tied]
        best = sweep.best
        assert best is not None, "a checked sweep says what is best"
        priced = self.context.policy.ledger.spent.money > 0
        return SweepOutput(
            name=sweep.train,
            eval=self.step.scoring.eval.name,
            objective=best.source or "",
            sampler=sweep.sampler,
            trials=tuple(self.trials),
            finalists=tuple(finalists),
            winner=leader.settings,
            folder=adopted.folder,
            tied=tuple(tied),
            left_out=self.left_out,
            notes=tuple(self.notes(finalists)),
            seconds=time.monotonic() - self.started,
            spent=self.spent if priced else None,
        )

    def notes(self, finalists: list[Finalist]) -> Iterable[str]:
        tried = len({one.configuration for one in self.trials})
        if any(len(one.seeds) < 2 for one in finalists):
            yield "one seed each: a good setting is not told from a lucky seed (set `seeds`)"
        for gate in self.step.gates:
            yield (
                f"gate `{gate}` decides on the same cases: the best of {tried} looks better there "
                "than it is; choose by cases that no gate reads"
            )

    def nothing(self) -> Diagnostic:
        last = next((one.why for one in reversed(self.trials) if one.why), self.left_out)
        told = f"; the last one: {last}" if last else ""
        return Diagnostic(
            "FT658",
            f"no trial of the sweep of `{self.step.train.name}` came to an end{told}",
            self.step.sweep.span or Span("", 0, 0),
            help="run the training alone, with settings of the middle, until it does",
        )
