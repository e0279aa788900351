"""What each step came to, in the words that the terminal, Markdown and HTML reports share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from ftdsl.language.catalog import FIXES
from ftdsl.reports.inert import line
from ftdsl.reports.numbers import count, decimal, duration, plural, score, share, size
from ftdsl.reports.rating_words import rating_text
from ftdsl.results.models import (
    CheckOutput,
    CoverageOutput,
    DatasetOutput,
    DedupOutput,
    EvalOutput,
    Finding,
    GateOutput,
    RuleOutcome,
    TrainOutput,
)
from ftdsl.results.preflight import PreflightOutput
from ftdsl.results.rating import RateOutput
from ftdsl.results.selection import SelectOutput
from ftdsl.results.sweep import SweepOutput

if TYPE_CHECKING:
    from ftdsl.results.models import Verdict
    from ftdsl.results.outputs import StepOutput
    from ftdsl.results.run import RunResult, StepRun

Mood = Literal["good", "bad", "unsure", "quiet"]

MARKS: dict[Mood, str] = {"good": "✓", "bad": "✗", "unsure": "△", "quiet": "◌"}
TONES: dict[Mood, str] = {"good": "green", "bad": "red", "unsure": "yellow", "quiet": "dim"}
MOODS: dict[str, Mood] = {
    "pass": "good",
    "fail": "bad",
    "error": "bad",
    "refused": "bad",
    "inconclusive": "unsure",
    "warn": "unsure",
    "stopped": "unsure",
}

VERDICT_WORDS: dict[Verdict, str] = {
    "pass": "PASS",
    "fail": "FAIL",
    "inconclusive": "INCONCLUSIVE",
    "error": "NO ANSWER",
    "stopped": "STOPPED",
    "refused": "REFUSED",
}


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step on one line. ``fresh`` tells that the result was there already."""

    mood: Mood
    kind: str
    name: str
    text: str
    fresh: bool = False


def step_line(step: StepRun) -> StepLine:
    """What ``step`` came to."""
    fresh = step.status == "fresh"
    if step.output is not None:
        mood = _output_mood(step.output)
        return StepLine(mood, step.kind, step.name, output_text(step.output), fresh)
    mood = (
        "quiet"
        if step.status in ("blocked", "pending", "waiting")
        else MOODS.get(step.verdict or "", "bad")
    )
    return StepLine(mood, step.kind, step.name, _status_text(step), fresh)


def _output_mood(output: StepOutput) -> Mood:
    asked = output.outcomes if isinstance(output, CheckOutput | CoverageOutput) else ()
    warned = any(one.verdict == "warn" for one in asked)
    if isinstance(output, PreflightOutput):
        warned = any(one.verdict == "warn" for one in output.checks)
    mood = MOODS[getattr(output, "verdict", "pass")]
    return "unsure" if mood == "good" and warned else mood


def _status_text(step: StepRun) -> str:
    if step.status == "blocked":
        return f"not run: it needs {step.blocked_by or 'a step'}, which did not pass"
    if step.diagnostics:
        return step.diagnostics[0].message
    if step.reasons:
        waits = "waits for ratings: " if step.status == "waiting" else ""
        return f"{waits}{step.reasons[0]}"
    return {"pending": "cannot run in this version", "stopped": "stopped, can be resumed"}.get(
        step.status, step.status
    )


def output_text(output: StepOutput) -> str:
    """The figures of one step's output in a few words."""
    match output:
        case DatasetOutput():
            total = sum(file.size for file in output.files)
            return f"{plural(len(output.files), 'file')}, {size(total)}"
        case CheckOutput():
            return _check_text(output)
        case DedupOutput():
            return _dedup_text(output)
        case CoverageOutput():
            return _coverage_text(output)
        case PreflightOutput():
            return _preflight_text(output)
        case TrainOutput():
            return _train_text(output)
        case EvalOutput():
            return _eval_text(output)
        case GateOutput():
            met = sum(each.verdict == "pass" for each in output.requirements)
            return f"{met} of {plural(len(output.requirements), 'requirement')} met"
        case SelectOutput():
            return _select_text(output)
        case SweepOutput():
            from ftdsl.reports.sweep_words import sweep_text

            return sweep_text(output)
        case RateOutput():
            return rating_text(output)


