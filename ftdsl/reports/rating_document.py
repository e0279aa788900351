"""From results of ratings to their part of the JSON document."""

from __future__ import annotations

from ftdsl.reports.rating_entries import (
    JudgeAgainstPeopleEntry,
    OpinionEntry,
    RankedEntry,
    RaterEntry,
    RatingEntry,
    ReliabilityEntry,
    SideBiasEntry,
)
from ftdsl.reports.run_document import copied
from ftdsl.results.rating import JudgeAgainstPeople, RateOutput
from ftdsl.results.run import RunResult


def rating_entries(run: RunResult) -> dict[str, RatingEntry]:
    """Every rating by name."""
    outputs = (step.output for step in run.steps)
    return {one.name: _entry(one) for one in outputs if isinstance(one, RateOutput)}


def _entry(output: RateOutput) -> RatingEntry:
    from ftdsl.reports.eval_entries import ScoreEntry

    bias = output.side_bias
    return copied(
        RatingEntry,
        output,
        opinions=tuple(
            copied(OpinionEntry, one, estimate=copied(ScoreEntry, one.estimate))
            for one in output.opinions
        ),
        ranking=tuple(copied(RankedEntry, one) for one in output.ranking),
        reliability=copied(ReliabilityEntry, output.reliability),
        side_bias=None if bias is None else copied(SideBiasEntry, bias),
        raters=tuple(copied(RaterEntry, one) for one in output.raters),
        judges=tuple(map(_judge, output.judges)),
    )


def _judge(one: JudgeAgainstPeople) -> JudgeAgainstPeopleEntry:
    known = {"score": one.score, "n": one.n, "agreed": one.agreed}
    return copied(JudgeAgainstPeopleEntry, one.calibration, **known)
