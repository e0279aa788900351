"""The step ``select``: which candidates meet what is required, and which of them are best."""

from __future__ import annotations

from collections.abc import Sequence

from ftdsl.engine.context import Context
from ftdsl.evaluation.gates import worst
from ftdsl.evaluation.objective import Objective
from ftdsl.evaluation.requirements import (
    Model,
    Requirements,
    model_of,
    reads_baseline,
    require_same_cases,
)
from ftdsl.evaluation.trade_offs import cost_axis, efficient
from ftdsl.plan.facts import Facts, is_fact
from ftdsl.plan.steps import SelectStep
from ftdsl.results.models import Requirement, Verdict
from ftdsl.results.selection import Behind, Contender, SelectOutput


def run_select(step: SelectStep, context: Context) -> SelectOutput:
    """Decide what is required of each candidate, rank those that meet it by ``best``, and tell
    which are tied with the leader: a difference counts when it is shown on the same cases at a
    joint confidence of 95% (Holm). Raises ``Refused`` as ``run_gate`` does."""
    select = step.select
    models = [model_of(step.eval, name, context) for name in step.candidates]
    for other in models[1:]:
        require_same_cases(models[0], other, select.span)
    place = f"select `{select.name}`"
    deciding = Requirements(place, select.span, step.eval, context.root)
    asked = [_contender(step, model, deciding, context) for model in models]
    objective = Objective.of(select.best) if select.best is not None else None
    if objective is not None:
        asked = [_valued(one, m, objective, step) for one, m in zip(asked, models, strict=True)]
    ranked = _ranked(asked, models, objective, step)
    axis = cost_axis(ranked)
    best = efficient(ranked, axis, objective is None or objective.largest)
    shown = [one.model_copy(update={"efficient": one.model in best}) for one in ranked]
    gone = [_ruled_out(name, why, step) for name, why in step.out.items()]
    chosen = tuple(one.model for one in shown if one.rank == 1)
    unranked = objective is not None and any(map(objective.unfit, models))
    return SelectOutput(
        name=select.name,
        eval=select.eval,
        objective=(select.best.source or "") if select.best is not None else "",
        contenders=(*shown, *gone),
        chosen=chosen,
        cost_axis=axis,
        hints=tuple(_hints(step, models, shown, chosen, deciding)),
        notes=tuple(deciding.notes),
        verdict=_verdict(shown, unranked),
    )


def _contender(
    step: SelectStep, model: Model, deciding: Requirements, context: Context
) -> Contender:
    found: list[Requirement] = []
    for require in step.select.requires:
        if not is_fact(require):
            context.checkpoint()
            found += deciding.decide(require, model)
    facts = step.facts.get(model.name, {})
    size = facts.get("size")
    return Contender(
        model=model.name,
        trained=model.name in step.trained,
        out=_missed(found),
        scores=model.output.scores,
        latency=model.output.latency,
        cost_per_1k=model.cost_per_1k,
        size=float(size) if isinstance(size, int | float) else None,
        facts=_shown(facts),
        requirements=tuple(found),
    )


def _missed(found: Sequence[Requirement]) -> str:
    """The first requirement that is not met, in words; "" where all are."""
    missed = next((one for one in found if one.verdict != "pass"), None)
    if missed is None:
        return ""
    where = f" where {missed.slice}" if missed.slice else ""
    told = "does not hold" if missed.verdict == "fail" else "is not decided"
    return f"`{missed.requirement}`{where} {told}"


def _shown(facts: Facts) -> dict[str, str]:
    return {key: str(value) for key, value in facts.items()}


def _ruled_out(name: str, why: str, step: SelectStep) -> Contender:
    facts = step.facts.get(name, {})
    return Contender(model=name, trained=name in step.trained, out=why, facts=_shown(facts))


def _valued(one: Contender, model: Model, objective: Objective, step: SelectStep) -> Contender:
    """The contender with what it is ranked by; out of the ranking where a part is not known."""
    facts = step.facts.get(model.name, {})
    missing = objective.missing(model, facts)
    if missing:
        return one.model_copy(update={"out": one.out or f"its `{missing}` is not known"})
    if unfit := objective.unfit(model):
        return one.model_copy(update={"out": one.out or f"not ranked: {unfit}"})
    value, low, high = objective.value(model, facts)
    return one.model_copy(update={"value": value, "low": low, "high": high})


def _ranked(
    asked: Sequence[Contender],
    models: Sequence[Model],
    objective: Objective | None,
    step: SelectStep,
) -> list[Contender]:
    """Those that meet what is required first, best first; then the others as they were listed."""
    left = [one for one in asked if not one.out]
    others = [one for one in asked if one.out]
    if objective is None or not left:
        return [*(one.model_copy(update={"rank": 1}) for one in left), *others]
    by_name = {model.name: model for model in models}
    sign = 1.0 if objective.largest else -1.0
    left.sort(key=lambda one: -sign * (one.value or 0.0))
    leader, following = left[0], left[1:]
    behind = objective.behind(
        by_name[leader.model], [by_name[one.model] for one in following], step.facts
    )
    pairs = list(zip(following, behind, strict=True))
    tied = [_placed(one, 1, how) for one, how in pairs if how.tied]
    first = [leader.model_copy(update={"rank": 1}), *tied]
    rest = [(one, how) for one, how in pairs if not how.tied]
    later = [_placed(one, len(first) + 1 + place, how) for place, (one, how) in enumerate(rest)]
    return [*first, *later, *others]


def _placed(one: Contender, rank: int, behind: Behind) -> Contender:
    return one.model_copy(update={"rank": rank, "behind": behind})


def _hints(
    step: SelectStep,
    models: Sequence[Model],
    shown: Sequence[Contender],
    chosen: Sequence[str],
    deciding: Requirements,
) -> list[str]:
    hints = []
    for gate in step.gates:
        if gate.guards or any(reads_baseline(one) for one in gate.requires):
            continue
        for model in models:
            met = [one for require in gate.requires for one in deciding.decide(require, model)]
            if model.name not in step.trained and worst(met) == "pass":
                hints.append(
                    f"do not fine-tune for gate `{gate.name}`: `{model.name}` passes it by "
                    "prompting alone"
                )
    return hints + _of_the_tied(shown, chosen)


def _of_the_tied(shown: Sequence[Contender], chosen: Sequence[str]) -> list[str]:
    """What tells the tied apart besides quality."""
    tied = [one for one in shown if one.model in chosen]
    if len(tied) < 2:
        return []
    hints = []
    costs = {one.model: one.cost_per_1k for one in tied if one.cost_per_1k is not None}
    if len(costs) == len(tied) and len(set(costs.values())) > 1:
        hints.append(f"of the tied, `{min(costs, key=lambda name: costs[name])}` costs least")
    waits = {one.model: one.latency["p50"] for one in tied if "p50" in one.latency}
    if len(waits) == len(tied) and len(set(waits.values())) > 1:
        hints.append(f"of the tied, `{min(waits, key=lambda name: waits[name])}` answers fastest")
    return hints


def _verdict(shown: Sequence[Contender], unranked: bool) -> Verdict:
    """PASS while one is left; INCONCLUSIVE when some only lack evidence, or a judge to trust."""
    if any(one.rank is not None for one in shown):
        return "pass"
    open_ = unranked or any(
        worst(one.requirements) == "inconclusive" for one in shown if one.requirements
    )
    return "inconclusive" if open_ else "fail"
