"""Which ratings a spec waits for: their steps, and the evals that give the answers to rate."""

from __future__ import annotations

from collections.abc import Mapping

from ftdsl.language.program import EvalDef, GateDef, Program, RateDef
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
