"""Which requirements of a gate so many cases can never meet, or will most often leave open."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span
from ftdsl.engine.store import Store
from ftdsl.language.conditions import Condition
from ftdsl.language.program import RequireDef
from ftdsl.language.reach import bound_of, least_to_pass, margin_of, may_pass, parts
from ftdsl.plan.files import Files
from ftdsl.plan.steps import GateStep
from ftdsl.results.models import GateOutput, Requirement

_BINARY = ("json", "parquet")


def gate_warnings(step: GateStep, files: Files, store: Store) -> Iterator[Diagnostic]:
    """A warning for each requirement `with confidence` on all cases. Slices are looked at by their
    fewest rows, when the spec is checked."""
    rows = case_rows(step, files)
    if not rows:
        return
    stored = store.latest(step.id)
    last = stored.output if stored is not None else None
    for require in step.gate.requires:
        if not require.stated or require.by is not None:
            continue
        before = _before(require, last) if isinstance(last, GateOutput) else None
        for condition in parts(require):
            found = _never(step, require, condition, rows) or _seldom(
                require, condition, rows, before
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


def _before(require: RequireDef, last: GateOutput) -> Requirement | None:
    """What the gate found of this requirement last time."""
    text = require.condition.source or ""
    return next((one for one in last.requirements if text and text in one.requirement), None)


def _never(
    step: GateStep, require: RequireDef, condition: Condition, rows: int
) -> Diagnostic | None:
    if may_pass(condition, rows, require.confidence, step.eval):
        return None
    least = least_to_pass(condition, require.confidence, step.eval)
    wanted = f"at least {least:,} cases" if least is not None else "a bound that can be reached"
    return Diagnostic(
        "FT550",
        f"{rows:,} cases can never meet this requirement",
        require.span or Span("", 0, 0),
        Severity.WARNING,
        label="a perfect result would leave it open",
        help=f"it needs {wanted}, or ask for less",
    )


def _seldom(
    require: RequireDef, condition: Condition, rows: int, before: Requirement | None
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
        help=f"{needed:,} cases make it {POWER:.0%}{relief}",
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
