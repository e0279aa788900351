"""A judge against people, on the same answers: how far its verdicts may be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ftdsl.evaluation.judges.calibration import calibrate
from ftdsl.rating.opinions import Said, majority
from ftdsl.results.models import Case, EvalOutput
from ftdsl.results.rating import JudgeAgainstPeople

_HALF = 0.5
Scores = Mapping[tuple[str, str], float]


def judges_against_people(
    said: Said, cases: Mapping[str, Sequence[Case]], outputs: Mapping[str, EvalOutput]
) -> tuple[JudgeAgainstPeople, ...]:
    """Every judged score that all rated models have, measured by what people say."""
    names = [set(one.judges) for one in outputs.values()]
    common = sorted(set.intersection(*names)) if names else []
    found = []
    for name in common:
        scores = {
            (model, case.case_id): case.scores[name]
            for model, every in cases.items()
            for case in every
            if name in case.scores
        }
        found.append(
            _of_pairs(said, name, scores) if _is_sided(said) else _of_one(said, name, scores)
        )
    return tuple(found)


def _is_sided(said: Said) -> bool:
    return said.batch.rate.ask == "sides"


def _of_pairs(said: Said, name: str, scores: Scores) -> JudgeAgainstPeople:
    """Which of two answers is better, where people and the judge both say so."""
    people, judge, unscored = [], [], 0
    for item in said.batch.items.values():
        lead = majority(said, item.id)
        for use in item.uses if lead else ():
            found = [scores.get((model, use.case)) for model in use.models]
            if None in found:
                unscored += 1
                continue
            first, second = (one or 0.0 for one in found)
            if first != second:
                people.append(float(lead > 0))
                judge.append(float(first > second))
    by = calibrate(people, judge, unscored, binary=True)
    same = sum(a == b for a, b in zip(people, judge, strict=True))
    return JudgeAgainstPeople(score=name, n=len(people), agreed=same, calibration=by)


def _of_one(said: Said, name: str, scores: Scores) -> JudgeAgainstPeople:
    """The verdict on each answer, as the labels of a judge state it."""
    pairs = list(_answers(said, scores))
    known = [(a, b) for a, b in pairs if b is not None]
    binary = said.batch.rate.ask == "correct" and all(b in (0.0, 1.0) for _, b in known)
    if binary:
        known = [(float(a > _HALF), b) for a, b in known if a != _HALF]
    people, judge = [a for a, _ in known], [b for _, b in known]
    by = calibrate(people, judge, len(pairs) - sum(b is not None for _, b in pairs), binary=binary)
    same = sum((a > _HALF) == (b > _HALF) for a, b in known)
    return JudgeAgainstPeople(score=name, n=len(known), agreed=same, calibration=by)


def _answers(said: Said, scores: Scores) -> Iterator[tuple[float, float | None]]:
    for item in said.batch.items.values():
        mean = said.mean(item.id)
        for use in item.uses if mean is not None else ():
            yield mean or 0.0, scores.get((use.models[0], use.case))
