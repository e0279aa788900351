"""A locked baseline case by case: its scores put beside those of the same cases today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ftdsl.plan.lock_cases import CaseScores
from ftdsl.results.scored import ScoredCase

LEAST_SHARE = 0.95
"""With a smaller share of cases that the lock knows the comparison is not made in pairs: those
that are left may not be like the others."""


@dataclass(frozen=True, slots=True)
class LockedCases:
    """``scores`` are the baseline's by the key of a case."""

    scores: CaseScores

    def paired(
        self, cases: Sequence[ScoredCase]
    ) -> tuple[list[ScoredCase], list[ScoredCase]] | None:
        """The cases that the lock knows, and their twins with the baseline's scores; None where
        they are too few of all."""
        known = [case for case in cases if case.key in self.scores]
        if not known or len(known) < LEAST_SHARE * len(cases):
            return None
        return known, [_twin(case, self.scores[case.key]) for case in known]

    def told(self, cases: Sequence[ScoredCase]) -> str:
        """What a report says where not all cases are known; "" where they are."""
        known = sum(case.key in self.scores for case in cases)
        if known == len(cases):
            return ""
        if known and known >= LEAST_SHARE * len(cases):
            return f"{len(cases) - known:,} of {len(cases):,} cases are new since `ftdsl lock`"
        return (
            f"the lock knows {known:,} of {len(cases):,} cases: too few to compare in pairs; "
            "`ftdsl lock` records those of today"
        )

    def by_id(self, cases: Sequence[ScoredCase]) -> Mapping[str, ScoredCase]:
        """The twins of the known cases by their ids."""
        return {
            case.case_id: _twin(case, self.scores[case.key])
            for case in cases
            if case.key in self.scores
        }


def _twin(case: ScoredCase, scores: Mapping[str, float]) -> ScoredCase:
    """The case as the lock knows it: nothing of what the candidate said is left."""
    return ScoredCase(case.case_id, case.key, scores, case.slices, case.cluster, {})
