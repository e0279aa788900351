"""What a round asks for next: actions with their evidence, which ``ftdsl next`` reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["request", "rows", "setting", "eval", "not-data", "stop"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the data, or a case of the eval, as it may be shown: texts are masked and cut.
    ``answer`` is the row's reply or the model's output, ``expected`` what the eval wants."""

    id: str
    path: str
    line: int
    text: str
    answer: str
    expected: str = ""
    similarity: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Patch:
    """One setting of a training's target and its next value, as a spec writes it."""

    train: str
    setting: str
    value: str


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. ``gain`` is what the score is expected to gain (0.02: two points), over
    ``hours`` of a person's time; actions are in the order of the one over the other. ``facts`` are
    the figures behind it. ``asked`` rows are requested for ``value`` of ``slice``; ``rows`` are
    the rows of the data that it is about, ``cases`` those of the eval."""

    code: str
    kind: Kind
    title: str
    why: str
    gain: float
    hours: float
    facts: tuple[tuple[str, str], ...] = ()
    cases: tuple[Shown, ...] = ()
    rows: tuple[Shown, ...] = ()
    patch: Patch | None = None
    slice: str = ""
    value: str = ""
    asked: int = 0
    case_ids: tuple[str, ...] = ()
    row_ids: tuple[str, ...] = ()

    @property
    def worth(self) -> float:
        """Expected gain for an hour."""
        return self.gain / self.hours


@dataclass(frozen=True, slots=True)
class Advised:
    """A rule of `ftdsl advise` that fired for a training."""

    train: str
    code: str
    evidence: str
    advice: str


@dataclass(frozen=True, slots=True)
class NextSteps:
    """What to do after ``run``, whose ``model`` scores ``mean`` by ``score`` on ``eval``."""

    run: str
    eval: str
    model: str
    score: str
    mean: float
    low: float
    high: float
    n: int
    actions: tuple[Action, ...]
