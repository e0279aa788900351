"""Two runs as parts of a page: scores and slices with their intervals, cases side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ftdsl.reports.compare_words import (
    change_text,
    data_text,
    mood_of,
    row_texts,
    setting_text,
    unpaired_text,
)
from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import plural
from ftdsl.reports.plots import interval_plot
from ftdsl.results.comparison import CaseChange, Comparison, DataChange, EvalChange, ScoreChange

_CASES = 50
_TEXT = 2000


def comparison_sections(found: Comparison) -> Iterator[tuple[str, str, Node]]:
    """Anchor, title and body of each eval, then of what else changed."""
    for each in found.evals:
        title = f"{each.eval}: {each.before_model}"
        if each.after_model != each.before_model:
            title += f" → {each.after_model}"
        anchor = f"compare-{each.eval}-{each.after_model}"
        yield anchor, title, list(_eval(each, found.margin or 0.0))
    rows = [(step.step, "; ".join(step.what)) for step in found.steps]
    rows += [(f"{one.step} setting", setting_text(one)) for one in found.settings]
    rows += [(f"data {one.dataset}", data_text(one)) for one in found.data]
    rows += [(one, "only in the earlier run") for one in found.only_before]
    rows += [(one, "only in the later run") for one in found.only_after]
    if rows:
        cells = [tag("tr", tag("td", tag("code", name)), tag("td", what)) for name, what in rows]
        table = tag("div", tag("table", tag("tbody", *cells)), class_="scroll card")
        yield "causes", "What else changed", [table, *(_rows(one) for one in found.data)]


def _rows(data: DataChange) -> Node:
    told = row_texts(data)
    if not told:
        return None
    cells = [tag("tr", tag("td", word), tag("td", text, class_="mono")) for word, text in told]
    summary = tag("summary", f"Rows of {data.dataset} that came and went")
    return tag("details", summary, tag("div", tag("table", tag("tbody", *cells)), class_="card"))


def _eval(each: EvalChange, margin: float) -> Iterator[Node]:
    if told := unpaired_text(each):
        yield tag("p", told, class_="soft small")
    yield tag("div", *(_score(one, margin) for one in each.scores), class_="cards")
    if each.slices:
        cards = tag("div", *(_score(one, margin) for one in each.slices), class_="cards")
        yield tag("details", tag("summary", f"By slice: {len(each.slices)}"), cards)
    for change in ("broken", "fixed"):
        yield from _cases([one for one in each.cases if one.change == change], change)


def _score(one: ScoreChange, margin: float) -> Markup:
    name = f"{one.slice}: {one.score}" if one.slice else one.score
    mood = mood_of(one)
    plot = interval_plot(
        one.difference, one.low, one.high, -margin, ">=", tone=mood, points=True
    ) if one.n else None  # fmt: skip
    return tag(
        "article",
        tag("h4", name),
        plot,
        tag("p", change_text(one), class_="soft small"),
        class_="card",
    )


def _cases(cases: Sequence[CaseChange], change: str) -> Iterator[Node]:
    if not cases:
        return
    shown = [_case(one) for one in cases[:_CASES]]
    if len(cases) > _CASES:
        shown.append(tag("p", f"and {len(cases) - _CASES} more", class_="soft small"))
    summary = tag("summary", f"{plural(len(cases), 'case')} {change}")
    yield tag("details", summary, *shown, open=change == "broken")


def _case(one: CaseChange) -> Markup:
    over = tag("div", tag("b", f"{one.case_id} · {one.score}"), tag("span", one.prompt[:400]),
               class_="over")  # fmt: skip
    texts = (("expected", one.expected), ("before", one.before_output), ("after", one.after_output))
    columns = [
        tag("div", tag("div", name, class_="tag"),
            tag("div", text[:_TEXT] or "(empty)", class_="quote"))
        for name, text in texts
    ]  # fmt: skip
    return tag("div", over, *columns, class_="pair answers")
