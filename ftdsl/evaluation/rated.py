"""What ratings of people decide: one requirement, for one model, of what they said."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.engine.context import Context
from ftdsl.evaluation.evidence import Evidence, Sample, mean_evidence
from ftdsl.language.conditions import Condition, conditions
from ftdsl.language.program import GateDef, RequireDef
from ftdsl.results.models import Requirement
from ftdsl.results.rating import RateOutput
from ftdsl.statistics.power import least_cases

MOST_SHORT = 0.05
"""With a larger share of items that too few people rated nothing is decided."""
_MEASURES = ("win_rate", "correct_rate", "grade", "alpha")
_ONE = "value"


def rating_read(require: RequireDef) -> str:
    """The rating that a requirement of a gate reads; "" where it reads none."""
    for node in require.condition.walk():
        name, _, measure = str(node.value).rpartition(".")
        if node.op == "measure" and name and measure in _MEASURES:
            return name
    return ""


def decided_by_people(
    require: RequireDef, gate: GateDef, candidate: str, context: Context, spec_line: int | None
) -> list[Requirement]:
    """A gate's requirement on ``NAME.win_rate`` and the like; inconclusive without ratings."""
    name = rating_read(require)
    output = context.outputs.get(f"rate.{name}")
    if not isinstance(output, RateOutput):
        return list(_open(require, candidate, f"waits for the ratings of `{name}`", spec_line))
    against = ""
    if gate.baseline in output.models and gate.baseline != candidate:
        against = gate.baseline or ""
    return decide(require, output, candidate, spec_line, against)


def decide(
    require: RequireDef,
    output: RateOutput,
    model: str,
    spec_line: int | None,
    against: str = "",
) -> list[Requirement]:
    """``require`` for ``model``, on its pairs with ``against`` or, where that is "", on all."""
    found = []
    for condition in conditions(require.condition):
        ((measure, weight), *_) = condition.weights
        if measure.endswith("alpha"):
            found.append(_agreed(require, condition, output, spec_line))
            continue
        values, clusters = values_of(output, model, against)
        hindrance = _hindrance(output, values)
        if not values:
            found += _open(require, model, hindrance, spec_line, condition)
            continue
        evidence = mean_evidence({_ONE: 1.0}, {}, Sample({_ONE: values}, clusters=clusters or None))
        # A grade from 1 to k is 1 + (k - 1) · value.
        steps = output.points - 1 if measure.endswith("grade") else 0
        scale, shift = (weight * (steps or 1), weight if steps else 0.0)
        found.append(
            _by(require, condition, evidence, (scale, shift), hindrance).model_copy(
                update={
                    "candidate": model,
                    "spec_line": spec_line,
                    "unit": "number" if steps else "share",
                }
            )
        )
    return found


def values_of(output: RateOutput, model: str, against: str = "") -> tuple[list[float], list[str]]:
    """What ``model`` got of each item, and the groups of the items, if any."""
    values: list[float] = []
    clusters: list[str] = []
    for one in output.opinions:
        if one.model == model and against in ("", one.against):
            values += one.values
        elif one.against == model and against in ("", one.model):
            values += [1 - value for value in one.values]
        else:
            continue
        clusters += one.clusters
    return values, clusters


def _hindrance(output: RateOutput, values: list[float]) -> str:
    """Why nothing is decided, or ""."""
    if not values:
        return f"waits for the ratings of `{output.name}`"
    short = output.items - output.enough
    if short > MOST_SHORT * output.items:
        people = "rater" if output.min_raters == 1 else "raters"
        return (
            f"{short} of {output.items} items have fewer than {output.min_raters} {people}; "
            f"at most {MOST_SHORT:.0%} may"
        )
    return ""


def _by(
    require: RequireDef,
    condition: Condition,
    evidence: Evidence,
    line: tuple[float, float],
    hindrance: str,
) -> Requirement:
    confidence, (scale, shift) = require.confidence, line
    ends = evidence.interval(confidence)
    low, high = sorted(scale * end + shift for end in ends)
    point = scale * evidence.estimate + shift
    by = (low, high) if require.stated else (point, point)
    verdict = "inconclusive" if hindrance else condition.verdict(*by)
    needed = None
    if verdict == "inconclusive" and not hindrance:

        def is_decided(n: float) -> bool:
            below, above = sorted(scale * e + shift for e in evidence.interval_at(n, confidence))
            return condition.verdict(below, above) != "inconclusive"

        needed = least_cases(is_decided, evidence.n + 1)
    return Requirement.model_validate(
        {
            "requirement": written(require),
            "candidate": "",
            "verdict": verdict,
            "estimate": point,
            "low": low,
            "high": high,
            "bound": condition.bound,
            "op": condition.op,
            "n": evidence.n,
            "needed_n": needed,
            "method": evidence.chosen.method,
            "why": evidence.chosen.why,
            "confidence": confidence,
            "note": hindrance or evidence.note,
        }
    )


def _agreed(
    require: RequireDef, condition: Condition, output: RateOutput, spec_line: int | None
) -> Requirement:
    """How far people agree: of all of them, whatever the model."""
    found = output.reliability
    alpha, ends = found.alpha, (found.low, found.high)
    if alpha is None or ends[0] is None or ends[1] is None:
        why = "no item was rated by two people who could disagree"
        return next(_open(require, "all raters", why, spec_line, condition))
    ((_, weight), *_) = condition.weights
    low, high = sorted((weight * ends[0], weight * ends[1]))
    by = (low, high) if require.stated else (weight * alpha, weight * alpha)
    return Requirement.model_validate(
        {
            "requirement": written(require),
            "candidate": "all raters",
            "verdict": condition.verdict(*by),
            "estimate": weight * alpha,
            "low": low,
            "high": high,
            "bound": condition.bound,
            "op": condition.op,
            "unit": "number",
            "n": found.items,
            "method": "bootstrap of items",
            "why": f"Krippendorff's alpha, {found.level}",
            "confidence": found.confidence,
            "spec_line": spec_line,
        }
    )


def _open(
    require: RequireDef,
    candidate: str,
    note: str,
    spec_line: int | None,
    condition: Condition | None = None,
) -> Iterator[Requirement]:
    every = [condition] if condition is not None else conditions(require.condition)
    for one in every:
        yield Requirement(
            requirement=written(require),
            candidate=candidate,
            verdict="inconclusive",
            estimate=one.bound,
            low=one.bound,
            high=one.bound,
            bound=one.bound,
            op=one.op,
            n=0,
            method="none",
            confidence=require.confidence,
            spec_line=spec_line,
            note=note,
        )


def written(require: RequireDef) -> str:
    """A requirement as the spec writes it."""
    stated = f" with confidence {100 * require.confidence:.10g}%" if require.stated else ""
    return f"{require.condition.source}{stated}"
