"""What a baseline changes in a check: known rows are no findings, and a rate may not grow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ftdsl.engine.context import Context
from ftdsl.language.program import RuleDef
from ftdsl.plan import baseline
from ftdsl.plan.baseline import KnownRows
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.outcomes import row_outcome
from ftdsl.quality.tally import SHOWN
from ftdsl.results.artifacts import FINDINGS
from ftdsl.results.models import CheckOutput, Finding, RuleOutcome

KNOWN = "baselined.jsonl"
"""The artifact with the findings that the baseline knows."""


@dataclass(slots=True)
class _Sorted:
    """Findings of one rule: how many are known, and the first new ones."""

    known: int = 0
    shown: list[dict[str, Any]] = field(default_factory=list)


def held_to_baseline(output: CheckOutput, step: CheckStep, context: Context) -> CheckOutput:
    """``output`` without the findings that the step's baseline knows: they are counted, and move to
    an artifact of their own. Raises Refused (FT377)."""
    known = baseline.read(context.root, step.baseline).datasets.get(step.name, {})
    rules = {rule.name: rule for rule in (step.check.rules if step.check is not None else ())}
    known = {name: one for name, one in known.items() if one.rows and name in rules}
    if not known:
        return output
    sorted_ = _sort(context.work, known)
    outcomes, grown = [], []
    for outcome in output.outcomes:
        if outcome.rule not in known or outcome.kind != "row":
            outcomes.append(outcome)
            continue
        rule, was = rules[outcome.rule], known[outcome.rule]
        outcomes.append(_outcome(rule, outcome, sorted_[outcome.rule].known, context.root))
        if outcome.failing * was.checked > was.failing * outcome.checked:
            grown.append(_grown(rule, outcome, was, step))
    severe = {o.rule: "error" if o.verdict == "fail" else "warning" for o in outcomes}
    findings = (*_findings(output, sorted_, severe), *grown)
    failed = any(one.verdict == "fail" for one in outcomes)
    failed |= any(one.severity == "error" and one.code in ("FT354", "FT378") for one in findings)
    changes = {"outcomes": tuple(outcomes), "findings": findings}
    return output.model_copy(update={**changes, "verdict": "fail" if failed else "pass"})


def _sort(work: Path, known: Mapping[str, KnownRows]) -> dict[str, _Sorted]:
    """Move the known findings of the artifact to their own."""
    digests = {name: frozenset(one.rows) for name, one in known.items()}
    found = {name: _Sorted() for name in known}
    fresh = work / f"{FINDINGS}.new"
    with (
        (work / FINDINGS).open("rb") as source,
        fresh.open("wb") as kept,
        (work / KNOWN).open("wb") as aside,
    ):
        for line in source:
            finding = orjson.loads(line)
            rule = str(finding.get("rule", ""))
            if rule in digests and finding.get("row_digest") in digests[rule]:
                found[rule].known += 1
                aside.write(line)
                continue
            kept.write(line)
            if rule in found and len(found[rule].shown) < SHOWN:
                found[rule].shown.append(finding)
        for stream in (kept, aside):
            stream.flush()
            os.fsync(stream.fileno())
    fresh.replace(work / FINDINGS)
    return found


def _outcome(rule: RuleDef, outcome: RuleOutcome, known: int, root: Path) -> RuleOutcome:
    counts = [outcome.checked, outcome.failing - known, outcome.waived, outcome.left_out]
    return row_outcome(rule, counts, root).model_copy(update={"baselined": known})


def _findings(
    output: CheckOutput, sorted_: Mapping[str, _Sorted], severe: Mapping[str, str]
) -> Iterator[Finding]:
    """Those of the output, in their order; of a rule with known rows the first new ones."""
    done: set[str] = set()
    for finding in output.findings:
        rule = finding.rule
        if finding.code != "FT350" or rule not in sorted_:
            yield finding
        elif rule not in done:
            done.add(rule)
            for one in sorted_[rule].shown:
                yield Finding.model_validate({**one, "severity": severe[rule]})


def _grown(rule: RuleDef, outcome: RuleOutcome, was: KnownRows, step: CheckStep) -> Finding:
    only_warns = rule.fail is None and rule.warn is not None
    return Finding(
        code="FT378",
        message=f"`{rule.name}` fails for {outcome.failing} of {outcome.checked} rows "
        f"({outcome.rate:.2%}), known ones included; its baseline is {was.failing} of "
        f"{was.checked} ({was.rate:.2%})",
        severity="warning" if only_warns else "error",
        rule=rule.name,
        dataset=step.name,
        path=step.baseline,
        help="mend the new rows; where good rows were taken out on purpose, delete the rule's "
        "table from the baseline and run `ftdsl lock --baseline`",
    )
