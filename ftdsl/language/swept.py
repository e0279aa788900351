"""What a sweep means: which settings of a training vary, within which budget, and what is best."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.language.typed import Expr
from ftdsl.record import record


@record
class RangeDef:
    """Numbers from ``low`` to ``high``, both included; ``log`` ones are drawn by their size."""

    setting: str
    low: float
    high: float
    log: bool = False
    whole: bool = False


@record
class SweepDef:
    """``grid`` lists the values of settings; ``sampler`` is ``grid``, ``tpe`` or ``random``.
    ``eval`` is the one that ``best`` reads, whose measures it calls as a selection does.
    ``seconds`` and ``money`` are budgets. The best ``finalists`` are trained with ``seeds`` seeds.
    """

    train: str
    grid: tuple[tuple[str, tuple[str | int | float | bool | None, ...]], ...]
    best: Expr | None = None
    span: Span | None = None
    eval: str = ""
    sampler: str = "grid"
    seed: int = 0
    ranges: tuple[RangeDef, ...] = ()
    trials: int | None = None
    seconds: float | None = None
    money: float | None = None
    seeds: int = 3
    finalists: int = 2
    prune: bool = True
