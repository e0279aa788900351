"""The parts of the JSON document that come from selections and from repeated answers."""

from __future__ import annotations

from ftdsl.reports.eval_entries import (
    AgreementEntry,
    BehindEntry,
    ConfusionEntry,
    ContenderEntry,
    FlakinessEntry,
    LabelEntry,
    LookEntry,
    ScoreEntry,
    SelectionEntry,
    WeakEntry,
)
from ftdsl.reports.run_document import copied
from ftdsl.results.discovery import Confusion
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


def look_entries(run: RunResult) -> dict[str, dict[str, LookEntry]]:
    """Weak slices, agreement of scores and confusion, by eval and model; those that have any."""
    found: dict[str, dict[str, LookEntry]] = {}
    for step in run.steps:
        output = step.output
        if isinstance(output, EvalOutput) and (output.weak or output.agreement or output.confusion):
            found.setdefault(output.name, {})[output.model] = LookEntry(
                tuple(copied(WeakEntry, one) for one in output.weak),
                tuple(copied(AgreementEntry, one) for one in output.agreement),
                _confusion(output.confusion),
            )
    return found


def _confusion(found: Confusion | None) -> ConfusionEntry | None:
    if found is None:
        return None
    labels = tuple(copied(LabelEntry, one) for one in found.labels)
    return copied(ConfusionEntry, found, labels=labels)


def flakiness_entries(run: RunResult) -> dict[str, dict[str, dict[str, FlakinessEntry]]]:
    """By eval, model and score, where cases were answered more than once."""
    found: dict[str, dict[str, dict[str, FlakinessEntry]]] = {}
    for step in run.steps:
        output = step.output
        if isinstance(output, EvalOutput) and output.flakiness:
            told = {name: copied(FlakinessEntry, one) for name, one in output.flakiness.items()}
            found.setdefault(output.name, {})[output.model] = told
    return found
