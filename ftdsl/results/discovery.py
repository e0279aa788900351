"""What was found over all cases of an eval: weak slices, agreement of scores, confusion."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Look(BaseModel):
    """The base of what is found by looking over all cases: frozen, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class FoundSlice(Look):
    """A slice that nobody declared on which a score is lower than on the ``rest``. ``p`` is of the
    one look, ``q`` adjusted for all looks at the score (Benjamini-Hochberg). ``examples`` are ids
    of its worst cases."""

    score: str
    source: str
    value: str
    n: int
    mean: float
    rest: float
    difference: float
    p: float
    q: float
    examples: tuple[str, ...] = ()


class Agreement(Look):
    """How far two scores of the same cases agree. ``same`` is the share of equal ones, ``kappa``
    Cohen's for yes-or-no scores; ``correlation`` is Pearson's. None where it is undefined."""

    one: str
    other: str
    n: int
    same: float
    kappa: float | None = None
    correlation: float | None = None


class Label(Look):
    """One label: how many cases expect it, and how well it is found."""

    label: str
    cases: int
    precision: float
    recall: float
    f1: float


class Confusion(Look):
    """Expected against given labels. ``counts[i][j]`` cases expect ``labels[i].label`` and were
    given ``given[j]``; the last of ``given`` is any other answer. ``macro_f1`` is the mean over
    labels, ``micro_f1`` that of all labels together."""

    score: str
    labels: tuple[Label, ...]
    given: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    macro_f1: float
    micro_f1: float
