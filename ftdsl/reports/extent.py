"""How much of long lists a page shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of long lists is shown: findings of a rule, findings at all, removed pairs, answers,
    and characters of one text."""

    of_a_rule: int
    findings: int
    pairs: int
    answers: int
    text: int
