"""A run on one screen: findings, then each step, curves, scores, gates and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from ftdsl.language.catalog import FIXES
from ftdsl.reports.forecast import foretold
from ftdsl.reports.inert import line, shortened
from ftdsl.reports.judges import judged
from ftdsl.reports.look_words import look_texts
from ftdsl.reports.numbers import (
    count,
    decimal,
    interval,
    meter,
    money,
    plural,
    quantity,
    score,
    share,
    sparkline,
)
from ftdsl.reports.pointer import pointed
from ftdsl.reports.preflight import preflight_lines
from ftdsl.reports.rating_words import rating_lines
from ftdsl.reports.report import Report
from ftdsl.reports.run_document import findings_of
from ftdsl.reports.statistics import statistics_of
from ftdsl.reports.style import Style
from ftdsl.reports.summary import (
    MARKS,
    MOODS,
    TONES,
    bars_by_key,
    bound_text,
    closing,
    fix_text,
    holds,
    names_no_rule,
    rule_text,
    short_by,
    step_line,
    trained_text,
    turn_text,
)
from ftdsl.reports.terminal_select import selection_lines
from ftdsl.reports.terminal_sweep import sweep_lines
from ftdsl.results.coverage import Bar
from ftdsl.results.models import (
    CheckOutput,
    CoverageOutput,
    DedupOutput,
    EvalOutput,
    Finding,
    GateOutput,
    Requirement,
    RuleOutcome,
    TrainOutput,
)
from ftdsl.results.preflight import PreflightOutput
from ftdsl.results.rating import RateOutput
from ftdsl.results.run import RunResult, StepRun
from ftdsl.results.selection import SelectOutput
from ftdsl.results.sweep import SweepOutput

_SHOWN_OF_A_RULE = 10
_TEXT = '"'
_REASONED = 400
"""Characters of a value that is no text: what it comes from is told in full."""
_SHOWN_PAIRS = 3
_METER = 20


def run_lines(report: Report, style: Style) -> Iterator[str]:
    """The lines of a run's report."""
    run = report.run
    if run is None:
        return
    if report.statistics:
        yield from _statistics(report, style)
    else:
        yield from _findings(report, run, style)
    if report.only_findings:
        return
    if not style.quiet:
        yield from _steps(run, style)
    elif run.verdict != "pass":
        yield from _gates(run, style)
    if not style.quiet or run.verdict != "pass":
        mood = MOODS[run.verdict]
        yield style.paint(f"{MARKS[mood]} {closing(run)}", TONES[mood])


def _findings(report: Report, run: RunResult, style: Style) -> Iterator[str]:
    every = style.verbose or report.only_findings
    shown: Iterable[Finding] = findings_of(run)
    if every and report.all_findings is not None:
        shown = report.all_findings()
    totals = _totals(run)
    for key, group in groupby(shown, key=lambda each: (each.dataset, each.rule, each.code)):
        found = list(group)
        kept = found if every else found[:_SHOWN_OF_A_RULE]
        for finding in kept:
            yield _finding(finding, style)
        dataset, rule, _ = key
        more = 0 if every else max(totals.get((dataset, rule), 0), len(found)) - len(kept)
        if more > 0:
            how = f": ftdsl rows {line(run.spec)} {line(rule)}" if rule else ""
            yield style.paint(f"  … and {count(more)} more{how}", "dim") + "\n"


def _statistics(report: Report, style: Style) -> Iterator[str]:
    """One line a rule or code, most findings first; `*` where a safe fix may mend them."""
    counts = list(statistics_of(report))
    width = max((len(count(each.findings)) for each in counts), default=0)
    names = max((len(each.name) for each in counts), default=0)
    for each in counts:
        tone = "red" if each.severity == "error" else "yellow"
        fix = FIXES.get(each.fix or "")
        mark = "[*]" if fix is not None and fix.applicability == "safe" else "[ ]"
        told = f"{fix.name} ({fix.applicability})" if fix is not None else ""
        yield (
            f"{count(each.findings):>{width}}  {style.paint(each.code, tone)}  {mark}  "
            f"{line(each.name):<{names}}  {style.paint(told, 'dim')}"
        ).rstrip()
    if counts:
        yield ""


def _totals(run: RunResult) -> dict[tuple[str, str], int]:
    return {
        (step.output.name, outcome.rule): outcome.failing
        for step in run.steps
        if isinstance(step.output, CheckOutput)
        for outcome in step.output.outcomes
        if outcome.kind == "row"
    }


