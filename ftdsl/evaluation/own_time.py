"""Whether a verdict on waiting times is one on the model, or on the machine that asked it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.evaluation.decisions import Asked, Decided, Decision
from ftdsl.language.program import RequireDef
from ftdsl.results.scored import ScoredCase

_TIMES = ("latency.", "first_token.")


def require_true_times(asked: Asked, require: RequireDef, confidence: float) -> None:
    """Raises ``Refused`` (FT531) where the requirement reads times, and the part of them that may
    be this machine's own decides it: it would be met without it, and is not with it."""
    if not any(name.startswith(_TIMES) for name, _ in asked.condition.weights):
        return
    if not any(case.lag for case in asked.cases):
        return
    without = replace(asked, cases=_without_lag(asked.cases))
    if Decision(asked).at(confidence).verdict == Decision(without).at(confidence).verdict:
        return
    raise Refused(
        Diagnostic(
            "FT531",
            f"`{asked.text}` of `{asked.candidate}` would be decided by this machine: it was too "
            "busy with the answers to see when each of them came",
            require.span or Span("", 0, 0),
            help="ask fewer at once (`concurrency`), or while nothing else runs here, and run the "
            "eval again",
        )
    )


def _without_lag(cases: Sequence[Decided]) -> list[Decided]:
    return [case if case.latency is None else _quicker(case) for case in cases]


def _quicker(case: Decided) -> Decided:
    first = case.first_token
    return ScoredCase(
        "",
        "",
        case.scores,
        case.slices,
        case.cluster,
        case.epochs,
        latency=(case.latency or 0.0) - case.lag,
        first_token=None if first is None else max(0.0, first - case.lag),
    )
