"""Two runs as Markdown: a table of scores, the slices that moved, the cases that broke."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ftdsl.reports.compare_words import data_text, mood_of, unpaired_text
from ftdsl.reports.inert import shortened
from ftdsl.reports.markdown import code, table, text
from ftdsl.reports.numbers import count, difference, interval, score
from ftdsl.results.comparison import Comparison, EvalChange, ScoreChange

_SHOWN = 25
_MARKS = {"good": "✅", "bad": "❌", "unsure": "⚠️", "quiet": "▫️"}


def comparison_lines(found: Comparison) -> Iterator[str]:
    """The lines below the headline."""
    for each in found.evals:
        yield from _eval(each)
    rows = [(code(step.step), text("; ".join(step.what))) for step in found.steps]
    rows += [(code(one.dataset), text(data_text(one))) for one in found.data]
    if rows:
        yield "### What else changed"
        yield ""
        yield from table(("step or data", "what"), rows)


def _eval(each: EvalChange) -> Iterator[str]:
    models = text(each.before_model)
    if each.after_model != each.before_model:
        models += f" → {text(each.after_model)}"
    yield f"### {text(each.eval)}: {models}"
    yield ""
    if told := unpaired_text(each):
        yield text(told)
        yield ""
    moved = [one for one in each.slices if one.fixed or one.broken]
    heads = ("", "before", "after", "difference", "interval", "fixed", "broken", "n", "method")
    yield from table(heads, _rows([*each.scores, *moved[:_SHOWN]]))
    cases = (
        (one.change, code(one.case_id), text(one.score), text(shortened(one.before_output, 120)),
         text(shortened(one.after_output, 120)))
        for one in each.cases[:_SHOWN]
    )  # fmt: skip
    if each.cases:
        yield from table(("", "case", "score", "before", "after"), cases)
        if len(each.cases) > _SHOWN:
            yield f"+{count(len(each.cases) - _SHOWN)} more."
            yield ""


def _rows(changes: Iterable[ScoreChange]) -> Iterator[tuple[str, ...]]:
    for one in changes:
        name = text(f"{one.slice}: {one.score}" if one.slice else one.score)
        yield (
            f"{_MARKS[mood_of(one)]} {name}",
            score(one.before),
            score(one.after),
            difference(one.difference),
            interval(one.low, one.high, points=True),
            count(one.fixed),
            count(one.broken),
            count(one.n),
            text(one.method),
        )
