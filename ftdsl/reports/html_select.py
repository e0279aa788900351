"""A selection as parts of a page: candidates side by side, and quality against cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import interval, money, score, size
from ftdsl.reports.plots import Spot, scatter, score_bar
from ftdsl.reports.select_words import (
    AXES,
    axis_text,
    behind_text,
    cost_of,
    left_text,
    rank_text,
    seconds,
)
from ftdsl.reports.summary import MOODS, VERDICT_WORDS
from ftdsl.results.selection import Contender, SelectOutput

_SIDE_BY_SIDE = 5


def selection(output: SelectOutput) -> list[Node]:
    """Head, hints, the first five side by side, the others in folds of five, and the picture."""
    head = tag(
        "div",
        tag("h3", output.name),
        tag("span", VERDICT_WORDS[output.verdict], class_=f"chip {MOODS[output.verdict]}"),
        tag("span", f"on {output.eval}, {left_text(output)}", class_="soft small"),
        class_="head",
    )
    body: list[Node] = [head]
    if output.objective:
        body.append(tag("p", "best = ", tag("code", output.objective)))
    body += [tag("p", f"→ {hint}") for hint in output.hints]
    groups = [
        output.contenders[start : start + _SIDE_BY_SIDE]
        for start in range(0, len(output.contenders), _SIDE_BY_SIDE)
    ]
    for number, group in enumerate(groups):
        table = tag("div", _side_by_side(group, output), class_="scroll")
        if number == 0:
            body.append(tag("div", table, class_="card"))
        else:
            summary = tag("summary", f"Candidates {number * 5 + 1} to {number * 5 + len(group)}")
            body.append(tag("details", summary, tag("div", table, class_="card")))
    body.append(_picture(output))
    body += [tag("p", note, class_="soft small") for note in output.notes]
    return body


def _side_by_side(group: Sequence[Contender], output: SelectOutput) -> Markup:
    heads = tag("tr", tag("th", ""), *(tag("th", one.model, scope="col") for one in group))
    return tag("table", tag("thead", heads), tag("tbody", *_rows(group, output)))


def _rows(group: Sequence[Contender], output: SelectOutput) -> Iterator[Markup]:
    yield _row("rank", [rank_text(one, output) for one in group])
    yield _row("ranked by", [_value(one) for one in group])
    yield _row("against the leader", [_against(one) for one in group])
    for name in dict.fromkeys(name for one in group for name in one.scores):
        yield _row(name, [_score(one, name) for one in group])
    for name in ("p50", "p95"):
        times = [one.latency.get(name) for one in group]
        if any(time is not None for time in times):
            yield _row(f"latency {name}", ["" if t is None else seconds(t) for t in times])
    if any(one.cost_per_1k is not None for one in group):
        told = ["" if one.cost_per_1k is None else money(one.cost_per_1k) for one in group]
        yield _row("cost per 1k", told)
    if any(one.size is not None for one in group):
        yield _row("size", ["" if one.size is None else size(round(one.size)) for one in group])
    for name in dict.fromkeys(name for one in group for name in one.facts if name != "size"):
        yield _row(name.replace("_", " "), [one.facts.get(name, "") for one in group])


def _row(name: str, cells: Sequence[Node]) -> Markup:
    return tag("tr", tag("th", name, scope="row"), *(tag("td", cell) for cell in cells))


def _value(one: Contender) -> Node:
    if one.value is None or one.low is None or one.high is None:
        return ""
    return [tag("b", score(one.value)), " ",
            tag("span", interval(one.low, one.high), class_="soft small")]  # fmt: skip


def _against(one: Contender) -> Node:
    if one.out:
        return tag("span", one.out, class_="soft small")
    if one.behind is None:
        return "leads" if one.rank == 1 else ""
    return tag("span", behind_text(one.behind), class_="soft small")


def _score(one: Contender, name: str) -> Node:
    found = one.scores.get(name)
    if found is None:
        return ""
    return [score(found.mean), score_bar(found.mean, found.low, found.high, _tone(one))]


def _tone(one: Contender) -> str:
    return "accent" if one.rank == 1 else "other"


def _picture(output: SelectOutput) -> Node:
    """Quality over cost; those that none beats in both are joined by a line."""
    spots = []
    for one in output.contenders:
        cost = cost_of(one, output.cost_axis) if output.cost_axis else None
        if one.value is None or cost is None:
            continue
        low, high = one.low or one.value, one.high or one.value
        spots.append(Spot(one.model, cost, one.value, low, high, _tone(one), one.efficient))
    if len(spots) < 2:
        return None
    axis = output.cost_axis
    told = "Candidates that no other beats in both are joined."
    return tag(
        "figure",
        scatter(spots, AXES[axis], lambda value: axis_text(value, axis)),
        tag("figcaption", told, class_="soft small"),
        class_="card",
    )
