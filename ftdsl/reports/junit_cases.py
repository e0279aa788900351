"""What a command found, as suites of test cases: specs, then every step of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ftdsl.diagnostics.codes import CODES
from ftdsl.diagnostics.diagnostic import Diagnostic, Severity
from ftdsl.reports.concise import finding_line
from ftdsl.reports.document import FindingEntry
from ftdsl.reports.excerpt import excerpt
from ftdsl.reports.findings import Few, by_rule
from ftdsl.reports.numbers import count, plural, quantity, share
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style
from ftdsl.reports.summary import bound_text, rule_text, short_by
from ftdsl.results.coverage import Bar
from ftdsl.results.models import (
    CheckOutput,
    CoverageOutput,
    DedupOutput,
    GateOutput,
    Requirement,
    RuleOutcome,
)
from ftdsl.results.preflight import PreflightCheck, PreflightOutput
from ftdsl.results.rating import RateOutput
from ftdsl.results.run import StepRun
from ftdsl.results.selection import SelectOutput
from ftdsl.results.sweep import SweepOutput

_SHOWN = 10
_LONGEST_VALUE = 300

Groups = dict[tuple[str, str], Few]


@dataclass(frozen=True, slots=True)
class Case:
    """One test case. ``text`` is what the failure says below its one-line ``message``."""

    name: str
    kind: Literal["passed", "failure", "error", "skipped"] = "passed"
    message: str = ""
    text: str = ""
    type: str = "rule"


@dataclass(frozen=True, slots=True)
class Suite:
    """One block, or one spec. ``warnings`` is what failed nothing."""

    name: str
    cases: tuple[Case, ...]
    warnings: str = ""
    seconds: float = 0.0


def suites_of(report: Report) -> list[Suite]:
    """The suites of a report, those of specs first."""
    groups = by_rule(report, _SHOWN)
    suites = [_problems(report)] if report.problems else []
    suites += [_spec(report, path) for path in _spec_paths(report)]
    if report.run is not None:
        suites += [_step(report, step, groups) for step in report.run.steps]
    return suites


def _problems(report: Report) -> Suite:
    cases = (Case(one.code, "error", one.message, one.help, one.code) for one in report.problems)
    return Suite(f"ftdsl {report.command}", tuple(cases))


def _spec_paths(report: Report) -> list[str]:
    """The specs that were looked at, and the files that diagnostics are about besides."""
    run = report.run.diagnostics if report.run is not None else ()
    paths = (one.span.path for one in (*report.diagnostics, *run))
    return list(dict.fromkeys((*report.files, *paths)))


def _spec(report: Report, path: str) -> Suite:
    """A case for the language, or one for every code that the spec breaks."""
    run = report.run.diagnostics if report.run is not None else ()
    own = [one for one in (*report.diagnostics, *run) if one.span.path == path]
    errors = [one for one in own if one.severity is Severity.ERROR]
    warnings = [one for one in own if one.severity is not Severity.ERROR]
    told = "".join(excerpt(report, one, Style()) for one in warnings)
    cases = _by_code(report, errors, "failure")
    return Suite(path, tuple(cases) or (Case("the spec is right"),), told)


def _by_code(
    report: Report, found: list[Diagnostic], kind: Literal["failure", "error"]
) -> Iterator[Case]:
    for code in dict.fromkeys(one.code for one in found):
        same = [one for one in found if one.code == code]
        text = "\n".join(excerpt(report, one, Style()) for one in same[:_SHOWN])
        name = f"{code} {CODES[code].name}" if code in CODES else code
        yield Case(name, kind, same[0].message, text + _more(len(same)), code)


def _more(total: int, shown: int = _SHOWN) -> str:
    return f"+{count(total - shown)} more\n" if total > shown else ""


def _step(report: Report, step: StepRun, groups: Groups) -> Suite:
    told = _warnings(step, groups) + _excused(step)
    return Suite(step.id, tuple(_cases(report, step, groups)), told, step.seconds)


def _excused(step: StepRun) -> str:
    """A line for every rule with rows that are excused, or that a sample left out."""
    outcomes = step.output.outcomes if isinstance(step.output, CheckOutput) else ()
    some = (each for each in outcomes if each.waived or each.baselined or each.left_out)
    return "".join(f"{each.rule}: {rule_text(each)}\n" for each in some)


def _cases(report: Report, step: StepRun, groups: Groups) -> Iterator[Case]:
    if step.output is None:
        yield from _without_answer(report, step)
        return
    match step.output:
        case CheckOutput(name=name, outcomes=outcomes):
            yield from (_rule(outcome, groups.get((name, outcome.rule))) for outcome in outcomes)
            yield from _beside(name, {outcome.rule for outcome in outcomes}, "FT3", groups)
        case DedupOutput(name=name):
            others = list(_beside(name, set(), "FT40", groups))
            yield from others or [Case("duplicates")]
        case CoverageOutput(name=name):
            yield from _coverage(step.output, groups)
        case PreflightOutput(checks=checks):
            yield from (_preflight(check, step.output) for check in checks)
        case GateOutput(requirements=requirements) | RateOutput(requirements=requirements):
            yield from map(_requirement, requirements)
        case SelectOutput():
            yield _selection(step.output)
        case SweepOutput():
            yield Case(f"chosen: {step.output.winner}")
        case _:
            yield Case(step.kind)


def _without_answer(report: Report, step: StepRun) -> Iterator[Case]:
    errors = _by_code(report, list(step.diagnostics), "error")
    if step.status in ("refused", "failed"):
        reasons = "; ".join(step.reasons)
        yield from list(errors) or [Case(step.kind, "error", step.status, reasons, step.status)]
        return
    told = "; ".join(step.reasons) or step.status
    yield Case(step.kind, "skipped", told)


def _rule(outcome: RuleOutcome, few: Few | None) -> Case:
    if outcome.verdict != "fail":
        return Case(outcome.rule)
    message = f"{outcome.doc or outcome.requirement or outcome.rule}: {rule_text(outcome)}"
    return Case(outcome.rule, "failure", message, _findings(few, outcome.requirement))


def _beside(name: str, known: set[str], family: str, groups: Groups) -> Iterator[Case]:
    """Findings of rules that have no outcome of their own."""
    for (dataset, rule), few in groups.items():
        first = few.first[0].entry
        stands = dataset == name and rule not in known and first.code.startswith(family)
        if stands and first.severity == "error":
            yield Case(rule or first.code, "failure", first.message, _findings(few), first.code)


def _coverage(output: CoverageOutput, groups: Groups) -> Iterator[Case]:
    for group in output.groups:
        rule = f"by {group.source}"
        unmet = [bar for bar in group.bars if not bar.met]
        if unmet:
            few = groups.get((output.name, rule))
            told = ", ".join(f"{bar.key} {bound_text(bar)}" for bar in unmet[:_SHOWN])
            head = "\n".join(map(_bar, unmet[:_SHOWN]))
            yield Case(rule, "failure", f"not met: {told}", _findings(few, head))
        else:
            yield Case(rule)
    for outcome in output.outcomes:
        yield _rule(outcome, groups.get((output.name, outcome.rule)))


def _bar(bar: Bar) -> str:
    told = f"{bar.key}: {plural(bar.rows, 'row')} ({share(bar.share)}), must be {bound_text(bar)}"
    short = short_by(bar)
    return f"{told}: {short}" if short else told


def _requirement(requirement: Requirement) -> Case:
    where = f" on {requirement.slice}" if requirement.slice else ""
    name = f"{requirement.candidate}{where}: {requirement.requirement}"
    if requirement.verdict == "pass":
        return Case(name)
    unit = requirement.unit
    estimate = quantity(requirement.estimate, unit, points=requirement.paired)
    low, high = (quantity(end, unit) for end in (requirement.low, requirement.high))
    told = f"{estimate} [{low}, {high}], n = {requirement.n}, {requirement.method}"
    if requirement.needed_n is not None:
        told += f"; about {count(requirement.needed_n)} cases would decide it"
    return Case(name, "failure", requirement.verdict, f"{told}\n{requirement.note}", "gate")


def _preflight(check: PreflightCheck, output: PreflightOutput) -> Case:
    if check.verdict == "skipped":
        return Case(check.name, "skipped", check.told)
    if check.verdict != "fail":
        return Case(check.name)
    found = [one for one in output.findings if one.rule == check.name]
    lines = (f"{one.path}:{one.line or 0}: {one.code} {one.message}" for one in found)
    return Case(check.name, "failure", check.told, "\n".join(lines) + "\n", "preflight")


def _selection(output: SelectOutput) -> Case:
    if output.verdict == "pass":
        return Case(f"chosen: {', '.join(output.chosen)}")
    told = "\n".join(f"{one.model}: {one.out}" for one in output.contenders)
    return Case("a candidate is left", "failure", output.verdict, told, "select")


def _warnings(step: StepRun, groups: Groups) -> str:
    families = {
        "check": "FT3",
        "dedup": "FT40",
        "coverage": "FT41",
        "preflight": "FT6",
        "train": "FT6",
    }
    if step.output is None or step.output.kind not in families:
        return ""
    family = families[step.output.kind]
    weak = (
        few
        for (dataset, _), few in groups.items()
        if dataset == step.output.name
        and few.first[0].entry.code.startswith(family)
        and few.first[0].entry.severity == "warning"
    )
    return "".join(_findings(few) for few in weak)


def _findings(few: Few | None, head: str = "") -> str:
    lines = [head] if head else []
    for told in few.first if few is not None else ():
        lines += _lines(told.entry)
    return "\n".join(lines) + "\n" + (_more(few.total) if few is not None else "")


def _lines(entry: FindingEntry) -> Iterator[str]:
    yield finding_line(entry, Style())
    yield from (f"    {value.source} = {value.value[:_LONGEST_VALUE]}" for value in entry.values)
