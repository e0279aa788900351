"""Rows and cases as actions show them. Their texts were masked when they were read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ftdsl.results.actions import Shown
from ftdsl.rounds.evidence import Round

_LONGEST = 300
SHOWN = 5


def shown_row(seen: Round, row: int, similarity: float | None = None, note: str = "") -> Shown:
    """One row of the data."""
    one = seen.rows[row]
    text, answer = one.prompt[:_LONGEST], one.reply[:_LONGEST]
    return Shown(one.row_id, one.path, one.line, text, answer, "", similarity, note)


def shown_case(seen: Round, place: int, note: str = "") -> Shown:
    """One case of the eval."""
    case = seen.cases[place].case
    text, answer, expected = (one[:_LONGEST] for one in (case.prompt, case.output, case.expected))
    return Shown(case.case_id, "", case.line, text, answer, expected, None, note)


def shown_cases(seen: Round, places: Iterable[int]) -> tuple[Shown, ...]:
    """The first of these cases, the worst first."""
    worst = sorted(places, key=lambda at: (-seen.losses[at], seen.cases[at].case.case_id))
    return tuple(shown_case(seen, at) for at in worst[:SHOWN])


def ids_of(seen: Round, places: Sequence[int]) -> tuple[str, ...]:
    """The ids of these cases."""
    return tuple(seen.cases[at].case.case_id for at in places)