def _select_text(output: SelectOutput) -> str:
    left = sum(one.rank is not None for one in output.contenders)
    if not output.chosen:
        return f"none of {plural(len(output.contenders), 'candidate')} is left"
    told = " and ".join(output.chosen) if len(output.chosen) < 4 else f"{len(output.chosen)} models"
    lead = f"{told} tied" if len(output.chosen) > 1 else told
    return f"{lead}, of {plural(len(output.contenders), 'candidate')} with {left} left"


def _check_text(output: CheckOutput) -> str:
    parts = [plural(output.counts.discovered, "row")]
    if output.counts.failed:
        parts.append(f"{count(output.counts.failed)} unreadable")
    if output.counts.skipped:
        parts.append(f"{count(output.counts.skipped)} skipped")
    failed = sum(outcome.verdict == "fail" for outcome in output.outcomes)
    warned = sum(outcome.verdict == "warn" for outcome in output.outcomes)
    told = f"{failed} of {plural(len(output.outcomes), 'rule')} failed"
    parts.append(told if failed else f"{plural(len(output.outcomes), 'rule')} hold")
    if warned:
        parts.append(f"{warned} warned")
    for word, rows in excused(output.outcomes).items():
        parts.append(f"{count(rows)} {word}")
    return ", ".join(parts)


def _dedup_text(output: DedupOutput) -> str:
    if not output.removed:
        return f"no duplicate among {plural(output.rows, 'row')}"
    methods = ", ".join(f"{count(n)} {name}" for name, n in output.by_method.items())
    told = f"{count(len(output.removed))} of {plural(output.rows, 'row')} removed"
    return f"{told} ({methods})" if methods else told


def _coverage_text(output: CoverageOutput) -> str:
    bars = [bar for group in output.groups for bar in group.bars if bar.bound is not None]
    met = sum(bar.met for bar in bars) + sum(o.verdict == "pass" for o in output.outcomes)
    return f"{met} of {plural(len(bars) + len(output.outcomes), 'bound')} met"


def _preflight_text(output: PreflightOutput) -> str:
    failed = sum(one.verdict == "fail" for one in output.checks)
    warned = sum(one.verdict == "warn" for one in output.checks)
    told = plural(len(output.checks), "check")
    parts = [f"{failed} of {told} failed" if failed else f"{told} hold"]
    if warned:
        parts.append(f"{warned} warned")
    learned = output.split("data")
    if learned is not None:
        parts.append(f"{count(learned.learned)} of {plural(learned.tokens, 'token')} learned")
    return ", ".join(parts)


def _train_text(output: TrainOutput) -> str:
    losses = [point.loss for point in output.curve if point.loss is not None]
    parts = [f"{plural(output.steps, 'step')}, {output.epochs:g} epochs"]
    if losses:
        parts.append(f"loss {decimal(losses[0])} → {decimal(losses[-1])}")
    parts.append(duration(output.seconds))
    return ", ".join(parts)


def trained_text(output: TrainOutput) -> str:
    """How many parameters were trained, of how many."""
    if output.total_parameters == 0:
        return f"all {count(output.trained_parameters)}"
    return f"{count(output.trained_parameters)} of {count(output.total_parameters)}"


def _eval_text(output: EvalOutput) -> str:
    scores = [f"{name} {score(each.mean)}" for name, each in output.scores.items()]
    cases = max((each.n + each.unscored for each in output.scores.values()), default=0)
    parts = [f"{output.model}: {', '.join(scores)}", plural(cases, "case")]
    if output.errors:
        parts.append(f"{plural(output.errors, 'request')} failed")
    return ", ".join(parts)


def excused_text(run: RunResult | None) -> str:
    """``2 waived, 12 baselined`` over all checks of a run; "" where nothing was excused."""
    outputs = (step.output for step in run.steps) if run is not None else ()
    every = [o for each in outputs if isinstance(each, CheckOutput) for o in each.outcomes]
    return ", ".join(f"{count(rows)} {word}" for word, rows in excused(every).items())


def turn_text(finding: Finding) -> str:
    """Which of the row's messages a finding is about, as in ``messages[1] assistant``."""
    where = f", messages[{finding.turn}]" if finding.turn is not None else ""
    return f"{where} {line(finding.role)}" if where and finding.role else where


