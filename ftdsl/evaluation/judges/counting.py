"""How the verdicts of one item become one score: samples, orders and juries."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ftdsl.evaluation.judges.call import JudgeCall
from ftdsl.evaluation.judges.panel import Ballot, Said
from ftdsl.evaluation.judges.verdicts import Verdict
from ftdsl.evaluation.scorers.unscorable import Unscorable


def score(call: JudgeCall, ballot: Ballot) -> tuple[float | Unscorable, str]:
    """The score of one item with the reason that a judge gives for it."""
    if call.kind == "jury":
        return _jury(call, [samples[0] for samples in ballot.said])
    (said,) = ballot.said
    if call.kind == "pairwise":
        return _both_orders(said)
    missing = next((one for one in said if isinstance(one, str)), None)
    if missing is not None:
        return Unscorable(missing), ""
    found = [one for one in said if isinstance(one, Verdict)]
    if call.grades == 2:
        return _majority(found, len(found), "the samples are split")
    return math.fsum(one.value for one in found) / len(found), found[0].reason


def _both_orders(said: Sequence[Said]) -> tuple[float | Unscorable, str]:
    """Verdicts that differ once the two answers change places are a tie (Zheng et al., "Judging
    LLM-as-a-judge with MT-Bench and Chatbot Arena", 2023)."""
    first, second = said
    if isinstance(first, str) or isinstance(second, str):
        return Unscorable(first if isinstance(first, str) else str(second)), ""
    swapped = 1 - second.value
    if first.value == swapped:
        return first.value, first.reason
    return 0.5, f"the two orders differ: {first.reason} / {second.reason}"


def _jury(call: JudgeCall, said: Sequence[Said]) -> tuple[float | Unscorable, str]:
    found = [one for one in said if isinstance(one, Verdict)]
    if call.vote == "majority":
        return _majority(found, len(said), "the jury is split")
    if len(found) < len(said):
        return Unscorable(next(one for one in said if isinstance(one, str))), ""
    return math.fsum(one.value for one in found) / len(found), found[0].reason


def _majority(found: Sequence[Verdict], of: int, split: str) -> tuple[float | Unscorable, str]:
    """The value that more than half of all ``of`` judges give, those without a verdict counted."""
    for value, votes in Counter(one.value for one in found).most_common(1):
        if 2 * votes > of:
            return value, next(one.reason for one in found if one.value == value)
    return Unscorable(split), ""
