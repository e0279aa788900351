"""How strong models are by who was preferred to whom: Bradley and Terry's model, with intervals.

Bradley and Terry, "Rank analysis of incomplete block designs", Biometrika 39 (1952), fitted by the
MM algorithm (Hunter, Annals of Statistics 32, 2004); a tie is half a win for either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ftdsl.statistics.proportions import Interval

Floats = np.ndarray[Any, np.dtype[np.float64]]

_RESAMPLES = 1_000
_SEED = 20_260_104
_STEPS = 10_000
_CLOSE = 1e-9


class Game(NamedTuple):
    """One comparison: ``value`` is what the first model got of it, from 0 to 1. Games of one
    ``cluster`` are not independent."""

    cluster: str
    first: int
    second: int
    value: float


@dataclass(frozen=True, slots=True)
class Strength:
    """``expected`` is the share of comparisons that a model is expected to win against the others,
    each met equally often; ``log`` is the natural logarithm of its strength, all adding up to 0.
    The intervals are of resampled clusters."""

    log: float
    log_interval: Interval
    expected: float
    expected_interval: Interval


def log_strengths(wins: Floats, tied: float = 1.0) -> Floats:
    """The most likely log strengths for a matrix of wins (row over column), or for a stack of them.

    ``tied`` is how many ties each model is given with an average one: without them a model that
    never lost would have no finite strength. 0 gives the plain maximum of the likelihood.
    """
    stack = wins if wins.ndim == 3 else wins[None]
    count = stack.shape[1]
    met = stack + stack.transpose(0, 2, 1)
    won = stack.sum(axis=2) + tied / 2
    strengths = np.ones(stack.shape[:2])
    for _ in range(_STEPS):
        weights = met / (strengths[:, :, None] + strengths[:, None, :])
        weights[:, np.arange(count), np.arange(count)] = 0
        new = won / (weights.sum(axis=2) + tied / (strengths + 1))
        new /= np.exp(np.log(new).mean(axis=1, keepdims=True))
        moved = float(np.abs(np.log(new) - np.log(strengths)).max())
        strengths = new
        if moved < _CLOSE:
            break
    logs: Floats = np.log(strengths)
    return logs if wins.ndim == 3 else logs[0]


def strengths(games: Sequence[Game], count: int, confidence: float) -> list[Strength]:
    """The strength of each of ``count`` models, with intervals from 1,000 resamples of whole
    clusters (percentiles, a fixed seed)."""
    names = {name: i for i, name in enumerate(dict.fromkeys(game.cluster for game in games))}
    wins = np.zeros((len(names), count, count))
    for game in games:
        place = names[game.cluster]
        wins[place, game.first, game.second] += game.value
        wins[place, game.second, game.first] += 1 - game.value
    logs = log_strengths(wins.sum(axis=0))
    random = np.random.Generator(np.random.PCG64(_SEED))
    weights = random.multinomial(len(names), np.full(len(names), 1 / len(names)), _RESAMPLES)
    drawn = (weights @ wins.reshape(len(names), -1)).reshape(_RESAMPLES, count, count)
    drawn_logs = log_strengths(drawn)
    expected, drawn_expected = _expected(logs[None])[0], _expected(drawn_logs)
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    ends, expected_ends = (np.quantile(a, tails, axis=0) for a in (drawn_logs, drawn_expected))
    return [
        Strength(
            float(logs[i]),
            (float(ends[0, i]), float(ends[1, i])),
            float(expected[i]),
            (float(expected_ends[0, i]), float(expected_ends[1, i])),
        )
        for i in range(count)
    ]


def _expected(logs: Floats) -> Floats:
    """The mean chance to win against each of the others."""
    count = logs.shape[1]
    chance = 1 / (1 + np.exp(logs[:, None, :] - logs[:, :, None]))
    chance[:, np.arange(count), np.arange(count)] = 0
    found: Floats = chance.sum(axis=2) / max(1, count - 1)
    return found
