"""From a tally to verdicts: what each rule came to, and which waivers had no effect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.language.program import RuleDef, WaiverDef
from ftdsl.plan.expressions import source_of
from ftdsl.privacy.masking import masked_name
from ftdsl.quality.rules import shown
from ftdsl.quality.statements import Statement, scalar
from ftdsl.quality.tally import Tally
from ftdsl.results.models import Finding, RuleOutcome, SubValue

READABLE, SCHEMA = "file.readable", "file.schema"
_SCHEMA_CODES = frozenset({"FT340", "FT341", "FT343"})
_WARNINGS = frozenset({"FT319", "FT324", "FT326", "FT329", "FT338"})
UNANSWERED = frozenset({"FT333", "FT334", "FT336"})
"""Codes of files that hold no rows of the format they are said to have: whether the rows are right
could not be asked."""


def spec_line(span: Span | None, root: Path) -> int | None:
    """The 1-based line of ``span`` in its spec file; None where that is not under ``root``."""
    if span is None:
        return None
    try:
        text = (root / span.path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    return text.count("\n", 0, span.start) + 1


def verdict(rule: RuleDef, failing: int, checked: int) -> str:
    """``pass``, ``warn`` or ``fail`` by the rule's verdict lines; without one, fail on any row."""
    measures = {"failing": failing / checked if checked else 0.0, "failing_rows": failing}
    if rule.fail is None and rule.warn is None:
        return "fail" if failing else "pass"
    if rule.fail is not None and scalar(rule.fail, measures, {}):
        return "fail"
    if rule.warn is not None and scalar(rule.warn, measures, {}):
        return "warn"
    return "pass"


def row_outcome(rule: RuleDef, counts: list[int], root: Path) -> RuleOutcome:
    """How a row rule did. Waived rows are not failing."""
    checked, failing, waived, left_out = counts
    rate = failing / checked if checked else 0.0
    return RuleOutcome.model_validate(
        {
            "rule": rule.name,
            "kind": "row",
            "doc": rule.doc,
            "verdict": verdict(rule, failing, checked),
            "checked": checked,
            "failing": failing,
            "waived": waived,
            "left_out": left_out,
            "rate": rate,
            "value": f"{failing} of {checked} rows ({rate:.2%})",
            "requirement": requirement(rule),
            "spec_line": spec_line(rule.span, root),
        }
    )


def requirement(rule: RuleDef) -> str:
    """The rule as one line of text."""
    if rule.expect is not None:
        words = [f"expect {source_of(rule.expect)}"]
    else:
        where = f" where {source_of(rule.where)}" if rule.where is not None else ""
        must = source_of(rule.must) if rule.must is not None else ""
        words = [f"each{where} must {must}"]
    for kind, condition in (("fail", rule.fail), ("warn", rule.warn)):
        if condition is not None:
            words.append(f"{kind} when {source_of(condition)}")
    return "  ".join(words)


def dataset_outcome(
    rule: RuleDef,
    statement: Statement,
    measures: Mapping[str, float],
    waived: bool,
    root: Path,
) -> tuple[RuleOutcome, list[SubValue]]:
    """How a statement about the whole dataset did, and what its parts came to. A statement that
    reads the lock holds while nothing has been locked."""
    parts = statement.parts(measures)
    never_locked = statement.unlocked()
    never_locked |= any(name.startswith("locked.") and value is None for name, value in parts)
    holds = never_locked or bool(statement.value(measures))
    failing = 0 if holds or waived else 1
    value = ", ".join(f"{name} = {shown(one)}" for name, one in parts)
    if never_locked:
        value += "; nothing is locked yet"
    outcome = RuleOutcome.model_validate(
        {
            "rule": rule.name,
            "kind": "dataset",
            "doc": rule.doc,
            "verdict": verdict(rule, failing, 1),
            "checked": 1,
            "failing": failing,
            "waived": int(not holds and waived),
            "rate": float(failing),
            "value": value,
            "requirement": requirement(rule),
            "spec_line": spec_line(rule.span, root),
        }
    )
    return outcome, [SubValue(source=name, value=shown(one)) for name, one in parts]


def file_outcomes(tally: Tally) -> list[RuleOutcome]:
    """Two outcomes that every dataset has: rows can be read, and rows fit the schema."""
    errors = {code: n for code, n in tally.codes.items() if code not in _WARNINGS}
    schema = sum(n for code, n in errors.items() if code in _SCHEMA_CODES)
    unreadable = sum(errors.values()) - schema
    found = []
    for name, failing, doc in (
        (READABLE, unreadable, "every row can be read"),
        (SCHEMA, schema, "every row has the fields of its schema"),
    ):
        rows = max(tally.discovered, failing)
        found.append(
            RuleOutcome(
                rule=name,
                kind="file",
                doc=doc,
                verdict="fail" if failing else "pass",
                checked=rows,
                failing=failing,
                rate=failing / rows if rows else 0.0,
                value=f"{failing} of {rows} rows",
                requirement=doc,
            )
        )
    return found


def waiver_findings(
    waivers: tuple[WaiverDef, ...], used: list[set[str]], dataset: str, root: Path
) -> list[Finding]:
    """A warning for each waiver that excused nothing, or whose rows were not all excused."""
    findings = []
    for waiver, ids in zip(waivers, used, strict=True):
        idle = [row for row in map(masked_name, waiver.rows) if row not in ids]
        if ids and not idle:
            continue
        rule = f"{dataset}.{waiver.rule[1]}"
        what = f"rows {', '.join(idle[:5])} of the waiver" if ids else "the waiver"
        findings.append(
            Finding(
                code="FT352",
                message=f"{what} for `{rule}` has no effect: they do not fail it"
                if waiver.rows
                else f"{what} for `{rule}` has no effect: no row fails it",
                severity="warning",
                rule=waiver.rule[1],
                dataset=dataset,
                path=waiver.span.path if waiver.span is not None else "",
                line=spec_line(waiver.span, root),
                help="delete the waiver" if not ids else "delete these ids from the waiver",
                fix="delete_idle_waiver" if not ids else None,
            )
        )
    return findings


def as_findings(tally: Tally, key: str, **changes: Any) -> list[Finding]:
    """The first findings of one rule or code, as results."""
    return [Finding.model_validate({**one, **changes}) for one in tally.shown.get(key, ())]
