"""The requirements of a gate or a selection, decided for one candidate at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.evaluation.decisions import Asked, Decision, holm
from ftdsl.evaluation.estimates import grouped
from ftdsl.evaluation.labels import label_reader
from ftdsl.evaluation.locked_cases import LockedCases
from ftdsl.evaluation.own_time import require_true_times
from ftdsl.evaluation.step import CASES_FILE
from ftdsl.language.conditions import Condition, Undecidable, conditions
from ftdsl.language.labelled import labelled_score
from ftdsl.language.program import EvalDef, Expr, RequireDef
from ftdsl.results.models import EvalOutput, Requirement
from ftdsl.results.scored import ScoredCase, read_scored

DEFAULT_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Model:
    """What one model's eval came to."""

    name: str
    cases: list[ScoredCase]
    output: EvalOutput

    @property
    def cost_per_1k(self) -> float | None:
        return self.output.cost_per_1k


def model_of(eval_: EvalDef, name: str, context: Context, *, labels: bool = False) -> Model:
    """The cases and figures of a model, from the eval step that ran before; with their labels where
    those are asked for."""
    step_id = f"eval.{eval_.name}.{name}"
    output = context.outputs[step_id]
    assert isinstance(output, EvalOutput), f"{step_id} is an eval"
    score = labelled_score(eval_.scores) if labels else None
    file = context.artifacts(step_id) / CASES_FILE
    if score is None:
        return Model(name, list(read_scored(file)), output)
    return Model(name, list(read_scored(file, label_reader(eval_.scores), score.name)), output)


@dataclass(slots=True)
class Requirements:
    """Decides requirements on the cases of ``eval_``. ``place`` is the block that asks, for
    messages; ``notes`` collects what was left undecided on purpose."""

    place: str
    span: Span | None
    eval_: EvalDef
    root: Path
    baseline: Model | None = None
    locked: Mapping[str, float] = field(default_factory=dict)
    locked_cases: LockedCases | None = None
    notes: list[str] = field(default_factory=list)

    def decide(self, require: RequireDef, candidate: Model) -> list[Requirement]:
        """``require`` for ``candidate``: one result, or one a slice. ``with confidence`` the whole
        interval must lie on the good side to pass and on the bad side to fail, else it is
        inconclusive; without it the point estimate decides and the interval is shown. Raises
        ``Refused``: FT520 for a condition that cannot be decided, FT531 for times that are this
        machine's own."""
        confidence = require.confidence if require.stated else DEFAULT_CONFIDENCE
        found: list[Requirement] = []
        try:
            for condition in conditions(require.condition):
                whole = self._asked(require, condition, candidate)
                if require.by is None:
                    require_true_times(whole, require, confidence)
                    found.append(Decision(whole).at(confidence))
                    continue
                asked = list(self._sliced(whole, require.by))
                for one in asked:
                    require_true_times(one, require, confidence)
                parts = [Decision(one) for one in asked]
                if not parts:
                    found.append(_no_slice(whole, require.by, confidence))
                elif require.stated:
                    found += holm(parts, confidence)
                else:
                    found += [part.at(confidence) for part in parts]
        except Undecidable as error:
            raise Refused(self._undecidable(require, error)) from error
        return found

    def _asked(self, require: RequireDef, condition: Condition, candidate: Model) -> Asked:
        text = require.condition.source or _written(require.condition)
        text += f" by {require.by}" if require.by is not None else ""
        text += f" with confidence {100 * require.confidence:.10g}%" if require.stated else ""
        cases, baseline = self._compared(condition, candidate)
        return Asked(
            condition=condition,
            text=text,
            candidate=candidate.name,
            cases=cases,
            baseline=baseline,
            locked=self.locked,
            cost_per_1k=candidate.cost_per_1k,
            judges=candidate.output.judges,
            stated=require.stated,
            cost_per_case=self._cost_per_case(condition, candidate),
            spec_line=line_of(require.span, self.root),
        )

    def _compared(
        self, condition: Condition, candidate: Model
    ) -> tuple[list[ScoredCase], list[ScoredCase] | None]:
        """The candidate's cases, and the same ones under the baseline where they are known."""
        if self.baseline is not None:
            return candidate.cases, self.baseline.cases
        if self.locked_cases is None or not _of_baseline(condition):
            return candidate.cases, None
        note = self.locked_cases.told(candidate.cases)
        if note and note not in self.notes:
            self.notes.append(note)
        pairs = self.locked_cases.paired(candidate.cases)
        return pairs if pairs is not None else (candidate.cases, None)

    def _cost_per_case(self, condition: Condition, candidate: Model) -> float | None:
        """Dollars for one more case under all models that the condition compares."""
        compared = [candidate]
        if self.baseline is not None and _of_baseline(condition):
            compared.append(self.baseline)
        prices = [one.cost_per_1k for one in compared]
        epochs = dict(self.eval_.settings).get("epochs", 1)
        if any(price is None for price in prices) or not isinstance(epochs, int):
            return None
        return sum(price or 0.0 for price in prices) * epochs / 1000

    def _sliced(self, whole: Asked, by: str) -> Iterator[Asked]:
        """The requirement over each value of the slice that has enough rows."""
        least = next(one.min_rows for one in self.eval_.slices if one.name == by)
        groups = grouped(by, whole.cases)
        small = [f"{value} ({len(cases)})" for value, cases in groups.items() if len(cases) < least]
        if small:
            note = f"by {by}: fewer than {least} rows, so not decided: {', '.join(small)}"
            if note not in self.notes:
                self.notes.append(note)
        places: dict[str, list[int]] = {}
        for place, case in enumerate(whole.cases):
            places.setdefault(case.slices[by], []).append(place)
        for value, cases in groups.items():
            if len(cases) < least:
                continue
            theirs = whole.baseline
            if theirs is not None:
                theirs = [theirs[place] for place in places[value]]
            yield replace(whole, cases=cases, baseline=theirs, locked={}, slice=value)

    def _undecidable(self, require: RequireDef, error: Undecidable) -> Diagnostic:
        return Diagnostic(
            "FT520",
            f"{self.place} cannot decide this requirement: {error}",
            require.span or self.span or Span("", 0, 0),
            help="compare a sum of measures with a bound, by >=, >, <= or <",
        )


