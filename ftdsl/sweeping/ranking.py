"""Which of the finalists leads, and which are not shown to be behind it.

Two things make a difference uncertain: which cases were asked, and which seeds were trained. The
interval of the first is that of ``select`` (paired, on the cases' means over seeds). The second
widens it: half-widths are added in quadrature, that of the seeds by Student's t with Welch's
degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from ftdsl.evaluation.objective import CONFIDENCE, Objective
from ftdsl.evaluation.requirements import Model
from ftdsl.results.models import Estimate
from ftdsl.results.scored import ScoredCase
from ftdsl.results.selection import Behind
from ftdsl.results.sweep import Finalist, Trial


@dataclass(frozen=True)
class Candidate:
    """One configuration with the trials of its seeds, and the eval of each."""

    configuration: int
    settings: Mapping[str, str]
    trials: tuple[Trial, ...]
    models: tuple[Model, ...]

    def values(self, objective: Objective) -> tuple[float, ...]:
        return tuple(objective.value(model, {})[0] for model in self.models)

    def averaged(self) -> Model:
        """One model whose score of each case is the mean over the seeds."""
        first, *others = self.models
        if not others:
            return Model(str(self.configuration), first.cases, first.output)
        columns = zip(*(model.cases for model in self.models), strict=True)
        cases = [_mean_case(same) for same in columns]
        scores = {
            name: _mean_estimate([model.output.scores[name] for model in self.models])
            for name in first.output.scores
        }
        output = first.output.model_copy(update={"scores": scores})
        return Model(str(self.configuration), cases, output)


def ranked(candidates: Sequence[Candidate], objective: Objective) -> list[Finalist]:
    """The finalists, best mean first, each with how far it is behind."""
    sign = 1.0 if objective.largest else -1.0
    values = {one.configuration: one.values(objective) for one in candidates}
    order = sorted(candidates, key=lambda one: -sign * fmean(values[one.configuration]))
    leader, following = order[0], order[1:]
    behind = objective.behind(leader.averaged(), [one.averaged() for one in following], {})
    lead = values[leader.configuration]
    found = [_finalist(leader, lead, None)]
    for one, how in zip(following, behind, strict=True):
        own = values[one.configuration]
        found.append(_finalist(one, own, widened(how, lead, own)))
    return found


def widened(behind: Behind, lead: Sequence[float], own: Sequence[float]) -> Behind:
    """The difference with the seeds' share in its interval."""
    if min(len(lead), len(own)) < 2:
        note = "one seed each: what a lucky seed adds is not in the interval"
        return behind.model_copy(update={"note": behind.note or note})
    reach = _seed_reach(lead, own, CONFIDENCE)
    low = behind.difference - math.hypot(behind.difference - behind.low, reach)
    high = behind.difference + math.hypot(behind.high - behind.difference, reach)
    method = f"{behind.method}, and Welch over seeds"
    return behind.model_copy(update={"low": low, "high": high, "tied": low <= 0, "method": method})


def _seed_reach(lead: Sequence[float], own: Sequence[float], confidence: float) -> float:
    """Half the width of the interval that the seeds alone leave."""
    from scipy.stats import t

    parts = [stdev(values) ** 2 / len(values) for values in (lead, own)]
    total = sum(parts)
    if total == 0:
        return 0.0
    rest = sum(part**2 / (len(values) - 1) for part, values in zip(parts, (lead, own), strict=True))
    return float(t.ppf(0.5 + confidence / 2, total**2 / rest)) * math.sqrt(total)


def _finalist(one: Candidate, values: Sequence[float], behind: Behind | None) -> Finalist:
    return Finalist(
        configuration=one.configuration,
        settings=dict(one.settings),
        seeds=tuple(trial.seed for trial in one.trials),
        values=tuple(values),
        value=fmean(values),
        spread=stdev(values) if len(values) > 1 else None,
        behind=behind,
    )


def _mean_case(same: Sequence[ScoredCase]) -> ScoredCase:
    """A score that is unscored under one seed is so in the mean: nothing is made up for it."""
    names = set.intersection(*(set(one.scores) for one in same))
    scores = {name: fmean(one.scores[name] for one in same) for name in sorted(names)}
    return same[0]._replace(scores=scores, epochs={})


def _mean_estimate(same: Sequence[Estimate]) -> Estimate:
    return same[0].model_copy(
        update={
            "mean": fmean(one.mean for one in same),
            "low": fmean(one.low for one in same),
            "high": fmean(one.high for one in same),
        }
    )
