"""What a selection found: its candidates side by side, which lead, which trade-offs are left."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ftdsl.results.models import Estimate, Requirement, Result, Verdict


class Behind(Result):
    """How far a candidate is behind the leader in what is ranked by, on the same cases. ``tied``
    means that the difference is not shown to be more than chance at the joint ``confidence``."""

    leader: str
    difference: float
    low: float
    high: float
    tied: bool
    n: int
    method: str
    why: str = ""
    note: str = ""
    confidence: float


class Contender(Result):
    """One candidate. ``rank`` counts from 1 and is shared by those tied with the leader; None for
    one that is out, ``out`` says why. ``value`` is what is ranked by, with its interval where it
    has one. ``facts`` is what the model states. ``efficient`` ones are beaten by none in quality
    and in the cost axis at once. Times in seconds, ``cost_per_1k`` in dollars, ``size`` in bytes.
    """

    model: str
    trained: bool = False
    rank: int | None = None
    out: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    behind: Behind | None = None
    scores: dict[str, Estimate] = Field(default_factory=dict)
    latency: dict[str, float] = Field(default_factory=dict)
    cost_per_1k: float | None = None
    size: float | None = None
    facts: dict[str, str] = Field(default_factory=dict)
    efficient: bool = False
    requirements: tuple[Requirement, ...] = ()


class SelectOutput(Result):
    """Step ``select``. ``chosen`` are the leader and all that are tied with it; ``objective`` is
    ``best`` as written. ``cost_axis`` is the measure that quality is weighed against in the
    picture, "" where none is known. ``hints`` say what follows, such as that no fine-tuning is
    needed; ``notes`` how to read the result."""

    kind: Literal["select"] = "select"
    name: str
    eval: str
    objective: str = ""
    contenders: tuple[Contender, ...]
    chosen: tuple[str, ...] = ()
    cost_axis: Literal["", "cost_per_1k", "latency.p50", "size"] = ""
    hints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    verdict: Verdict