class OfRule(Protocol):
    """A finding, whole or as an entry of a report."""

    @property
    def rule(self) -> str: ...
    @property
    def message(self) -> str: ...


def names_no_rule(finding: OfRule) -> bool:
    """Whether the finding's rule has to be said, as its message does not."""
    said = finding.message
    named = f"`{finding.rule}`" in said or said.startswith(f"{finding.rule}: ")
    return bool(finding.rule) and not named


def holds(outcome: RuleOutcome) -> bool:
    """Whether there is nothing to tell of a rule: it holds, and nothing was excused."""
    excuses = outcome.waived or outcome.baselined or outcome.left_out
    return outcome.verdict == "pass" and not excuses


def excused(outcomes: Iterable[RuleOutcome]) -> dict[str, int]:
    """How many findings are ``waived`` and ``baselined``, and how many rows a sample has ``left
    out``, of what there is any."""
    found = list(outcomes)
    totals = {
        "waived": sum(each.waived for each in found),
        "baselined": sum(each.baselined for each in found),
        "left out by a sample": sum(each.left_out for each in found),
    }
    return {word: rows for word, rows in totals.items() if rows}


def rule_text(outcome: RuleOutcome) -> str:
    """How many rows break a rule, or what the statement came to."""
    if outcome.kind == "dataset":
        return outcome.value or ("holds" if outcome.verdict == "pass" else "does not hold")
    told = f"{count(outcome.failing)} of {plural(outcome.checked, 'row')}"
    waived = f", {count(outcome.waived)} waived" if outcome.waived else ""
    known = f", {count(outcome.baselined)} baselined" if outcome.baselined else ""
    left = f", {count(outcome.left_out)} left out by the sample" if outcome.left_out else ""
    return f"{told} ({share(outcome.rate)}){waived}{known}{left}"


class Bounded(Protocol):
    """A group of rows against one bound: of a result, or of a document."""

    @property
    def key(self) -> str: ...
    @property
    def op(self) -> str: ...
    @property
    def bound(self) -> float | None: ...
    @property
    def is_share(self) -> bool: ...
    @property
    def met(self) -> bool: ...
    @property
    def missing_rows(self) -> int: ...


_Bar = TypeVar("_Bar", bound=Bounded)


def bars_by_key(bars: Iterable[_Bar]) -> list[list[_Bar]]:
    """The bars of each group together: one for every bound, in the order of the first."""
    found: dict[str, list[_Bar]] = {}
    for bar in bars:
        found.setdefault(bar.key, []).append(bar)
    return list(found.values())


def bound_text(bar: Bounded) -> str:
    """``>= 60%`` or ``>= 50 rows``; empty where there is no bound."""
    if bar.bound is None:
        return ""
    amount = share(bar.bound) if bar.is_share else plural(round(bar.bound), "row")
    return f"{bar.op} {amount}"


def short_by(bar: Bounded) -> str:
    """How many rows would meet a bound that is not met."""
    return f"{plural(bar.missing_rows, 'row')} short" if not bar.met and bar.missing_rows else ""


def closing(run: RunResult) -> str:
    """``PASS, 7 steps (3 unchanged), 4m 12s``."""
    if run.verdict == "pass" and run.steps and run.nothing_to_do:
        return (
            f"{VERDICT_WORDS[run.verdict]}: nothing to do, all {len(run.steps)} steps are unchanged"
        )
    fresh = sum(step.status == "fresh" for step in run.steps)
    steps = plural(len(run.steps), "step")
    told = f"{steps} ({fresh} unchanged)" if fresh else steps
    return f"{VERDICT_WORDS[run.verdict]}: {told}, {duration(run.seconds)}"


def fix_text(name: str | None) -> str:
    """A fix by its name, with how to have it; "" where there is none. The name of another change
    (``delete`` of a waiver) stands for itself."""
    fix = FIXES.get(name or "")
    if fix is None:
        return name or ""
    option = "--fix" if fix.applicability == "safe" else "--fix --unsafe-fixes"
    return f"{fix.name} ({fix.applicability}): `ftdsl validate {option} --out DIR`"
