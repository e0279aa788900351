"""The parts of the JSON document that come from selections and from repeated answers."""

from __future__ import annotations

from ftdsl.reports.eval_entries import (
    BehindEntry,
    ContenderEntry,
    FlakinessEntry,
    ScoreEntry,
    SelectionEntry,
)
from ftdsl.reports.run_document import copied
from ftdsl.results.models import EvalOutput
from ftdsl.results.run import RunResult
from ftdsl.results.selection import Contender, SelectOutput


def selection_entries(run: RunResult) -> dict[str, SelectionEntry]:
    """Every selection by name."""
    outputs = (step.output for step in run.steps)
    return {
        one.name: copied(SelectionEntry, one, contenders=tuple(map(_contender, one.contenders)))
        for one in outputs
        if isinstance(one, SelectOutput)
    }


def _contender(one: Contender) -> ContenderEntry:
    behind = copied(BehindEntry, one.behind) if one.behind is not None else None
    scores = {name: copied(ScoreEntry, each) for name, each in one.scores.items()}
    return copied(ContenderEntry, one, behind=behind, scores=scores)


def flakiness_entries(run: RunResult) -> dict[str, dict[str, dict[str, FlakinessEntry]]]:
    """By eval, model and score, where cases were answered more than once."""
    found: dict[str, dict[str, dict[str, FlakinessEntry]]] = {}
    for step in run.steps:
        output = step.output
        if isinstance(output, EvalOutput) and output.flakiness:
            told = {name: copied(FlakinessEntry, one) for name, one in output.flakiness.items()}
            found.setdefault(output.name, {})[output.model] = told
    return found
