"""Which findings of one step keep another from running."""

from __future__ import annotations

from ftdsl.plan.steps import Step, SweepStep, TrainStep
from ftdsl.results.models import Verdict


def reason_to_wait(step: Step, need: str, verdict: Verdict | None) -> str | None:
    """Why ``step`` must not run although ``need`` has a result, or None.

    Training spends hours and money on its rows, so that it waits for every check and dedup of
    them, and for its preflight, to pass; an evaluation of the same rows is cheap and tells more
    than none. A preflight looks at rows whatever their check says.
    """
    if isinstance(step, TrainStep | SweepStep) and verdict not in (None, "pass"):
        return f"{need} did not pass, and training waits for it"
    return None
