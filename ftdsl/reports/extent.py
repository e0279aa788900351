"""How much of long lists a page shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of long lists is shown: findings of a rule, findings at all, removed pairs, answers,
    characters of one text, and texts on a map."""

    of_a_rule: int
    findings: int
    pairs: int
    answers: int
    text: int
    points: int
