"""From one pass over the rows to the result of the step: a verdict for every rule, findings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ftdsl.quality.across.drift import drift_findings, first_fitting
from ftdsl.quality.causes import named_rows
from ftdsl.quality.examination import locked_measures, measured
from ftdsl.quality.forecast import costs, forecasts, limit_findings
from ftdsl.quality.outcomes import (
    UNANSWERED,
    as_findings,
    dataset_outcome,
    file_outcomes,
    row_outcome,
    spec_line,
    waiver_findings,
)
from ftdsl.quality.whole import Whole
from ftdsl.results.models import CheckOutput, Finding, RuleOutcome, SubValue

_DECIDING = frozenset({"FT344", "FT349", "FT354"})
"""Findings that fail the check though no rule does."""


class Conclusion:
    """Verdicts from what one pass over the rows has gathered. ``size`` is that of the files."""

    def __init__(self, whole: Whole, root: Path, size: int) -> None:
        self.examination = whole.examination
        self.step = whole.examination.step
        self.tally = whole.tally
        self.whole = whole
        self.root = root
        self.size = size

    def output(self) -> CheckOutput:
        """The result of the step."""
        rules, rule_findings = self._rules()
        outcomes = [*file_outcomes(self.tally), *rules]
        findings = [*self._of_files(), *rule_findings, *self._of_trainings(), *self._of_waivers()]
        failed = any(one.verdict == "fail" for one in outcomes)
        failed |= any(one.severity == "error" and one.code in _DECIDING for one in findings)
        unanswered = not UNANSWERED.isdisjoint(self.tally.codes)
        return CheckOutput(
            name=self.step.name,
            counts=self.tally.counts,
            splits=self.tally.splits,
            outcomes=tuple(outcomes),
            findings=tuple(findings),
            statistics=measured(self.whole.sizes),
            forecasts=tuple(forecasts(self.step, self.whole.sizes)),
            costs=tuple(costs(self.step, self.whole.sizes)),
            distributions={
                source: found
                for statement in self.whole.statements.values()
                for source, found in statement.distributions().items()
            },
            verdict="error" if unanswered else "fail" if failed else "pass",
        )

    def _of_files(self) -> list[Finding]:
        tally = self.tally
        found = (f for code in sorted(tally.codes) for f in as_findings(tally, code))
        findings = [first_fitting(tally, finding) for finding in found]
        findings += drift_findings(tally, self.step.name)
        for name, (path, line, rows) in sorted(self.tally.unknown.items()):
            findings.append(
                Finding(
                    code="FT342",
                    message=f"field `{name}` is in no schema; "
                    + (f"{rows} rows have it" if rows > 1 else "one row has it"),
                    severity="warning",
                    dataset=self.step.name,
                    path=path,
                    line=line,
                    help=f"declare it, such as `{name}: text?`, or leave it out of the file",
                )
            )
        if not self.tally.checked and not (self.step.dataset.allow_empty and not self.tally.failed):
            findings.append(self._no_rows())
        splits = self.step.dataset.split_names if self.tally.checked else ()
        findings += [self._empty_split(one) for one in splits if not self.tally.splits.get(one)]
        return findings

    def _no_rows(self) -> Finding:
        span = self.step.dataset.span
        return Finding(
            code="FT354",
            message=f"dataset `{self.step.name}` has no row that can be checked",
            dataset=self.step.name,
            path=span.path if span is not None else "",
            line=spec_line(span, self.root),
            help="see that its source names the right files and that its schema fits them",
        )

    def _empty_split(self, split: str) -> Finding:
        span = self.step.dataset.span
        return Finding(
            code="FT355",
            message=f"split `{split}` of dataset `{self.step.name}` has no row",
            severity="warning",
            dataset=self.step.name,
            path=span.path if span is not None else "",
            line=spec_line(span, self.root),
            help="give it a larger share, or more rows",
        )

    def _rules(self) -> tuple[list[RuleOutcome], list[Finding]]:
        outcomes: list[RuleOutcome] = []
        findings: list[Finding] = []
        for index, rule in enumerate(self.examination.rules):
            if rule.expect is None:
                outcome = row_outcome(rule, self.tally.rules[index], self.root)
                weight = "error" if outcome.verdict == "fail" else "warning"
                findings += as_findings(self.tally, rule.name, severity=weight)
            else:
                outcome, found = self._dataset_rule(index)
                findings += found
            outcomes.append(outcome)
        return outcomes, findings

    def _dataset_rule(self, index: int) -> tuple[RuleOutcome, list[Finding]]:
        rule = self.examination.rules[index]
        waivers = [k for k, one in enumerate(self.step.waivers) if one.rule[1] == rule.name]
        statement = self.whole.statements[index]
        outcome, values = dataset_outcome(
            rule, statement, locked_measures(self.step), bool(waivers), self.root
        )
        if outcome.waived:
            self.tally.waived[waivers[0]].add("")
        if not outcome.failing:
            return outcome, []
        span = rule.span or self.step.dataset.span
        finding = Finding(
            code="FT351",
            message=f"{rule.doc or rule.name}: {outcome.requirement}",
            severity="error" if outcome.verdict == "fail" else "warning",
            rule=rule.name,
            dataset=self.step.name,
            path=span.path if span is not None else "",
            line=spec_line(span, self.root),
            values=(
                *values,
                *(SubValue(source=part, value=told) for part, told in statement.moved()),
                *named_rows(statement, self.step.dataset, self.root),
            ),
        )
        return outcome, [finding]

    def _of_trainings(self) -> Iterator[Finding]:
        for span, found in limit_findings(self.step, self.whole.sizes, self.size):
            place = {"path": span.path, "line": spec_line(span, self.root)} if span else {}
            yield found.model_copy(update=place)

    def _of_waivers(self) -> list[Finding]:
        return waiver_findings(self.step.waivers, self.tally.waived, self.step.name, self.root)
