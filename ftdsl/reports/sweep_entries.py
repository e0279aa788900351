"""The part of ``--output json`` that is about sweeps."""

from __future__ import annotations

from dataclasses import dataclass

from ftdsl.reports.eval_entries import BehindEntry


@dataclass(frozen=True, slots=True)
class TrialEntry:
    """One training of a sweep: its settings, how it ended (``complete``, ``pruned``, ``failed``),
    and what it is ranked by, with its interval over the cases."""

    configuration: int
    settings: dict[str, str]
    seed: int
    state: str
    why: str
    value: float | None
    low: float | None
    high: float | None
    eval_loss: float | None
    steps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class FinalistEntry:
    """A combination of settings over its seeds, best first; ``behind`` is None for the leader."""

    configuration: int
    settings: dict[str, str]
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    value: float
    spread: float | None
    behind: BehindEntry | None


@dataclass(frozen=True, slots=True)
class SweepEntry:
    """One sweep: the settings that won, the configurations that are tied with them, and what was
    tried. ``left_out`` says which budget ended it early, "" where none did."""

    eval: str
    objective: str
    sampler: str
    winner: dict[str, str]
    tied: tuple[int, ...]
    finalists: tuple[FinalistEntry, ...]
    trials: tuple[TrialEntry, ...]
    left_out: str
    notes: tuple[str, ...]
    seconds: float
    spent: float | None
