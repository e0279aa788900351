"""Gates, scores, answers and training as parts of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ftdsl.reports.judges import judged
from ftdsl.reports.look_words import look_texts
from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import count, decimal, duration, interval, plural, score
from ftdsl.reports.plots import Curve, curves, interval_plot, score_bar, smoothed
from ftdsl.reports.summary import MOODS, VERDICT_WORDS, trained_text
from ftdsl.reports.terminal_run import requirement_text
from ftdsl.results.discovery import Confusion
from ftdsl.results.models import (
    Estimate,
    EvalOutput,
    GateOutput,
    Requirement,
    TrainOutput,
)

if TYPE_CHECKING:
    pass


def gate_cards(gate: GateOutput) -> list[Node]:
    """Each requirement's interval against its threshold; the first are drawn, slices in a fold."""
    head = tag(
        "div",
        tag("h3", gate.name),
        tag("span", VERDICT_WORDS[gate.verdict], class_=f"chip {MOODS[gate.verdict]}"),
        tag("span", _against(gate), class_="soft small"),
        class_="head",
    )
    overall = [each for each in gate.requirements if not each.slice]
    sliced = [each for each in gate.requirements if each.slice]
    body: list[Node] = [head, tag("div", *map(requirement_card, overall), class_="cards")]
    if sliced:
        bad = any(each.verdict != "pass" for each in sliced)
        cards = tag("div", *map(requirement_card, sliced), class_="cards")
        summary = tag("summary", f"By slice: {plural(len(sliced), 'requirement')}")
        body.append(tag("details", summary, cards, open=bad))
    body += [tag("p", note, class_="soft small") for note in gate.notes]
    return body


def _against(gate: GateOutput) -> str:
    against = f", against {gate.baseline}" if gate.baseline else ""
    return f"on {gate.eval}{against}"


def requirement_card(each: Requirement) -> Markup:
    """One requirement, its interval against its bound."""
    where = f" · {each.slice}" if each.slice else ""
    return tag(
        "article",
        tag(
            "div",
            tag("span", VERDICT_WORDS[each.verdict], class_=f"chip {MOODS[each.verdict]}"),
            tag("span", f"{each.candidate}{where}", class_="soft small push"),
            class_="head",
        ),
        tag("p", tag("code", each.requirement)),
        _plot(each),
        tag("p", requirement_text(each), class_="soft small"),
        class_="card",
    )


def _plot(each: Requirement) -> Markup | None:
    """The interval against its bound; nothing for what is no share, and so has no scale."""
    if each.unit != "share":
        return None
    return interval_plot(
        each.estimate,
        each.low,
        each.high,
        each.bound,
        each.op,
        tone=MOODS[each.verdict],
        points=each.paired,
    )


def score_cards(outputs: Sequence[EvalOutput], on_trial: frozenset[str]) -> Markup:
    """One card a score: each model's mean with its whiskers, those on trial in color."""
    names = dict.fromkeys(name for output in outputs for name in output.scores)
    return tag("div", *(_score_card(name, outputs, on_trial) for name in names), class_="cards")


def _score_card(name: str, outputs: Sequence[EvalOutput], on_trial: frozenset[str]) -> Markup:
    found = [(output, output.scores[name]) for output in outputs if name in output.scores]
    first = found[0][1]
    told = f"{first.confidence:.0%} interval, {first.method}, {plural(first.n, 'case')}"
    missing = sum(each.unscored for _, each in found)
    rows: list[Node] = []
    for output, each in found:
        tone = "accent" if output.model in on_trial or len(found) == 1 else "other"
        rows += [
            tag("span", output.model),
            tag("span", tag("b", score(each.mean)), " ",
                tag("span", interval(each.low, each.high), class_="soft small"), class_="value"),
            score_bar(each.mean, each.low, each.high, tone),
        ]  # fmt: skip
    return tag(
        "article",
        tag("div", tag("h4", name), tag("span", told, class_="soft small push"), class_="head"),
        tag("div", *rows, class_="scores"),
        tag("div", tag("span", "0%"), tag("span", "50%"), tag("span", "100%"), class_="ends"),
        tag("p", f"{count(missing)} answers could not be scored.", class_="soft small")
        if missing
        else None,
        _slices(name, [output for output, _ in found]),
        class_="card",
    )


def _slices(name: str, outputs: Sequence[EvalOutput]) -> Markup | None:
    rows = []
    for output in outputs:
        for slice_name, values in output.slices.items():
            for value, scores in values.items():
                if name in scores:
                    rows.append(_slice_row(output.model, slice_name, value, scores[name]))
    if not rows:
        return None
    table = tag("table", tag("tbody", *rows))
    return tag("details", tag("summary", "By slice"), tag("div", table, class_="scroll"))


