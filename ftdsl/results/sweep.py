"""What a sweep found: its trials, those that lead, with what interval, and what was left out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ftdsl.results.models import CurvePoint, Estimate, Result, Verdict
from ftdsl.results.selection import Behind


class Trial(Result):
    """One training of a sweep. ``configuration`` counts the combinations of settings from 0;
    ``folder`` holds all that came of it, relative to the sweep's artifacts. ``value`` is what
    trials are ranked by, with its interval over the cases. A ``pruned`` one was ended on the way
    for its validation loss, a ``failed`` one by itself: ``why`` says how."""

    configuration: int
    settings: dict[str, str]
    seed: int
    state: Literal["complete", "pruned", "failed"]
    folder: str
    why: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    scores: dict[str, Estimate] = Field(default_factory=dict)
    eval_loss: float | None = None
    steps: int = 0
    seconds: float = 0.0
    curve: tuple[CurvePoint, ...] = ()


class Finalist(Result):
    """A combination of settings that was trained with several seeds. ``value`` is the mean over
    them, ``spread`` their standard deviation (None of one seed). ``behind`` is how far it is behind
    the leader, over cases and seeds; None for the leader itself."""

    configuration: int
    settings: dict[str, str]
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    value: float
    spread: float | None = None
    behind: Behind | None = None


class SweepOutput(Result):
    """Step ``sweep``. ``winner`` are the settings of the finalist with the best mean, ``folder``
    the trial of it with the training's own seed, which the training adopts; ``tied`` are the
    configurations that are not shown to be behind it. ``left_out`` says which budget ended the
    sweep before all was tried, ``notes`` how to read the result."""

    kind: Literal["sweep"] = "sweep"
    name: str
    eval: str
    objective: str
    sampler: str
    trials: tuple[Trial, ...]
    finalists: tuple[Finalist, ...]
    winner: dict[str, str]
    folder: str
    tied: tuple[int, ...] = ()
    left_out: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    spent: float | None = None
    verdict: Verdict = "pass"
