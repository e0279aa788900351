"""How many findings each rule and each code has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ftdsl.reports.report import Report
from ftdsl.reports.run_document import findings_of
from ftdsl.results.models import Finding


@dataclass(frozen=True, slots=True)
class Statistic:
    """``name`` is a rule with its dataset, or the summary of a code."""

    findings: int
    code: str
    name: str
    severity: str
    fix: str | None


def statistics_of(report: Report) -> tuple[Statistic, ...]:
    """One a rule of a dataset, or a code where there is no rule; the most findings first."""
    run = report.run
    if run is None:
        return ()
    every = report.all_findings
    shown: Iterable[Finding] = every() if every is not None else findings_of(run)
    counts: dict[tuple[str, str], list[int]] = {}
    first: dict[tuple[str, str], Finding] = {}
    for finding in shown:
        name = f"{finding.dataset}.{finding.rule}" if finding.rule else finding.dataset
        key = (finding.code, name)
        counts.setdefault(key, [0])[0] += 1
        first.setdefault(key, finding)
    found = [
        Statistic(total, code, name, first[code, name].severity, first[code, name].fix)
        for (code, name), (total,) in counts.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.findings, each.code, each.name)))
