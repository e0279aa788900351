"""Every answer of a dialogue scored against what the case expects at that turn."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ftdsl.evaluation.judges.judging import Answered
from ftdsl.evaluation.scorers import Unscorable
from ftdsl.evaluation.scores import Scored, Scoring
from ftdsl.plan.steps import EvalStep


def scores_by_turn(step: EvalStep, scoring: Scoring, answered: Answered) -> dict[str, list[Scored]]:
    """Score → for each case its value in each epoch: the mean over the turns. A turn without a
    score leaves the case without one. Raises OSError as ``Scoring.column`` does."""
    places = [
        (case, epoch, turn)
        for case, epochs in enumerate(answered.turns)
        for epoch, turns in enumerate(epochs)
        for turn in range(len(turns))
    ]
    rows = [answered.parts[case][turn] for case, _, turn in places]
    answers = [answered.turns[case][epoch][turn] for case, epoch, turn in places]
    found = {}
    for score in step.eval.scores:
        values: list[list[Scored]] = [[[] for _ in epochs] for epochs in answered.turns]
        column = scoring.column(score, rows, answers)
        for (case, epoch, _), value in zip(places, column, strict=True):
            values[case][epoch].append(value)
        found[score.name] = [[_mean(turns) for turns in epochs] for epochs in values]
    return found


def _mean(turns: Sequence[float | Unscorable]) -> float | Unscorable:
    numbers = [one for one in turns if not isinstance(one, Unscorable)]
    if len(numbers) == len(turns):
        return math.fsum(numbers) / len(numbers)
    return next(one for one in turns if isinstance(one, Unscorable))
