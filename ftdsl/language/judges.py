"""What a typed call of a judge says: which models it asks, and with what."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.language import catalog
from ftdsl.language.typed import Expr


def judge_calls(value: Expr) -> Iterator[Expr]:
    """The calls of a judge in ``value``."""
    return (one for one in value.walk() if one.op == "call" and one.value in catalog.JUDGES)


def argument(call: Expr, name: str) -> Expr:
    """The argument ``name`` of a call of a judge."""
    parameters = catalog.SCORERS[str(call.value)].parameters
    return call.args[[one.name for one in parameters].index(name)]


def judging_models(call: Expr) -> tuple[str, ...]:
    """The names of the models that a call asks."""
    by = argument(call, "by")
    return tuple(str(one.value) for one in by.args) if by.op == "list" else (str(by.value),)


def verdicts_a_case(call: Expr) -> int:
    """How many verdicts are asked of all the models together for one answer."""
    if call.value == "pairwise":
        return 2
    if call.value == "jury":
        return len(judging_models(call))
    samples = argument(call, "samples").value
    return samples if isinstance(samples, int) else 1