def _of_baseline(condition: Condition) -> bool:
    return any(name.startswith("baseline.") for name, _ in condition.weights)


def require_same_cases(one: Model, other: Model, span: Span | None) -> None:
    """Raises ``Refused`` (FT521) when the two models were not asked the same cases."""
    if [case.case_id for case in one.cases] == [case.case_id for case in other.cases]:
        return
    raise Refused(
        Diagnostic(
            "FT521",
            f"`{one.name}` and `{other.name}` were not asked the same cases",
            span or Span("", 0, 0),
            help="run the evals again: their files changed in between",
        )
    )


def line_of(span: Span | None, root: Path) -> int | None:
    """The 1-based line of ``span``; None when the spec cannot be read any more."""
    if span is None:
        return None
    try:
        return (root / span.path).read_text("utf-8").count("\n", 0, span.start) + 1
    except (OSError, UnicodeDecodeError):
        return None


def reads_baseline(require: RequireDef) -> bool:
    """Whether a requirement compares with a baseline."""
    measures = (one for one in require.condition.walk() if one.op == "measure")
    return any(str(one.value).startswith("baseline.") for one in measures)


def _no_slice(whole: Asked, by: str, confidence: float) -> Requirement:
    return Requirement(
        requirement=whole.text,
        candidate=whole.candidate,
        verdict="inconclusive",
        estimate=whole.condition.bound,
        low=whole.condition.bound,
        high=whole.condition.bound,
        bound=whole.condition.bound,
        op=whole.condition.op,
        n=0,
        method="none",
        confidence=confidence,
        spec_line=whole.spec_line,
        note=f"no value of `{by}` has enough rows",
    )


def _written(expr: Expr) -> str:
    """An expression that has no source text, as it would be written."""
    if not expr.args:
        return f"{expr.value:.10g}" if isinstance(expr.value, float) else str(expr.value)
    return f" {expr.op} ".join(_written(one) for one in expr.args)
