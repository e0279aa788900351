"""One call of a judge in a spec, with all that it names at hand: rubric, models, labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.evaluation.judges.verdicts import Form, compared, graded, yes_no
from ftdsl.language.judges import argument, judging_models
from ftdsl.language.program import Expr, ModelDef, ScoreDef
from ftdsl.plan.steps import EvalStep

Kind = Literal["judge", "jury", "pairwise"]
KINDS: tuple[Kind, ...] = ("judge", "jury", "pairwise")
"""By catalog name."""

_SAMPLED = 1.0  # at temperature 0 several verdicts would be one


@dataclass(frozen=True, slots=True)
class JudgeCall:
    """``kind`` is ``judge``, ``jury`` or ``pairwise``. ``grades`` is 2 for yes or no. ``labels``
    is the path of the verdicts of people, or ""."""

    kind: Kind
    expr: Expr
    score: ScoreDef
    rubric: str
    models: tuple[ModelDef, ...]
    grades: int = 2
    samples: int = 1
    vote: str = "majority"
    labels: str = ""

    @property
    def form(self) -> Form:
        if self.kind == "pairwise":
            return compared()
        return yes_no() if self.grades == 2 else graded(self.grades)

    @property
    def binary(self) -> bool:
        """Whether every verdict is yes or no: then its errors have rates."""
        return self.kind != "pairwise" and self.grades == 2 and self.vote == "majority"

    @property
    def span(self) -> Span:
        return self.expr.span or self.score.span or Span("", 0, 0)

    def temperature(self, model: ModelDef) -> float:
        """What the model declares; without it 0, or 1 where several verdicts are drawn."""
        found = dict(model.settings).get("temperature")
        if isinstance(found, int | float):
            return float(found)
        return _SAMPLED if self.samples > 1 else 0.0


def read_call(expr: Expr, score: ScoreDef, step: EvalStep, root: Path) -> JudgeCall:
    """The call ``expr`` of ``score``. Raises OSError for a rubric that cannot be read."""
    kind = next(one for one in KINDS if one == expr.value)
    names = judging_models(expr)
    return JudgeCall(
        kind=kind,
        expr=expr,
        score=score,
        rubric=(root / str(argument(expr, "rubric").value)).read_text(encoding="utf-8"),
        models=tuple(one for name in names for one in step.judges if one.name == name),
        grades=_whole(expr, "scale", 2) if kind != "pairwise" else 2,
        samples=_whole(expr, "samples", 1) if kind == "judge" else 1,
        vote=str(argument(expr, "vote").value) if kind == "jury" else "majority",
        labels=str(argument(expr, "labels").value),
    )


def _whole(expr: Expr, name: str, default: int) -> int:
    found = argument(expr, name).value
    return found if isinstance(found, int) else default
