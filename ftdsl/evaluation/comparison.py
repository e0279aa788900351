"""Two sets of scored cases, case by case: what the later one fixed and what it broke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ftdsl.evaluation.decisions import Asked, Decision, holm
from ftdsl.language.conditions import Condition
from ftdsl.results.comparison import CaseChange, EvalChange, ScoreChange
from ftdsl.results.models import Case, Requirement
from ftdsl.statistics.proportions import mcnemar

_CONFIDENCE = 0.95
_FEW = 10
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Pair:
    """The cases of one eval in two runs, each under one model."""

    eval: str
    before_model: str
    after_model: str
    before: Sequence[Case]
    after: Sequence[Case]


def compare_evals(pairs: Sequence[Pair], margin: float | None) -> tuple[EvalChange, ...]:
    """What changed in each, at a joint confidence of 95% over all scores of all evals (Holm). Cases
    are paired by their ids, whatever their order; slices are told at a joint confidence of their
    own, and decide nothing."""
    shared = [_shared(pair) for pair in pairs]
    wholes = [
        (place, score)
        for place, (before, after) in enumerate(shared)
        for score in _scores(before, after)
    ]
    decided = _decided([_asked(*shared[place], score, "", margin) for place, score in wholes])
    found: dict[int, list[ScoreChange]] = {}
    for (place, score), one in zip(wholes, decided, strict=True):
        found.setdefault(place, []).append(_change(*shared[place], score, "", one, margin))
    return tuple(
        _eval_change(pair, *shared[place], tuple(found.get(place, ())), margin)
        for place, pair in enumerate(pairs)
    )


def _shared(pair: Pair) -> tuple[list[Case], list[Case]]:
    """The cases of both runs that ask and expect the same, in the order of their ids."""
    later = {case.case_id: case for case in pair.after}
    both = sorted(
        (
            (case, later[case.case_id])
            for case in pair.before
            if case.case_id in later and _same(case, later[case.case_id])
        ),
        key=lambda one: one[0].case_id,
    )
    return [one for one, _ in both], [other for _, other in both]


def _same(one: Case, other: Case) -> bool:
    return (one.prompt, one.expected) == (other.prompt, other.expected)


def _scores(before: Sequence[Case], after: Sequence[Case]) -> list[str]:
    """Scores that some case has in both runs."""
    names: dict[str, None] = {}
    for one, other in zip(before, after, strict=True):
        names |= dict.fromkeys(name for name in one.scores if name in other.scores)
    return list(names)


def _scored(
    before: Sequence[Case], after: Sequence[Case], score: str
) -> tuple[list[Case], list[Case]]:
    both = [
        (one, other)
        for one, other in zip(before, after, strict=True)
        if score in one.scores and score in other.scores
    ]
    return [one for one, _ in both], [other for _, other in both]


def _asked(
    before: Sequence[Case], after: Sequence[Case], score: str, slice_: str, margin: float | None
) -> Asked:
    old, new = _scored(before, after, score)
    weights = ((f"{score}.mean", 1.0), (f"baseline.{score}.mean", -1.0))
    condition = Condition(weights, ">=", -(margin or 0.0))
    return Asked(condition, score, "after", new, old, {}, None, True, slice=slice_)


def _decided(asked: Sequence[Asked]) -> list[Requirement]:
    return holm([Decision(one) for one in asked], _CONFIDENCE) if asked else []


def _change(
    before: Sequence[Case],
    after: Sequence[Case],
    score: str,
    slice_: str,
    found: Requirement,
    margin: float | None,
) -> ScoreChange:
    old, new = _scored(before, after, score)
    pairs = [(o.scores[score], n.scores[score]) for o, n in zip(old, new, strict=True)]
    fixed = sum(n > o + _ROUNDING for o, n in pairs)
    broken = sum(n < o - _ROUNDING for o, n in pairs)
    verdict = found.verdict
    if margin is None and verdict == "inconclusive":
        verdict = "pass"  # nothing is shown to be worse
    return ScoreChange(
        score=score,
        slice=slice_,
        n=len(pairs),
        fixed=fixed,
        broken=broken,
        unchanged=len(pairs) - fixed - broken,
        before=sum(o for o, _ in pairs) / max(1, len(pairs)),
        after=sum(n for _, n in pairs) / max(1, len(pairs)),
        difference=found.estimate,
        low=found.low,
        high=found.high,
        method=found.method,
        why=found.why,
        note=found.note,
        confidence=found.confidence,
        verdict=verdict,
        p=mcnemar(fixed, broken),
    )


def _eval_change(
    pair: Pair,
    before: list[Case],
    after: list[Case],
    scores: tuple[ScoreChange, ...],
    margin: float | None,
) -> EvalChange:
    earlier = {case.case_id for case in pair.before}
    later = {case.case_id for case in pair.after}
    kept = {case.case_id for case in before}
    return EvalChange(
        eval=pair.eval,
        before_model=pair.before_model,
        after_model=pair.after_model,
        shared=len(before),
        added=tuple(sorted(later - earlier)),
        removed=tuple(sorted(earlier - later)),
        edited=tuple(sorted((earlier & later) - kept)),
        scores=scores,
        slices=tuple(_slices(before, after, margin)),
        cases=tuple(_cases(before, after)),
    )


def _slices(before: list[Case], after: list[Case], margin: float | None) -> Iterator[ScoreChange]:
    """Each value of each declared slice with at least ten cases, those with most losses first."""
    groups: dict[str, list[int]] = {}
    for place, case in enumerate(after):
        for name, value in sorted(case.slices.items()):
            groups.setdefault(f"{name} = {value}", []).append(place)
    parts = [
        (name, [before[p] for p in places], [after[p] for p in places])
        for name, places in groups.items()
        if len(places) >= _FEW
    ]
    asked = [(name, o, n, score) for name, o, n in parts for score in _scores(o, n)]
    decided = _decided([_asked(o, n, score, name, margin) for name, o, n, score in asked])
    found = [
        _change(o, n, score, name, one, margin)
        for (name, o, n, score), one in zip(asked, decided, strict=True)
    ]
    yield from sorted(found, key=lambda one: (one.difference, one.slice, one.score))


def _cases(before: list[Case], after: list[Case]) -> Iterator[CaseChange]:
    """What broke, then what was fixed, each in the order of the ids."""
    every = [
        _case_change(one, other, score)
        for one, other in zip(before, after, strict=True)
        for score, value in one.scores.items()
        if abs(other.scores.get(score, value) - value) > _ROUNDING
    ]
    yield from (one for one in every if one.change == "broken")
    yield from (one for one in every if one.change == "fixed")


def _case_change(one: Case, other: Case, score: str) -> CaseChange:
    before, after = one.scores[score], other.scores[score]
    return CaseChange(
        case_id=one.case_id,
        score=score,
        change="broken" if after < before else "fixed",
        before=before,
        after=after,
        prompt=one.prompt,
        expected=one.expected,
        before_output=one.output,
        after_output=other.output,
    )
