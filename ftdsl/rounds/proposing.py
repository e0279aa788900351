"""From a round to what to do next: at most five actions, those first that gain most for an hour."""

from __future__ import annotations

from ftdsl.results.actions import Action, NextSteps
from ftdsl.rounds.evaluation import evals_to_mend
from ftdsl.rounds.evidence import Round
from ftdsl.rounds.mending import rows_to_mend
from ftdsl.rounds.neighbourhood import Neighbourhood
from ftdsl.rounds.requests import data_requests
from ftdsl.rounds.settings import settings_to_change
from ftdsl.rounds.stopping import stop

MOST = 5


def next_steps(seen: Round) -> NextSteps:
    """What to do. Where it is time to stop that comes first, and what would be next is behind."""
    around = Neighbourhood(seen)
    found = [
        *settings_to_change(around),
        *data_requests(around),
        *rows_to_mend(around),
        *evals_to_mend(around),
    ]
    found.sort(key=_order)
    halt = stop(seen, found)
    actions = [halt, *found] if halt is not None else found
    low, high = seen.interval
    return NextSteps(
        seen.run,
        seen.eval,
        seen.model,
        seen.score,
        seen.mean,
        low,
        high,
        seen.n,
        tuple(actions[:MOST]),
    )


def _order(action: Action) -> tuple[float, str]:
    return (-action.worth, action.title)
