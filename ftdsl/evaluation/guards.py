"""Cases that must stay right: any that breaks fails the gate, whatever the averages say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ftdsl.data.rows import read_rows
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.evaluation.requirements import Model, line_of
from ftdsl.language.program import GuardDef
from ftdsl.plan.steps import GateStep
from ftdsl.privacy.masking import masked_name
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.results.models import Requirement
from ftdsl.results.scored import ScoredCase

_NAMED = 10


def guarded_cases(
    step: GateStep, guard: GuardDef, known: Sequence[ScoredCase], root: Path
) -> list[str]:
    """The ids of the cases that ``guard`` means, in the order of the eval. Raises ``Refused``
    (FT552) for an id that no case has."""
    if guard.where is None:
        there = {case.case_id for case in known}
        missing = [one for one in guard.ids if masked_name(one) not in there]
        if missing:
            raise Refused(_no_such_case(step, guard, missing))
        meant = {masked_name(one) for one in guard.ids}
    else:
        assert step.cases is not None, "a gate knows the rows of its eval"
        rows = list(read_rows(step.cases, root, split=step.split))
        held = Evaluator(step.cases, root).column(guard.where, Block(rows))
        meant = {masked_name(row.row_id) for row, holds in zip(rows, held, strict=True) if holds}
    return [case.case_id for case in known if case.case_id in meant]


def decided(
    guard: GuardDef,
    ids: Sequence[str],
    candidate: Model,
    other: Mapping[str, ScoredCase],
    root: Path,
) -> Requirement:
    """FAIL when the candidate answers one of the cases wrong that the baseline, where there is one,
    answers right (``other`` are its cases by id); inconclusive when one of them has no score, or
    there is none at all."""
    own = {case.case_id: case for case in candidate.cases}
    asked = [one for one in ids if not _wrong(other.get(one), guard)]
    broken = [one for one in asked if _wrong(own[one], guard)]
    unscored = [one for one in asked if own[one].scores.keys().isdisjoint(guard.scores)]
    verdict = "fail" if broken else "inconclusive" if unscored or not asked else "pass"
    share = (len(asked) - len(broken)) / len(asked) if asked else 1.0
    return Requirement.model_validate(
        {
            "requirement": guard.source,
            "candidate": candidate.name,
            "verdict": verdict,
            "estimate": share,
            "low": share,
            "high": share,
            "bound": 1.0,
            "op": ">=",
            "n": len(asked),
            "method": "each case",
            "why": "cases that must stay right are counted one by one",
            "confidence": 0.95,
            "broken": len(broken),
            "fixed": 0,
            "spec_line": line_of(guard.span, root),
            "note": _note(broken, unscored, len(ids) - len(asked), len(ids)),
        }
    )


def _wrong(case: ScoredCase | None, guard: GuardDef) -> bool:
    """Whether a score says that the answer is wrong, in any of its epochs."""
    return case is not None and any(case.scores.get(name, 1.0) < 1.0 for name in guard.scores)


def _note(broken: Sequence[str], unscored: Sequence[str], already: int, total: int) -> str:
    parts = []
    if broken:
        more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        parts.append(f"broken: {', '.join(broken[:_NAMED])}{more}")
    if unscored:
        parts.append(f"without a score: {', '.join(unscored[:_NAMED])}")
    if already:
        parts.append(f"{already} wrong under the baseline already")
    if not total:
        parts.append("no case is meant")
    return "; ".join(parts)


def _no_such_case(step: GateStep, guard: GuardDef, missing: Sequence[str]) -> Diagnostic:
    shown = ", ".join(f"`{one}`" for one in missing[:_NAMED])
    return Diagnostic(
        "FT552",
        f"eval `{step.gate.eval}` has no case {shown}, which must stay right",
        guard.span or step.gate.span or Span("", 0, 0),
        help="ids are those of the eval's `id` field; delete those that are gone",
    )
