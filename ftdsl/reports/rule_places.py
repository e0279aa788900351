"""Where in the specs each rule, drop line and coverage group is written, for findings of data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ftdsl.diagnostics.diagnostic import Span

if TYPE_CHECKING:
    from ftdsl.language.program import Program

RulePlaces = Mapping[tuple[str, str], Span]
"""(dataset, rule) → span. A rule may also be ``FT40`` (of the dedup block), ``FT41`` (of the
coverage block) or empty (of the dataset): where a finding of no written rule belongs."""


def rule_places(program: Program) -> RulePlaces:
    """The places of everything in ``program`` that a finding can be about."""
    return {key: span for key, span in _places(program) if span is not None}


def place_of(places: RulePlaces, dataset: str, rule: str, code: str) -> Span | None:
    """The span of the rule that a finding is about, else of its block, else of its dataset."""
    keys = ((dataset, rule), (dataset, code[:4]), (dataset, ""))
    return next((places[key] for key in keys if key in places), None)


def _places(program: Program) -> Iterator[tuple[tuple[str, str], Span | None]]:
    for dataset in program.datasets:
        yield (dataset.name, ""), dataset.span
    for check in program.checks:
        for rule in check.rules:
            yield (check.dataset, rule.name), rule.span
    for dedup in program.dedups:
        yield (dedup.dataset, "FT40"), dedup.span
    for coverage in program.coverages:
        yield (coverage.dataset, "FT41"), coverage.span
        for group in coverage.groups:
            yield (coverage.dataset, f"by {group.key.source}"), group.span