def _finding(finding: Finding, style: Style) -> str:
    tone = "red" if finding.severity == "error" else "yellow"
    place = ":".join(str(part) for part in (finding.path, finding.line, finding.column) if part)
    rule = f" {finding.rule}:" if names_no_rule(finding) else ""
    row = f" (row {line(finding.row_id)}{turn_text(finding)})" if finding.row_id else ""
    head = style.paint(f"{finding.severity}[{finding.code}]", tone)
    lead = f"{style.paint(line(place), 'bold')}: " if place else ""
    lines = [f"{lead}{head}:{line(rule)} {line(finding.message)}{style.paint(row, 'dim')}"]
    width = max((len(value.source) for value in finding.values), default=0)
    room = max(20, style.width - min(width, 40) - 6)
    lines += [
        f"    {style.paint(f'{line(value.source):<{min(width, 40)}}', 'cyan')}  "
        f"{shortened(value.value, room if value.value.startswith(_TEXT) else _REASONED)}"
        for value in finding.values
    ]
    if finding.highlight is not None:
        lines += pointed(finding.excerpt, finding.highlight, style)
    elif finding.excerpt and not finding.values:
        lines.append(f"    {shortened(finding.excerpt, style.width - 4)}")
    if finding.help:
        lines.append(f"  = help: {line(finding.help)}")
    if fix := fix_text(finding.fix):
        lines.append(f"  = fix: {fix}")
    return "\n".join(lines) + "\n"


def _steps(run: RunResult, style: Style) -> Iterator[str]:
    lines = [step_line(step) for step in run.steps]
    width = max((len(f"{each.kind} {each.name}") for each in lines), default=0)
    for step, each in zip(run.steps, lines, strict=True):
        mark = style.paint(MARKS[each.mood], TONES[each.mood])
        title = f"{each.kind} {line(each.name)}"
        fresh = style.paint("  unchanged", "dim") if each.fresh else ""
        head = style.paint(f"{title:<{min(width, 40)}}", "bold")
        yield f"{mark} {head}  {line(each.text)}{fresh}"
        yield from _details(run, step, style)
    if run.steps:
        yield ""


def _details(run: RunResult, step: StepRun, style: Style) -> Iterator[str]:
    match step.output:
        case CheckOutput(outcomes=outcomes):
            yield from _rules(outcomes, style)
            checked = step.output
            told = foretold(checked.statistics, checked.forecasts, checked.costs)
            yield from (f"    {one}" for one in told)
        case DedupOutput():
            yield from _removed(step.output, style)
        case CoverageOutput():
            yield from _coverage(step.output, style)
        case PreflightOutput():
            yield from (f"    {one}" for one in preflight_lines(step.output, style))
        case TrainOutput():
            yield from _curve(step.output)
        case EvalOutput(name=name) if _is_last_eval(run, step):
            yield from _scores(run, name, style)
        case SelectOutput():
            yield from selection_lines(step.output, style)
        case SweepOutput():
            yield from sweep_lines(step.output, style)
        case RateOutput():
            yield from (f"    {line(told)}" for told in rating_lines(step.output))
            yield from _requirements(step.output.requirements, style)
        case GateOutput():
            yield from _requirements(step.output.requirements, style)
            yield from (f"    {line(note)}" for note in step.output.notes)
        case _:
            return


def _is_last_eval(run: RunResult, step: StepRun) -> bool:
    """The scores of all models stand in one table, below the last of them."""
    same = [s for s in run.steps if isinstance(s.output, EvalOutput) and s.name == step.name]
    return bool(same) and same[-1] is step


def _rules(outcomes: Iterable[RuleOutcome], style: Style) -> Iterator[str]:
    wrong = [each for each in outcomes if not holds(each) or style.verbose]
    width = min(28, max((len(each.rule) for each in wrong), default=0))
    for outcome in wrong:
        mood = MOODS[outcome.verdict]
        mark = style.paint(MARKS[mood], TONES[mood])
        told = f"{line(outcome.rule):<{width}}  {line(rule_text(outcome))}"
        room = max(24, style.width - len(told) - 9)
        when = style.paint(shortened(outcome.requirement, room), "dim")
        yield f"    {mark} {told}   {when}".rstrip()


def _removed(output: DedupOutput, style: Style) -> Iterator[str]:
    for clause, note in output.notes.items():
        yield style.paint(f"    {line(clause)}: {line(note)}", "dim")
    shown = output.removed if style.verbose else output.removed[:_SHOWN_PAIRS]
    for pair in shown:
        yield (
            f"    {line(pair.path)}:{pair.line} duplicates {line(pair.kept_path)}:{pair.kept_line}"
            f"  {style.paint(f'{line(pair.method)}, similarity {pair.similarity:.2f}', 'dim')}"
        )
    if len(output.removed) > len(shown):
        yield style.paint(f"    … and {count(len(output.removed) - len(shown))} more", "dim")


def _coverage(output: CoverageOutput, style: Style) -> Iterator[str]:
    for group in output.groups:
        yield f"    by {line(group.source)}"
        width = min(24, max((len(bar.key) for bar in group.bars), default=0))
        for bars in bars_by_key(group.bars):
            bar = bars[0]
            told = f"{share(bar.share):>6}  {count(bar.rows):>7}"
            states = "  ".join(filter(None, (_bound(each, style) for each in bars)))
            note = style.paint(f"  {shortened(bar.note, 60)}", "dim") if bar.note else ""
            yield (
                f"      {shortened(bar.key, 24):<{width}}  {meter(bar.share, _METER)} {told}"
                f"  {states}{note}"
            ).rstrip()
    yield from _rules(output.outcomes, style)


