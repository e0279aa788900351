"""Which ratings a spec waits for: their steps, and the evals that give the answers to rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ftdsl.language.program import DatasetDef, EvalDef, GateDef, Program, RateDef
from ftdsl.plan.expressions import measures_in
from ftdsl.plan.steps import RateStep

WAITS = "`ftdsl rate SPEC {} --out FILE.html` writes the page for people"


def rated_evals(program: Program) -> dict[str, EvalDef]:
    """Rating → the eval whose answers it shows. The rows of a dataset are asked as an eval without
    scores that has the rating's name."""
    evals = {one.name: one for one in program.evals}
    datasets = {one.name: one for one in program.datasets}
    found = {}
    for rate in program.rates:
        if rate.cases in evals:
            found[rate.name] = evals[rate.cases]
        else:
            data = datasets[rate.cases]
            found[rate.name] = EvalDef(
                rate.name, data.schema, (), (), (data.name, None), data.id, span=rate.span
            )
    return found


def rate_steps(
    program: Program,
    rated: Mapping[str, EvalDef],
    evals_of: Callable[[tuple[str, ...], EvalDef], tuple[str, ...]],
    cases_of: Callable[[str], DatasetDef],
) -> Iterator[RateStep]:
    """The step of each rating, after the evals whose answers it shows."""
    for rate in program.rates:
        eval_ = rated[rate.name]
        yield RateStep(
            id=f"rate.{rate.name}",
            name=rate.name,
            needs=evals_of(rate.compare, eval_),
            rate=rate,
            eval=eval_,
            cases=cases_of(eval_.name),
            split=eval_.split[1] if eval_.split else None,
            aliases=aliases(rate, program),
        )


def ratings_read(gate: GateDef, program: Program) -> tuple[str, ...]:
    """The ratings that a gate's requirements read."""
    names = {rate.name for rate in program.rates}
    measures = measures_in(*(require.condition for require in gate.requires))
    prefixes = (name.rpartition(".")[0] for name in measures)
    return tuple(dict.fromkeys(name for name in prefixes if name in names))


def aliases(rate: RateDef, program: Program) -> tuple[str, ...]:
    """By what names the compared models are known: in the spec, at their provider, as files."""
    models = {one.name: one for one in program.models}
    found = list(rate.compare)
    for name in rate.compare:
        if name in models:
            settings = dict(models[name].settings)
            found += [str(settings[key]) for key in ("name", "package") if settings.get(key)]
    return tuple(dict.fromkeys(found))


def waits(step: RateStep, inputs: Mapping[str, str]) -> bool:
    """Whether nobody has rated anything yet."""
    folder = f"file {step.rate.ratings.rstrip('/')}/"
    return not any(name.startswith(folder) for name in inputs)
