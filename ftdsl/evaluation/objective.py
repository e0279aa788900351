"""What candidates are ranked by: a weighted sum of measures, its value and what tells two apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ftdsl.evaluation.decisions import Asked, Decision, holm
from ftdsl.evaluation.judges.evidence import unfit_judge
from ftdsl.evaluation.requirements import Model
from ftdsl.language.conditions import Condition, linear
from ftdsl.language.program import Expr
from ftdsl.plan.facts import Facts
from ftdsl.results.models import Requirement
from ftdsl.results.selection import Behind

CONFIDENCE = 0.95
_MEAN = ".mean"


@dataclass(frozen=True, slots=True)
class Objective:
    """``means`` are the weights of mean scores, whose differences are uncertain; ``rest`` those of
    what was measured as it is: times, prices, sizes, ends of intervals."""

    largest: bool
    means: Mapping[str, float]
    rest: Mapping[str, float]
    constant: float

    @classmethod
    def of(cls, best: Expr) -> Objective:
        """The objective that ``best = max(…)`` or ``min(…)`` writes."""
        weights = linear(best.args[0])
        constant = weights.pop("", 0.0)
        means = {name: weight for name, weight in weights.items() if name.endswith(_MEAN)}
        rest = {name: weight for name, weight in weights.items() if name not in means}
        return cls(best.value == "max", means, rest, constant)

    def missing(self, model: Model, facts: Facts) -> str:
        """A measure of ``model`` that is not known, or ""."""
        names = (*self.means, *self.rest)
        return next((name for name in names if _value(name, model, facts) is None), "")

    def unfit(self, model: Model) -> str:
        """Why a judge that the objective reads may not rank, or ""."""
        read = (name.rpartition(".") for name in (*self.means, *self.rest))
        return unfit_judge(model.output.judges, [s for s, _, part in read if part != "unscored"])

    def value(self, model: Model, facts: Facts) -> tuple[float, float, float]:
        """The sum with its interval, which is that of the mean scores in it."""
        fixed = self.constant + self._rest(model, facts)
        if not self.means:
            return fixed, fixed, fixed
        asked = _asked(Condition(tuple(self.means.items()), ">=", 0.0), model, None)
        found = Decision(asked).at(CONFIDENCE)
        return fixed + found.estimate, fixed + found.low, fixed + found.high

    def behind(
        self, leader: Model, others: Sequence[Model], facts: Mapping[str, Facts]
    ) -> list[Behind]:
        """How far each of ``others`` is behind the leader, on the same cases. A difference that is
        not shown at a joint 95% (Holm) is a tie."""
        sign = 1.0 if self.largest else -1.0
        lead = self._rest(leader, facts.get(leader.name, {}))
        fixed = [sign * (lead - self._rest(one, facts.get(one.name, {}))) for one in others]
        if not self.means:
            return [_certain(leader.name, amount) for amount in fixed]
        pairs = [(name, sign * weight) for name, weight in self.means.items()]
        weights = (*pairs, *((f"baseline.{name}", -weight) for name, weight in pairs))
        decisions = [
            Decision(_asked(Condition(weights, ">", -amount), leader, one))
            for one, amount in zip(others, fixed, strict=True)
        ]
        found = holm(decisions, CONFIDENCE)
        return [_behind(leader.name, one, amount) for one, amount in zip(found, fixed, strict=True)]

    def _rest(self, model: Model, facts: Facts) -> float:
        return math.fsum(w * (_value(name, model, facts) or 0.0) for name, w in self.rest.items())


def _asked(condition: Condition, model: Model, other: Model | None) -> Asked:
    return Asked(
        condition=condition,
        text="",
        candidate=model.name,
        cases=model.cases,
        baseline=other.cases if other is not None else None,
        locked={},
        cost_per_1k=model.cost_per_1k,
        judges=model.output.judges,
        stated=True,
    )


def _behind(leader: str, found: Requirement, fixed: float) -> Behind:
    known = found.n > 0
    return Behind(
        leader=leader,
        difference=found.estimate + fixed if known else 0.0,
        low=found.low + fixed if known else -1.0,
        high=found.high + fixed if known else 1.0,
        tied=found.verdict != "pass",
        n=found.n,
        method=found.method,
        why=found.why,
        note=found.note,
        confidence=found.confidence,
    )


def _certain(leader: str, amount: float) -> Behind:
    return Behind(
        leader=leader,
        difference=amount,
        low=amount,
        high=amount,
        tied=amount <= 0,
        n=0,
        method="value",
        why="measured as it is",
        confidence=CONFIDENCE,
    )


def _value(name: str, model: Model, facts: Facts) -> float | None:
    output = model.output
    if name == "cost_per_1k":
        return output.cost_per_1k
    if name.startswith("latency."):
        return output.latency.get(name.removeprefix("latency."))
    if name.startswith("first_token."):
        return output.first_token.get(name.removeprefix("first_token."))
    if name == "model.size":
        size = facts.get("size")
        return float(size) if isinstance(size, int | float) else None
    score, _, part = name.rpartition(".")
    found = output.scores[score]
    if part == "unscored":
        return found.unscored / max(1, found.n + found.unscored)
    if part == "flaky":
        return output.flakiness[score].rate if score in output.flakiness else None
    return float(getattr(found, part)) if found.n else None