def _bound(bar: Bar, style: Style) -> str:
    """The bound and whether it is met, and what is short of it."""
    if bar.bound is None:
        return ""
    mood = MOODS["pass" if bar.met else "fail"]
    lack = f", {short_by(bar)}" if short_by(bar) else ""
    return f"{style.paint(MARKS[mood], TONES[mood])} {bound_text(bar)}{lack}"


def _curve(output: TrainOutput) -> Iterator[str]:
    losses = [point.loss for point in output.curve if point.loss is not None]
    evals = [point.eval_loss for point in output.curve if point.eval_loss is not None]
    for name, values in (("loss", losses), ("validation loss", evals)):
        if len(values) > 1:
            yield (
                f"    {name:<15}  {decimal(values[0])} {sparkline(values)} {decimal(values[-1])}"
            )
    trained = f"trained {trained_text(output)} parameters"
    if output.hosted is not None:
        trained = f"{line(output.hosted.model)} ({line(output.hosted.job)})"
    yield f"    {plural(output.rows, 'row')}, {plural(output.tokens, 'token')}, {trained}"


def _scores(run: RunResult, name: str, style: Style) -> Iterator[str]:
    outputs = [
        step.output
        for step in run.steps
        if isinstance(step.output, EvalOutput) and step.output.name == name
    ]
    width = min(28, max((len(output.model) for output in outputs), default=0))
    names = list(dict.fromkeys(key for output in outputs for key in output.scores))
    cell = 26
    heads = "".join(f"{line(key):<{cell}}" for key in names)
    yield style.paint(f"    {'':<{width}}  {heads}".rstrip(), "dim")
    for output in outputs:
        cells = []
        for key in names:
            found = output.scores.get(key)
            told = "" if found is None else f"{score(found.mean)} {interval(found.low, found.high)}"
            cells.append(f"{told:<{cell}}")
        yield f"    {line(output.model):<{width}}  {''.join(cells)}".rstrip()
        if output.spent or style.verbose:
            yield style.paint(f"    {'':<{width}}  {asking_text(output)}", "dim")
        for told in look_texts(output):
            yield style.paint(f"    {'':<{width}}  {line(told)}", "dim")
        for key, each in output.flakiness.items():
            if each.flaky:
                told = f"{line(key)}: {count(each.flaky)} of {plural(each.n, 'case')} flaky"
                rate = f"{score(each.rate)} {interval(each.low, each.high)}"
                yield style.paint(f"    {'':<{width}}  {told}, {rate}", "dim")
    for model, name, told in judged(outputs):
        yield style.paint(f"    {line(name)} of {line(model)}: {line(told)}", "dim")


def asking_text(output: EvalOutput) -> str:
    """What the answers took: requests, times, tokens, money."""
    parts = [plural(output.requests, "request"), f"{count(output.cached)} from the cache"]
    if output.latency:
        parts.append(f"p50 {output.latency['p50']:.2f} s, p95 {output.latency['p95']:.2f} s")
    if output.first_token:
        parts.append(f"first token {output.first_token['p50']:.2f} s")
    parts.append(plural(output.prompt_tokens + output.completion_tokens, "token"))
    if output.spent:
        parts.append(f"{money(output.spent)} spent, by {line(output.price)}")
    return ", ".join(parts)


def _gates(run: RunResult, style: Style) -> Iterator[str]:
    for step in run.steps:
        if isinstance(step.output, GateOutput | RateOutput) and step.output.verdict != "pass":
            yield from _requirements(step.output.requirements, style)


def _requirements(requirements: Iterable[Requirement], style: Style) -> Iterator[str]:
    for each in requirements:
        mood = MOODS[each.verdict]
        where = f" where {line(each.slice)}" if each.slice else ""
        mark = style.paint(MARKS[mood], TONES[mood])
        yield f"    {mark} {line(each.candidate)}: {line(each.requirement)}{where}"
        yield f"      {style.paint(requirement_text(each), 'dim')}"


def requirement_text(each: Requirement) -> str:
    """Estimate, interval, cases and method of one requirement."""
    value = quantity(each.estimate, each.unit, points=each.paired)
    told = f"{value} {interval(each.low, each.high, points=each.paired, unit=each.unit)}"
    how = f"{line(each.method)} ({line(each.why)})" if each.why else line(each.method)
    parts = [told, plural(each.n, "case"), how]
    if each.fixed is not None and each.broken is not None:
        parts.append(f"{count(each.fixed)} fixed, {count(each.broken)} broken")
    if each.needed_n is not None:
        cost = f", {money(each.needed_cost)} more" if each.needed_cost else ""
        parts.append(f"about {count(each.needed_n)} cases would decide{cost}")
    if each.note:
        parts.append(line(each.note))
    return ", ".join(part for part in parts if part)
