"""What a spec's data and gates came to, asked once, and told rule by rule."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice

from ftdsl.api import AnalysisView, PlanView, RefusedError, RunView, apply, data_selectors, plan
from ftdsl.engine.context import Policy
from ftdsl.reports.numbers import count
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style
from ftdsl.reports.summary import rule_text
from ftdsl.reports.terminal import render
from ftdsl.results.models import CheckOutput, Finding, RuleOutcome
from ftdsl.results.run import RunResult, StepRun

_SHOWN = 10
_ELSEWHERE = "FT205"
"""Another process runs steps of the project: a worker of pytest-xdist, most likely."""
_LONGEST_WAIT = 3600.0


class WrongAnswer(Exception):
    """The answer is no. ``text`` is the product's own."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text.rstrip("\n")


class Unanswered(Exception):
    """Nobody has asked yet. ``reason`` says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Answers:
    """The runs that the tests of one spec need; each is made when a test first asks for it."""

    def __init__(self, view: AnalysisView, *, run: bool) -> None:
        self._view = view
        self._run = run

    @cached_property
    def _data(self) -> RunView:
        """The data steps: no host is asked, and what is fresh is not done again."""
        program = self._view.program
        assert program is not None, "a spec with errors has no tests of its data"
        only = data_selectors(program)
        return _applied(_planned(self._view, only, Policy(offline=True)), "validate")

    def rule(self, dataset: str, rule: str) -> str:
        """Nothing where the data keep the rule; a text where it only warns. WrongAnswer
        otherwise."""
        step = self._answered("check", dataset)
        output = step.output
        found = output.outcomes if isinstance(output, CheckOutput) else ()
        outcome = next((each for each in found if each.rule == rule), None)
        if outcome is None:
            raise Unanswered(f"no row was looked at by {rule}")
        if outcome.verdict == "pass":
            return ""
        told = self._rule_text(dataset, outcome, step)
        if outcome.verdict == "warn":
            return told
        raise WrongAnswer(told)

    def check(self, dataset: str) -> None:
        """WrongAnswer where the check fails and no rule of it does: a dataset without a row, a
        waiver that is over."""
        step = self._answered("check", dataset)
        outcomes = step.output.outcomes if isinstance(step.output, CheckOutput) else ()
        if step.verdict != "pass" and all(each.verdict != "fail" for each in outcomes):
            raise WrongAnswer(_step_text(self._data, step))

    def step(self, kind: str, name: str) -> None:
        """WrongAnswer where the step did not pass."""
        step = self._answered(kind, name)
        if step.verdict != "pass":
            raise WrongAnswer(_step_text(self._data, step))

    def gate(self, name: str) -> None:
        """WrongAnswer where the gate did not pass. Unanswered where its result is missing or
        stale and nothing may be run for it."""
        policy = _policy()
        made = _planned(self._view, (f"gate.{name}",), policy)
        stale = [step.id for step in made.plan.steps if step.state != "fresh"]
        if stale and not self._run:
            command = f"ftdsl run {self._view.path} --only gate.{name}"
            raise Unanswered(f"{', '.join(stale)} to run: `{command}`, or pytest --ftdsl-run")
        view = _applied(made, "gate")
        step = view.result.step(f"gate.{name}")
        if step is None or step.output is None:
            raise WrongAnswer(render(replace(view.report, verdict="error"), Style(quiet=True)))
        if step.verdict != "pass":
            raise WrongAnswer(_step_text(view, step))

    def _answered(self, kind: str, name: str) -> StepRun:
        """The step's record. WrongAnswer where it could not answer."""
        step = self._data.result.step(f"{kind}.{name}")
        if step is None or step.output is None:
            raise WrongAnswer(render(self._data.report, Style(quiet=True)))
        return step

    def _rule_text(self, dataset: str, outcome: RuleOutcome, step: StepRun) -> str:
        def first() -> Iterator[Finding]:
            return islice(self._findings(dataset, outcome.rule), _SHOWN)

        alone = _only(self._data.result, step)
        report = replace(
            self._data.report, run=alone, all_findings=first, only_findings=True, diagnostics=()
        )
        lines = [f"{outcome.doc or outcome.requirement}: {rule_text(outcome)}", ""]
        lines.append(render(report, Style(verbose=True)).rstrip("\n"))
        total = sum(1 for _ in self._findings(dataset, outcome.rule))
        if total > _SHOWN:
            command = f"ftdsl rows {self._view.path} {dataset}.{outcome.rule}"
            lines.append(f"+{count(total - _SHOWN)} more: {command}")
        return "\n".join(lines)

    def _findings(self, dataset: str, rule: str) -> Iterator[Finding]:
        every = self._data.report.all_findings
        for finding in every() if every is not None else ():
            if (finding.dataset, _family(finding.rule, finding.code)) == (dataset, rule):
                yield finding


def _family(rule: str, code: str) -> str:
    """The rule of a finding; those of files and schemas carry none."""
    if rule:
        return rule
    return "file.schema" if code in ("FT340", "FT341", "FT343") else "file.readable"


def _planned(view: AnalysisView, only: tuple[str, ...], policy: Policy) -> PlanView:
    try:
        return plan(view, only=only, policy=policy)
    except RefusedError as error:
        raise WrongAnswer(render(error.report, Style())) from error


def _applied(made: PlanView, command: str) -> RunView:
    """Run the plan, after any other process that runs steps of the same project."""
    wait, waited = 0.05, 0.0
    while True:
        view = replace(apply(made), command=command)
        if waited >= _LONGEST_WAIT or _ELSEWHERE not in {d.code for d in view.result.diagnostics}:
            return view
        time.sleep(wait)
        waited += wait
        wait = min(1.0, wait * 1.5)
        made = plan(made.analysis, only=made.plan.only, policy=made.policy)


def _policy() -> Policy:
    """What the operator allows by FTDSL_ALLOW_HOST; pytest's own options grant nothing."""
    stated = os.environ.get("FTDSL_ALLOW_HOST", "").split(",")
    hosts = {host.strip() for host in stated if host.strip()}
    default = Policy()
    return replace(default, allowed_hosts=default.allowed_hosts | hosts)


def _step_text(view: RunView, step: StepRun) -> str:
    """The step as a run of its own, in the words of the terminal report."""
    alone = _only(view.result, step)
    report: Report = replace(view.report, run=alone, diagnostics=(), all_findings=None)
    return render(report, Style())


def _only(result: RunResult, step: StepRun) -> RunResult:
    verdict = step.verdict or result.verdict
    return result.model_copy(update={"steps": (step,), "verdict": verdict, "diagnostics": ()})
