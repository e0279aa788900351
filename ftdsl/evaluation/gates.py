"""The step ``gate``: which requirements a candidate meets, and whether it may be released."""

from __future__ import annotations

from collections.abc import Sequence

from ftdsl.engine.context import Context
from ftdsl.evaluation.guards import decided, guarded_cases
from ftdsl.evaluation.label_evidence import reads_labels
from ftdsl.evaluation.locked_cases import LockedCases
from ftdsl.evaluation.rated import decided_by_people, rating_read
from ftdsl.evaluation.requirements import (
    Model,
    Requirements,
    line_of,
    model_of,
    reads_baseline,
    require_same_cases,
)
from ftdsl.plan import lock_cases
from ftdsl.plan.deciders import gate_measures
from ftdsl.plan.steps import GateStep
from ftdsl.results.models import GateOutput, Requirement, Verdict


def run_gate(step: GateStep, context: Context) -> GateOutput:
    """Decide every requirement for every candidate; the worst decides the gate.

    ``by`` a slice every value with ``min_rows`` rows is decided, at a joint confidence (Holm).
    Raises ``Refused``: FT520 for a condition that cannot be decided, FT521 when the evals of
    candidate and baseline are not of the same cases, FT531 for times that are this machine's own,
    FT552 for a guarded case that is not there, FT580 for locked cases that are not what they were.
    """
    gate = step.gate
    labels = any(map(reads_labels, gate_measures(gate)))
    baseline = None
    if gate.baseline:
        baseline = model_of(step.eval, gate.baseline, context, labels=labels)
    place = f"gate `{gate.name}`"
    locked = None
    if baseline is None and step.locked_cases is not None:
        locked = LockedCases(lock_cases.read(context.root, *step.locked_cases))
    deciding = Requirements(
        place, gate.span, step.eval, context.root, baseline, step.locked, locked
    )
    found: list[Requirement] = []
    for name in gate.candidates:
        candidate = model_of(step.eval, name, context, labels=labels)
        if baseline is not None:
            require_same_cases(candidate, baseline, gate.span)
        for require in gate.requires:
            context.checkpoint()
            if rating_read(require):
                line = line_of(require.span, context.root)
                found += decided_by_people(require, gate, name, context, line)
            else:
                found += deciding.decide(require, candidate)
        for guard in gate.guards:
            ids = guarded_cases(step, guard, candidate.cases, context.root)
            others = baseline.cases if baseline is not None else []
            known = {case.case_id: case for case in others}
            if locked is not None:
                known = dict(locked.by_id(candidate.cases))
            found.append(decided(guard, ids, candidate, known, context.root))
    notes = [*deciding.notes, *_not_needed(step, deciding, baseline, found)]
    return GateOutput(
        name=gate.name,
        eval=gate.eval,
        baseline=gate.baseline,
        requirements=tuple(found),
        notes=tuple(notes),
        verdict=worst(found),
    )


def _not_needed(
    step: GateStep, deciding: Requirements, baseline: Model | None, found: Sequence[Requirement]
) -> list[str]:
    """A note where the baseline itself meets all that is asked for as such."""
    own = [one for one in step.gate.requires if not (reads_baseline(one) or rating_read(one))]
    if baseline is None or not own or not found:
        return []
    met = [one for require in own for one in deciding.decide(require, baseline)]
    if any(one.verdict != "pass" for one in met):
        return []
    return [f"the baseline `{baseline.name}` meets every bound of its own already"]


def worst(found: Sequence[Requirement]) -> Verdict:
    """The verdict over several requirements; without any nothing has passed."""
    verdicts = {one.verdict for one in found}
    if "fail" in verdicts:
        return "fail"
    return "inconclusive" if "inconclusive" in verdicts or not found else "pass"