def _slice_row(model: str, slice_name: str, value: str, each: Estimate) -> Markup:
    return tag(
        "tr",
        tag("td", f"{slice_name} = {value}"),
        tag("td", model),
        tag("td", score(each.mean), class_="number"),
        tag("td", interval(each.low, each.high), class_="number soft"),
        tag("td", f"n {count(each.n)}", class_="number soft"),
    )


def judge_notes(outputs: Sequence[EvalOutput]) -> Markup | None:
    """What is known of the judges behind the scores."""
    rows = [
        tag("tr", tag("td", name), tag("td", model), tag("td", told))
        for model, name, told in judged(outputs)
    ]
    if not rows:
        return None
    table = tag("table", tag("tbody", *rows))
    return tag("div", tag("h3", "Judges"), tag("div", table, class_="scroll"), class_="card")


def looks(outputs: Sequence[EvalOutput]) -> list[Node]:
    """Weak slices, confusion and agreement of each model."""
    body: list[Node] = []
    for output in outputs:
        told = [tag("li", each) for each in look_texts(output)]
        if told:
            summary = tag("summary", f"{output.model}: weak slices and agreement of scores")
            body.append(tag("details", summary, tag("ul", *told)))
        if output.confusion is not None:
            body.append(_confusion(output.confusion))
    return body


def _confusion(found: Confusion) -> Markup:
    heads = tag("tr", tag("th", "expected"), *(tag("th", each) for each in found.given),
                tag("th", "F1"))  # fmt: skip
    rows = [
        tag("tr", tag("th", label.label, scope="row"),
            *(tag("td", count(each), class_="number") for each in row),
            tag("td", f"{label.f1:.3f}", class_="number"))
        for label, row in zip(found.labels, found.counts, strict=True)
    ]  # fmt: skip
    table = tag("table", tag("thead", heads), tag("tbody", *rows))
    return tag("details", tag("summary", f"Confusion of {found.score}"),
               tag("div", table, class_="scroll card"))  # fmt: skip


def training_card(output: TrainOutput) -> Markup:
    """Loss curves and what was trained with what."""
    losses = [(float(p.step), p.loss) for p in output.curve if p.loss is not None]
    evals = [(float(p.step), p.eval_loss) for p in output.curve if p.eval_loss is not None]
    lines = []
    if len(losses) > 20:
        lines.append(Curve("training loss", tuple(losses), "faint"))
        lines.append(Curve("smoothed", tuple(smoothed(losses)), "accent"))
    elif losses:
        lines.append(Curve("training loss", tuple(losses), "accent"))
    if evals:
        lines.append(Curve("validation loss", tuple(evals), "warm", dots=True))
    resumed = output.resumed_from
    told = f"{output.target} from {output.base}, {duration(output.seconds)}"
    return tag(
        "article",
        tag(
            "div",
            tag("h3", output.name),
            tag("span", told, class_="soft small push"),
            class_="head",
        ),
        curves(lines, "step", "loss"),
        tag("p", f"Resumed from step {count(resumed)}.", class_="soft small") if resumed else None,
        tag("div", tag("table", tag("tbody", *_facts(output))), class_="scroll"),
        _settings(output),
        class_="card",
    )


def _facts(output: TrainOutput) -> Iterator[Markup]:
    losses = [point.loss for point in output.curve if point.loss is not None]
    evals = [point.eval_loss for point in output.curve if point.eval_loss is not None]
    facts = [
        (
            "rows",
            f"{count(output.rows)} to learn from, {count(output.validation_rows)} to validate",
        ),
        (
            "steps",
            f"{count(output.steps)}, {output.epochs:g} epochs, {count(output.tokens)} tokens",
        ),
    ]
    if output.hosted is not None:
        job = output.hosted
        facts += [("model", job.model), ("job", f"{job.job} at {job.host}")]
        if job.money is not None:
            facts.append(("billed", f"${job.money:,.2f} by the stated price"))
    else:
        total = output.total_parameters
        share = f" ({output.trained_parameters / total:.2%})" if total else ""
        facts.append(("parameters", f"{trained_text(output)} trained{share}"))
    if losses:
        facts.append(("training loss", f"{decimal(losses[0])} → {decimal(losses[-1])}"))
    if evals:
        facts.append(("validation loss", f"{decimal(evals[0])} → {decimal(evals[-1])}"))
    for name, value in facts:
        yield tag("tr", tag("td", name, class_="soft name"), tag("td", value))


def _settings(output: TrainOutput) -> Markup | None:
    pairs = {**output.settings, **{f"digest of {k}": v for k, v in output.digests.items()}}
    rows = [
        tag("tr", tag("td", tag("code", key)), tag("td", tag("code", value)))
        for key, value in pairs.items()
    ]
    if not rows:
        return None
    table = tag("table", tag("tbody", *rows))
    return tag(
        "details", tag("summary", "Settings and digests"), tag("div", table, class_="scroll")
    )
