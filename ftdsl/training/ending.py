"""How whoever tries many trainings ends one of them on the way."""

from __future__ import annotations

from collections.abc import Callable

Hopeless = Callable[[float, float], bool]
"""Whether to end a training after a validation: passes over the data by then, and the loss."""


class Pruned(Exception):
    """A training was ended after ``step`` steps because it was found hopeless."""

    def __init__(self, step: int) -> None:
        super().__init__(f"ended after step {step}")
        self.step = step
