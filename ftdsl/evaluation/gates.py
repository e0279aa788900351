"""The step ``gate``: which requirements a candidate meets, and whether it may be released."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.evaluation.decisions import Asked, Decision, holm
from ftdsl.evaluation.estimates import grouped
from ftdsl.evaluation.own_time import require_true_times
from ftdsl.evaluation.step import read_cases
from ftdsl.language.conditions import Condition, Undecidable, conditions
from ftdsl.language.program import Expr, RequireDef
from ftdsl.plan.steps import GateStep
from ftdsl.results.judging import JudgeReport
from ftdsl.results.models import Case, EvalOutput, GateOutput, Requirement, Verdict

_DEFAULT_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class _Model:
    """What one model's eval came to."""

    name: str
    cases: list[Case]
    cost_per_1k: float | None
    judges: Mapping[str, JudgeReport]


def run_gate(step: GateStep, context: Context) -> GateOutput:
    """Decide every requirement for every candidate; the worst decides the gate.

    ``with confidence`` the whole interval must lie on the good side to pass and on the bad side to
    fail, else it is inconclusive; without it the point estimate decides and the interval is shown.
    ``by`` a slice every value with ``min_rows`` rows is decided, at a joint confidence (Holm).
    Raises ``Refused``: FT520 for a condition that cannot be decided, FT521 when the evals of
    candidate and baseline are not of the same cases, FT531 for times that are this machine's own.
    """
    baseline = _model(step, step.gate.baseline, context) if step.gate.baseline else None
    found: list[Requirement] = []
    notes: list[str] = []
    for name in step.gate.candidates:
        candidate = _model(step, name, context)
        if baseline is not None:
            _require_same_cases(step, candidate, baseline)
        for require in step.gate.requires:
            context.checkpoint()
            found += _decided(step, require, candidate, baseline, notes, context.root)
    return GateOutput(
        name=step.gate.name,
        eval=step.gate.eval,
        baseline=step.gate.baseline,
        requirements=tuple(found),
        notes=tuple(notes),
        verdict=_worst(found),
    )


def _model(step: GateStep, name: str, context: Context) -> _Model:
    step_id = f"eval.{step.gate.eval}.{name}"
    output = context.outputs[step_id]
    assert isinstance(output, EvalOutput), f"{step_id} is an eval"
    cases = read_cases(context.artifacts(step_id))
    return _Model(name, cases, output.cost_per_1k, output.judges)


def _decided(
    step: GateStep,
    require: RequireDef,
    candidate: _Model,
    baseline: _Model | None,
    notes: list[str],
    root: Path,
) -> list[Requirement]:
    confidence = require.confidence if require.stated else _DEFAULT_CONFIDENCE
    found: list[Requirement] = []
    try:
        for condition in conditions(require.condition):
            whole = _asked(step, require, condition, candidate, baseline, root)
            if require.by is None:
                require_true_times(whole, require, confidence)
                found.append(Decision(whole).at(confidence))
                continue
            asked = list(_sliced(step, whole, require.by, notes))
            for one in asked:
                require_true_times(one, require, confidence)
            parts = [Decision(one) for one in asked]
            if not parts:
                found.append(_no_slice(whole, require.by, confidence))
            elif require.stated:
                found += holm(parts, confidence)
            else:
                found += [part.at(confidence) for part in parts]
    except Undecidable as error:
        raise Refused(_undecidable(step, require, error)) from error
    return found


def _asked(
    step: GateStep,
    require: RequireDef,
    condition: Condition,
    candidate: _Model,
    baseline: _Model | None,
    root: Path,
) -> Asked:
    text = require.condition.source or _written(require.condition)
    text += f" by {require.by}" if require.by is not None else ""
    text += f" with confidence {100 * require.confidence:.10g}%" if require.stated else ""
    return Asked(
        condition=condition,
        text=text,
        candidate=candidate.name,
        cases=candidate.cases,
        baseline=baseline.cases if baseline is not None else None,
        locked=step.locked,
        cost_per_1k=candidate.cost_per_1k,
        judges=candidate.judges,
        stated=require.stated,
        spec_line=_line(require.span, root),
    )


def _line(span: Span | None, root: Path) -> int | None:
    """The 1-based line of ``span``; None when the spec cannot be read any more."""
    if span is None:
        return None
    try:
        return (root / span.path).read_text("utf-8").count("\n", 0, span.start) + 1
    except (OSError, UnicodeDecodeError):
        return None


def _sliced(step: GateStep, whole: Asked, by: str, notes: list[str]) -> Iterator[Asked]:
    """The requirement over each value of the slice that has enough rows."""
    least = next(one.min_rows for one in step.eval.slices if one.name == by)
    groups = grouped(by, whole.cases)
    small = [f"{value} ({len(cases)})" for value, cases in groups.items() if len(cases) < least]
    if small:
        note = f"by {by}: fewer than {least} rows, so not decided: {', '.join(small)}"
        if note not in notes:
            notes.append(note)
    places: dict[str, list[int]] = {}
    for place, case in enumerate(whole.cases):
        places.setdefault(case.slices[by], []).append(place)
    for value, cases in groups.items():
        if len(cases) < least:
            continue
        theirs = whole.baseline
        if theirs is not None:
            theirs = [theirs[place] for place in places[value]]
        yield replace(whole, cases=cases, baseline=theirs, locked={}, slice=value)


def _no_slice(whole: Asked, by: str, confidence: float) -> Requirement:
    return Requirement(
        requirement=whole.text,
        candidate=whole.candidate,
        verdict="inconclusive",
        estimate=whole.condition.bound,
        low=whole.condition.bound,
        high=whole.condition.bound,
        bound=whole.condition.bound,
        op=whole.condition.op,
        n=0,
        method="none",
        confidence=confidence,
        spec_line=whole.spec_line,
        note=f"no value of `{by}` has enough rows",
    )


def _worst(found: Sequence[Requirement]) -> Verdict:
    verdicts = {one.verdict for one in found}
    if "fail" in verdicts:
        return "fail"
    return "inconclusive" if "inconclusive" in verdicts or not found else "pass"


def _require_same_cases(step: GateStep, candidate: _Model, baseline: _Model) -> None:
    if [case.case_id for case in candidate.cases] == [case.case_id for case in baseline.cases]:
        return
    raise Refused(
        Diagnostic(
            "FT521",
            f"`{candidate.name}` and `{baseline.name}` were not asked the same cases",
            step.gate.span or Span("", 0, 0),
            help="run the evals again: their files changed in between",
        )
    )


def _written(expr: Expr) -> str:
    """An expression that has no source text, as it would be written."""
    if not expr.args:
        return f"{expr.value:.10g}" if isinstance(expr.value, float) else str(expr.value)
    return f" {expr.op} ".join(_written(one) for one in expr.args)


def _undecidable(step: GateStep, require: RequireDef, error: Undecidable) -> Diagnostic:
    return Diagnostic(
        "FT520",
        f"gate `{step.gate.name}` cannot decide this requirement: {error}",
        require.span or step.gate.span or Span("", 0, 0),
        help="compare a sum of measures with a bound, by >=, >, <= or <",
    )
