"""The part of the JSON document that comes from sweeps."""

from __future__ import annotations

from ftdsl.reports.eval_entries import BehindEntry
from ftdsl.reports.run_document import copied
from ftdsl.reports.sweep_entries import FinalistEntry, SweepEntry, TrialEntry
from ftdsl.results.run import RunResult
from ftdsl.results.sweep import Finalist, SweepOutput


def sweep_entries(run: RunResult) -> dict[str, SweepEntry]:
    """Every sweep by the name of its training."""
    outputs = (step.output for step in run.steps)
    return {
        one.name: copied(
            SweepEntry,
            one,
            finalists=tuple(map(_finalist, one.finalists)),
            trials=tuple(copied(TrialEntry, trial) for trial in one.trials),
        )
        for one in outputs
        if isinstance(one, SweepOutput)
    }


def _finalist(one: Finalist) -> FinalistEntry:
    behind = copied(BehindEntry, one.behind) if one.behind is not None else None
    return copied(FinalistEntry, one, behind=behind)
