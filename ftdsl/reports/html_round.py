"""The round in one look: a card each for data, training, scores, slices, ratings, money and time,
and what to do next. Every figure links to the part of the page that has its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ftdsl.reports.inert import shortened
from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.next_words import worth_text
from ftdsl.reports.numbers import (
    count,
    decimal,
    difference,
    duration,
    interval,
    money,
    plural,
    score,
    share,
)
from ftdsl.reports.plots import Curve, bar, curves, score_bar, smoothed
from ftdsl.reports.summary import MOODS, step_line
from ftdsl.results.models import (
    CheckOutput,
    CoverageOutput,
    DedupOutput,
    Estimate,
    EvalOutput,
    GateOutput,
    Requirement,
    TrainOutput,
)
from ftdsl.results.run import RunResult

if TYPE_CHECKING:
    from ftdsl.reports.report import Report

_SLICES, _STEPS, _SCORES = 6, 4, 3
_BARS_IN_LINE = 12


def is_round(run: RunResult) -> bool:
    """Whether anything was trained or asked: a run of data rules alone is none."""
    return any(isinstance(step.output, EvalOutput | TrainOutput) for step in run.steps)


def round_body(report: Report, run: RunResult) -> Node:
    """All cards that the run has something for."""
    cards = [*_data(run), *_training(report, run), *_scores(run), *_worst(run), *_ratings(run),
             _costs(run), _next(report)]  # fmt: skip
    return tag("div", *cards, class_="round")


def _card(title: str, anchor: str, *body: Node) -> Markup:
    head = tag("h3", tag("a", title, href=f"#{anchor}"))
    return tag("article", head, *body, class_="card")


def _table(rows: Sequence[Markup]) -> Markup:
    return tag("table", tag("tbody", *rows))


def _figure(name: str, value: str, anchor: str, mood: str = "") -> Markup:
    """A row of a card: its figure leads to where it comes from."""
    shown = tag("a", value, href=f"#{anchor}", class_=mood or None)
    return tag("tr", tag("td", name, class_="soft"), tag("td", shown, class_="number"))


# ---------------------------------------------------------------------- data


def _data(run: RunResult) -> Iterator[Markup]:
    names = dict.fromkeys(
        step.name
        for step in run.steps
        if isinstance(step.output, DedupOutput | CoverageOutput)
        or (isinstance(step.output, CheckOutput) and step.output.outcomes)
    )
    for name in names:
        rows = [row for step in run.steps if step.name == name for row in _of_data(step.output)]
        if rows:
            yield _card(f"Data: {name}", f"data-{name}", _table(rows))


def _of_data(output: object) -> Iterator[Markup]:
    match output:
        case CheckOutput():
            wrong = [each for each in output.outcomes if each.verdict != "pass"]
            anchor = f"data-{output.name}"
            yield _figure("rows", count(output.counts.checked), anchor)
            mood = "bad" if output.verdict == "fail" else "unsure" if wrong else "good"
            told = f"{len(wrong)} of {len(output.outcomes)}"
            where = f"{anchor}-findings" if output.findings else anchor
            yield _figure("rules that fail or warn", told, where, mood)
        case DedupOutput():
            anchor = f"data-{output.name}-duplicates"
            yield _figure("duplicates and leaks removed", count(len(output.removed)), anchor)
            yield _figure("rows kept", count(output.kept), anchor)
        case CoverageOutput():
            yield from _of_coverage(output)


def _of_coverage(output: CoverageOutput) -> Iterator[Markup]:
    anchor = f"data-{output.name}-coverage"
    bound = [one for group in output.groups for one in group.bars if one.bound is not None]
    met = sum(one.met for one in bound)
    if bound:
        mood = "good" if met == len(bound) else "bad"
        yield _figure("coverage targets met", f"{met} of {len(bound)}", anchor, mood)
    least = [(one.rows, group.source, one.key) for group in output.groups for one in group.bars]
    if least:
        rows, source, key = min(least)
        told = f"{shortened(f'{source} {key}', 32)}: {count(rows)}"
        yield _figure("emptiest group", told, anchor)


# ---------------------------------------------------------------------- training


def _training(report: Report, run: RunResult) -> Iterator[Markup]:
    for step in run.steps:
        output = step.output
        if not isinstance(output, TrainOutput):
            continue
        advised = [one for one in report.advice or () if one.train == output.name]
        notes: list[Node] = [
            tag("p", tag("span", one.code, class_="chip unsure"), f" {one.evidence}: {one.advice}",
                class_="small")
            for one in advised[:3]
        ]  # fmt: skip
        if not advised:
            told = "No rule asks for another setting."
            if report.advice is None:
                told = "`ftdsl advise` tells what its figures ask for."
            notes = [tag("p", told, class_="soft small")]
        yield _card(f"Training: {output.name}", "training", _curve(output),
                    _table(list(_of_training(output))), *notes)  # fmt: skip


def _curve(output: TrainOutput) -> Markup:
    losses = [(float(p.step), p.loss) for p in output.curve if p.loss is not None]
    evals = [(float(p.step), p.eval_loss) for p in output.curve if p.eval_loss is not None]
    lines = [Curve("training loss", tuple(smoothed(losses)), "accent")]
    if evals:
        lines.append(Curve("validation loss", tuple(evals), "warm", dots=True))
    return curves(lines, "step", "loss")


def _of_training(output: TrainOutput) -> Iterator[Markup]:
    passes = "1 pass" if output.epochs == 1 else f"{output.epochs:g} passes"
    rows = f"{count(output.rows)} in {passes}"
    yield _figure("rows learned from", rows, "training")
    evals = [point.eval_loss for point in output.curve if point.eval_loss is not None]
    if evals:
        told = f"{decimal(evals[0])} → {decimal(evals[-1])}"
        yield _figure("validation loss", told, "training")


# ---------------------------------------------------------------------- scores


def _evals(run: RunResult) -> dict[str, list[EvalOutput]]:
    found: dict[str, list[EvalOutput]] = {}
    for step in run.steps:
        if isinstance(step.output, EvalOutput):
            found.setdefault(step.output.name, []).append(step.output)
    return found


def _on_trial(run: RunResult) -> frozenset[str]:
    gates = (step.output for step in run.steps if isinstance(step.output, GateOutput))
    trained = {s.output.name for s in run.steps if isinstance(s.output, TrainOutput)}
    return frozenset(trained | {each.candidate for gate in gates for each in gate.requirements})


def _scores(run: RunResult) -> Iterator[Markup]:
    trial = _on_trial(run)
    for name, outputs in _evals(run).items():
        scores = list(dict.fromkeys(each for output in outputs for each in output.scores))
        body: list[Node] = []
        for one in scores[:_SCORES]:
            body += [tag("h4", one), tag("div", *_bars(one, outputs, trial, name), class_="scores")]
            body += [tag("p", *_against(each), class_="small")
                     for each in _paired(run, name, one)]  # fmt: skip
        if len(scores) > _SCORES:
            body.append(tag("p", f"and {len(scores) - _SCORES} more scores", class_="soft small"))
        yield _card(f"Scores on {name}", f"eval-{name}", *body)


def _bars(
    name: str, outputs: Sequence[EvalOutput], trial: frozenset[str], eval_: str
) -> Iterator[Markup]:
    found = [(output.model, output.scores[name]) for output in outputs if name in output.scores]
    for model, each in found:
        tone = "accent" if model in trial or len(found) == 1 else "other"
        value = tag("a", score(each.mean), href=f"#cases-{eval_}")
        yield tag("span", model)
        yield tag("span", value, " ", tag("span", interval(each.low, each.high),
                                          class_="soft small"), class_="value")  # fmt: skip
        yield score_bar(each.mean, each.low, each.high, tone)


def _paired(run: RunResult, eval_: str, name: str) -> Iterator[Requirement]:
    for step in run.steps:
        if isinstance(step.output, GateOutput) and step.output.eval == eval_:
            for each in step.output.requirements:
                if each.paired and not each.slice and f"{name}." in each.requirement:
                    yield each


def _against(each: Requirement) -> Iterator[Node]:
    yield tag("a", difference(each.estimate), href="#gates", class_=MOODS[each.verdict])
    cases = f", {each.fixed} fixed, {each.broken} broken" if each.fixed is not None else ""
    yield (
        f" {interval(each.low, each.high, points=True)} against the baseline{cases} "
        f"({plural(each.n, 'case')})"
    )


def _worst(run: RunResult) -> Iterator[Markup]:
    """The slices of the models on trial, the worst first."""
    trial = _on_trial(run)
    for name, outputs in _evals(run).items():
        chosen = [one for one in outputs if one.model in trial] or outputs[:1]
        for output in chosen[:2]:
            drawn = list(_slices(output))
            if drawn:
                title = f"Worst slices: {output.model} on {name}"
                yield _card(title, f"cases-{name}", tag("div", *drawn, class_="scores"))


def _slices(output: EvalOutput) -> Iterator[Markup]:
    first = next(iter(output.scores), "")
    found: list[tuple[Estimate, str]] = [
        (scores[first], f"{slice_} = {value}")
        for slice_, values in output.slices.items()
        for value, scores in values.items()
        if first in scores
    ]
    found.sort(key=lambda pair: (pair[0].mean, pair[1]))
    for each, told in found[:_SLICES]:
        yield from _slice(output, told, each.n, each.mean, each.low, each.high)
    declared = {told for _, told in found}
    for one in output.weak:
        told = f"{one.source} = {one.value}"
        if told not in declared and one.score == first:
            yield from _slice(output, told, one.n, one.mean, one.mean, one.mean, "unsure")


def _slice(
    output: EvalOutput,
    told: str,
    n: int,
    mean: float,
    low: float,
    high: float,
    tone: str = "accent",
) -> Iterator[Markup]:
    between = interval(low, high) if low < high else "found, not declared"
    yield tag(
        "span",
        shortened(told, 60),
        tag("div", f"{plural(n, 'case')}, {between}", class_="soft small"),
    )
    value = tag("a", score(mean), href=f"#cases-{output.name}")
    yield tag("span", value, class_="value")
    yield score_bar(mean, low, high, tone) if low < high else bar(mean, None, tone)


def _ratings(run: RunResult) -> Iterator[Markup]:
    for step in run.steps:
        if step.kind == "rate" and step.output is not None:
            told = step_line(step)
            body = tag("p", tag("span", told.text, class_=told.mood))
            yield _card(f"Ratings: {step.name}", f"rate-{step.name}", body)


# ---------------------------------------------------------------------- money, time, next


def _costs(run: RunResult) -> Markup:
    paid = [one.spent for one in _all_evals(run) if one.spent]
    paid += [
        step.output.hosted.money
        for step in run.steps
        if isinstance(step.output, TrainOutput) and step.output.hosted and step.output.hosted.money
    ]
    tokens = sum(one.prompt_tokens + one.completion_tokens for one in _all_evals(run))
    ran = [step for step in run.steps if step.status == "done"]
    rows = [
        _figure("time", duration(run.seconds), "steps"),
        _figure("money", money(sum(paid)), "steps"),
    ]
    if tokens:
        rows.append(_figure("tokens asked and answered", count(tokens), "steps"))
    rows.append(_figure("steps that ran", f"{len(ran)} of {len(run.steps)}", "steps"))
    for step in sorted(ran, key=lambda one: -one.seconds)[:_STEPS]:
        if step.seconds >= 0.05 * max(run.seconds, 0.1):
            part = f"{duration(step.seconds)} ({share(step.seconds / max(run.seconds, 0.1))})"
            rows.append(_figure(step.id, part, "steps"))
    return _card("Money and time", "steps", _table(rows))


def _all_evals(run: RunResult) -> list[EvalOutput]:
    return [step.output for step in run.steps if isinstance(step.output, EvalOutput)]


def _next(report: Report) -> Markup | None:
    steps = report.next
    if steps is None:
        told = tag("p", tag("code", f"ftdsl next {report.spec}"), " tells.")
        return tag("article", tag("h3", "What to do next"), told, class_="card")
    items = [
        tag(
            "li",
            tag("a", one.title, href=f"#next-{number}"),
            tag("div", worth_text(one) or one.why, class_="soft small"),
        )
        for number, one in enumerate(steps.actions, start=1)
    ]
    body = tag("ol", *items) if items else tag("p", "Nothing stands out.")
    return _card("What to do next", "next", body)
