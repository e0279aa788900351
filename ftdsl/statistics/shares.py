"""Which interval suits a share of yes and no, and why."""

from __future__ import annotations

from typing import NamedTuple

from ftdsl.statistics.proportions import Interval, clopper_pearson, wilson

FEW_CASES = 30
FEW_OF_A_KIND = 10
"""With fewer right or fewer wrong answers than this, or fewer than 30 cases, Wilson's interval
errs to one side in up to 16% of cases where 2.5% are meant; with the rule it is 5%
(``benchmarks/coverage.py``)."""


class Chosen(NamedTuple):
    """A method by name, and the reason for it in a few words."""

    method: str
    why: str


WILSON = Chosen("Wilson", "yes or no, with enough of both")


def chosen_for(right: float, n: float) -> Chosen:
    """The method for ``right`` of ``n`` cases."""
    if n < FEW_CASES:
        return Chosen("Clopper-Pearson", f"yes or no, fewer than {FEW_CASES} cases")
    if right < FEW_OF_A_KIND:
        return Chosen("Clopper-Pearson", f"yes or no, fewer than {FEW_OF_A_KIND} are right")
    if n - right < FEW_OF_A_KIND:
        return Chosen("Clopper-Pearson", f"yes or no, fewer than {FEW_OF_A_KIND} are wrong")
    return WILSON


def share_interval(right: float, n: float, confidence: float) -> Interval:
    """The interval of the share by the method that is chosen for it."""
    if chosen_for(right, n) is WILSON:
        return wilson(right / n, n, confidence)
    return clopper_pearson(right, n, confidence)
