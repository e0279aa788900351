"""What is stated of a model, before any call: license, region, context, size, price, its end.

What the spec states comes first, then what follows from where the model runs, then the dated table
``known_models.json``. What nobody states is not known, and a filter on it keeps the model out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from ftdsl.language.program import Expr, ModelDef, RequireDef, SelectDef, TrainDef
from ftdsl.plan.prices import price_of

Facts = dict[str, str | int | float]

_STATED = ("license", "region", "privacy", "context", "size", "available_until")
_FACT = "model."
_FOR_EVER = "9999-12-31"


@cache
def known_models() -> Mapping[str, Mapping[str, str | int]]:
    """Facts by the provider's name of a model, or by package."""
    text = files("ftdsl.plan").joinpath("known_models.json").read_text(encoding="utf-8")
    models: dict[str, Mapping[str, str | int]] = json.loads(text)["models"]
    return models


def facts_of(model: ModelDef) -> Facts:
    """What is known of ``model`` by the names that ``model.NAME`` reads."""
    settings = dict(model.settings)
    name = settings.get("name", settings.get("package"))
    found: Facts = dict(known_models().get(str(name), {}))
    if model.provider in ("local", "replay"):
        found |= {"privacy": "on_premises", "available_until": _FOR_EVER}
    price = price_of(model)
    if price is not None:
        found |= {"input_per_1m": price.input, "output_per_1m": price.output}
    for key in _STATED:
        value = settings.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool):
            found[key] = value
    return found


def is_fact(require: RequireDef) -> bool:
    """Whether a requirement is decided by what models state."""
    return any(
        one.op == "measure" and str(one.value).startswith(_FACT) for one in require.condition.walk()
    )


def facts_by_name(
    select: SelectDef, models: Mapping[str, ModelDef], trains: Mapping[str, TrainDef]
) -> dict[str, Facts]:
    """Candidate → what is stated of it; of a trained one what is stated of its base."""
    found = {}
    for name in select.candidates:
        model = models.get(name) or models.get(trains[name].base or "")
        found[name] = facts_of(model) if model is not None else {}
    return found


def out_of(
    select: SelectDef, models: Mapping[str, ModelDef], trains: Mapping[str, TrainDef]
) -> dict[str, str]:
    """Candidate → why what it states rules it out, for those that it does."""
    facts = facts_by_name(select, models, trains)
    reasons = {name: _ruled_out(name, each, select.requires) for name, each in facts.items()}
    return {name: why for name, why in reasons.items() if why}


def _ruled_out(name: str, facts: Facts, requires: tuple[RequireDef, ...]) -> str:
    """Why what a model states keeps it out, or ""."""
    for require in requires:
        if not is_fact(require):
            continue
        condition = require.condition
        key = str(condition.args[0].value).removeprefix(_FACT)
        if key not in facts:
            return f"its {key.replace('_', ' ')} is not known: state `{key}` in `model {name}`"
        if not _holds(facts[key], condition):
            shown = "no end" if facts[key] == _FOR_EVER else str(facts[key])
            return f"`{condition.source}` does not hold: {shown}"
    return ""


def _holds(value: str | int | float, condition: Expr) -> bool:
    right = condition.args[1]
    if condition.op == "in":
        return value in [one.value for one in right.args]
    wanted = right.value
    if condition.op in ("==", "!="):
        return (value == wanted) is (condition.op == "==")
    if isinstance(value, str) and isinstance(wanted, str):
        return _compare(value < wanted, value == wanted, condition.op)
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return _compare(value < wanted, value == wanted, condition.op)
    return False


def _compare(less: bool, same: bool, op: str) -> bool:
    """ISO dates compare as texts."""
    return {"<": less, "<=": less or same, ">": not less and not same, ">=": not less}[op]
