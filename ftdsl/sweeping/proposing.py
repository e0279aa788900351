"""Which settings are tried next: all combinations in order, or what a sampler of Optuna asks for.

A proposal hangs on the seed and on what was told before, so that a sweep that was interrupted asks
for the same settings again and finds their trials done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any, Protocol

from ftdsl.language.program import Value
from ftdsl.language.swept import SweepDef

Choice = dict[str, Value]


class Proposals(Protocol):
    """Settings to try, one after the other."""

    def ask(self) -> Choice | None:
        """The next settings; None when all are tried."""
        ...

    def tell(self, value: float | None) -> None:
        """What the last settings came to; more is better. None for a trial that came to nothing."""
        ...


def proposals(sweep: SweepDef) -> Proposals:
    """Those of the sampler that ``sweep`` names."""
    return _Grid(sweep) if sweep.sampler == "grid" else _Sampled(sweep)


class _Grid:
    def __init__(self, sweep: SweepDef) -> None:
        names = [name for name, _ in sweep.grid]
        every = product(*(values for _, values in sweep.grid))
        chosen: Iterator[tuple[Value, ...]] = islice(every, sweep.trials)
        self._left = (dict(zip(names, values, strict=True)) for values in chosen)

    def ask(self) -> Choice | None:
        return next(self._left, None)

    def tell(self, value: float | None) -> None:
        """Nothing is learned from it."""


class _Sampled:
    """Optuna's TPE or random sampler, by ask and tell. Settings that were tried are not tried
    again: their value is told once more instead, so that the sampler moves on."""

    def __init__(self, sweep: SweepDef) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        samplers = optuna.samplers
        sampler: Any = (
            samplers.TPESampler(seed=sweep.seed)
            if sweep.sampler == "tpe"
            else samplers.RandomSampler(seed=sweep.seed)
        )
        self._study = optuna.create_study(sampler=sampler, direction="maximize")
        self._space = _space(sweep)
        self._left = sweep.trials or 0
        self._asked: Any = None
        self._known: dict[tuple[tuple[str, Value], ...], float | None] = {}

    def ask(self) -> Choice | None:
        for _ in range(_REPEATS):
            if self._left == 0:
                return None
            self._asked = self._study.ask(dict(self._space))
            choice = self._choice()
            key = tuple(choice.items())
            if key not in self._known:
                self._left -= 1
                self._known[key] = None
                return choice
            self._told(self._known[key])
        return None

    def tell(self, value: float | None) -> None:
        self._known[tuple(self._choice().items())] = value
        self._told(value)

    def _choice(self) -> Choice:
        return {name: _plain(self._asked.params[name]) for name in self._space}

    def _told(self, value: float | None) -> None:
        from optuna.trial import TrialState

        if value is None:
            self._study.tell(self._asked, state=TrialState.FAIL)
        else:
            self._study.tell(self._asked, value)


#: How often in a row a sampler may ask for settings that were tried: the space is then used up.
_REPEATS = 50


def _space(sweep: SweepDef) -> Mapping[str, Any]:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    found: dict[str, Any] = {
        name: CategoricalDistribution(list(values)) for name, values in sweep.grid
    }
    for one in sweep.ranges:
        if one.whole:
            found[one.setting] = IntDistribution(int(one.low), int(one.high), log=one.log)
        else:
            found[one.setting] = FloatDistribution(one.low, one.high, log=one.log)
    return found


def _plain(value: Any) -> Value:
    """Few digits of a drawn number: what is in the report is what was trained with."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
