"""Which requirements of a gate so many cases can never meet, or will most often leave open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span
from ftdsl.engine.store import Store
from ftdsl.language.conditions import Condition
from ftdsl.language.program import RequireDef
from ftdsl.language.reach import bound_of, least_to_pass, margin_of, may_pass, parts
from ftdsl.plan.files import Files
from ftdsl.plan.model import Cost
from ftdsl.plan.steps import GateStep
from ftdsl.results.models import EvalOutput, GateOutput, Requirement

_BINARY = ("json", "parquet")


def gate_warnings(
    step: GateStep, files: Files, store: Store, costs: Mapping[str, Cost]
) -> Iterator[Diagnostic]:
    """A warning for each requirement `with confidence` on all cases. Slices are looked at by their
    fewest rows, when the spec is checked. ``costs`` are those of the evals before the gate."""
    rows = case_rows(step, files)
    if not rows:
        return
    stored = store.latest(step.id)
    last = stored.output if stored is not None else None
    each = dollars_a_case(step, rows, store, costs)
    for require in step.gate.requires:
        if not require.stated or require.by is not None:
            continue
        before = _before(require, last) if isinstance(last, GateOutput) else None
        for condition in parts(require):
            found = _never(step, require, condition, rows, each) or _seldom(
                require, condition, rows, before, each
            )
            if found is not None:
                yield found


def case_rows(step: GateStep, files: Files) -> int | None:
    """How many cases the eval has, as far as lines tell; about so many of a split by hash."""
    cases = step.cases
    if cases is None or any(one.format in _BINARY for one in cases.sources):
        return None
    lines = files.of(cases).lines
    if step.split is None:
        return lines
    share = dict(cases.split.shares).get(step.split) if cases.split is not None else None
    return round(lines * share) if share is not None else None


def dollars_a_case(
    step: GateStep, rows: int, store: Store, costs: Mapping[str, Cost]
) -> float | None:
    """What one more case costs under all models that the gate compares: as their last runs showed,
    else as the plan estimates. None where a price is not known."""
    whole = 0.0
    epochs = dict(step.eval.settings).get("epochs", 1)
    for need in step.needs:
        stored = store.latest(need)
        output = stored.output if stored is not None else None
        judged = isinstance(output, EvalOutput) and bool(output.judges)
        if isinstance(output, EvalOutput) and output.cost_per_1k is not None and not judged:
            whole += output.cost_per_1k / 1000 * (epochs if isinstance(epochs, int) else 1)
            continue
        cost = costs.get(need)
        if cost is None or cost.money is None:
            return None
        whole += cost.money.expected / rows
    return whole


def _for_more(cases: int, each: float | None) -> str:
    """What so many more cases cost, in words; "" where that is nothing or not known."""
    if not each:
        return ""
    dollars = cases * each
    return f" (about ${dollars:,.2f} more)" if dollars >= 0.005 else " (less than $0.01 more)"


def _before(require: RequireDef, last: GateOutput) -> Requirement | None:
    """What the gate found of this requirement last time."""
    text = require.condition.source or ""
    return next((one for one in last.requirements if text and text in one.requirement), None)


def _never(
    step: GateStep, require: RequireDef, condition: Condition, rows: int, each: float | None
) -> Diagnostic | None:
    if may_pass(condition, rows, require.confidence, step.eval):
        return None
    least = least_to_pass(condition, require.confidence, step.eval)
    wanted = "a bound that can be reached"
    if least is not None:
        wanted = f"at least {least:,} cases{_for_more(least - rows, each)}"
    return Diagnostic(
        "FT550",
        f"{rows:,} cases can never meet this requirement",
        require.span or Span("", 0, 0),
        Severity.WARNING,
        label="a perfect result would leave it open",
        help=f"it needs {wanted}, or ask for less",
    )


def _seldom(
    require: RequireDef,
    condition: Condition,
    rows: int,
    before: Requirement | None,
    each: float | None,
) -> Diagnostic | None:
    from ftdsl.statistics.power import POWER

    told = _power(require, condition, rows, before)
    if told is None or told[0] >= POWER:
        return None
    power, needed, note, relief = told
    return Diagnostic(
        "FT551",
        f"with {rows:,} cases this requirement would pass {power:.0%} of the models that meet it",
        require.span or Span("", 0, 0),
        Severity.WARNING,
        label="INCONCLUSIVE, or worse, for the others",
        notes=(note,),
        help=f"{needed:,} cases make it {POWER:.0%}{_for_more(needed - rows, each)}{relief}",
    )


def _power(
    require: RequireDef, condition: Condition, rows: int, before: Requirement | None
) -> tuple[float, int, str, str] | None:
    """Power, the cases that give enough, what was assumed, and another way out."""
    from ftdsl.statistics.power import (
        POWER,
        TYPICAL_FLIPS,
        cases_for_margin,
        least_cases,
        power_of_bound,
        power_of_margin,
    )

    level = require.confidence
    if (found := margin_of(condition)) is not None and found[1] > 0:
        margin, flips, source = found[1], TYPICAL_FLIPS, "taken where no run has shown it"
        if before is not None and before.fixed is not None and before.n:
            seen = (before.fixed + (before.broken or 0)) / before.n
            flips, source = max(seen, 1 / before.n), "as in the last run"
        power = power_of_margin(rows, margin, flips, level)
        reach = margin * (cases_for_margin(margin, flips, level) / rows) ** 0.5
        note = f"the two models differ on {flips:.1%} of the cases, {source}"
        relief = f", and so does a margin of {100 * reach:.1f}pp"
        return power, cases_for_margin(margin, flips, level), note, relief
    if (found := bound_of(condition)) is not None and before is not None and before.n:
        bound, share = found[1], before.estimate
        if share <= bound:
            return None
        needed = least_cases(lambda n: power_of_bound(n, bound, share, level) >= POWER)
        if needed is None:
            return None
        note = f"the model is right in {share:.1%} of the cases, as in the last run"
        return power_of_bound(rows, bound, share, level), needed, note, ""
    return None
