"""When to stop: what is left to gain is less than the eval can show, or rounds gain nothing."""

from __future__ import annotations

from collections.abc import Sequence

from ftdsl.results.actions import Action
from ftdsl.rounds import costs
from ftdsl.rounds.evidence import CONFIDENCE, Round
from ftdsl.statistics.proportions import tango

_ROUNDS = 3


def least_shown(n: int) -> int:
    """How many cases must be put right, and none broken, for the paired interval to lie above 0."""
    for fixed in range(1, n + 1):
        if tango(fixed, 0, n, CONFIDENCE)[0] > 0:
            return fixed
    return n + 1


def stop(seen: Round, actions: Sequence[Action]) -> Action | None:
    """That it is time to stop, and why; None where it is not."""
    least = least_shown(seen.n)
    lost = float(seen.losses.sum())
    best = max((one.gain for one in actions), default=0.0) * seen.n
    reason = ""
    if lost < least:
        reason = (
            f"{lost:.1f} of {seen.n} cases are lost in all; fewer than {least} put right could "
            "not be told from noise"
        )
    elif best < least:
        reason = (
            f"the best of what is known would put {best:.1f} cases right; fewer than {least} of "
            f"{seen.n} could not be told from noise"
        )
    elif _no_gain(seen.means):
        reason = f"the last {_ROUNDS} rounds gained nothing that lies outside their intervals"
    if not reason:
        return None
    return Action(
        code="FT714",
        kind="stop",
        title="stop: the gain left is inside the noise",
        why=reason,
        gain=0.0,
        hours=costs.LOOK,
        facts=(("score", f"{seen.mean:.1%} [{seen.interval[0]:.1%}, {seen.interval[1]:.1%}]"),),
    )


def _no_gain(means: Sequence[tuple[float, float, float]]) -> bool:
    """Whether no round of the last three lies above the interval of the one before it, nor the
    last above that of the first."""
    last = means[-_ROUNDS - 1 :]
    if len(last) <= _ROUNDS:
        return False
    return all(after[0] <= last[0][2] for after in last[1:])
