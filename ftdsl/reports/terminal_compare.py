"""Two runs at a terminal: what got better and worse, by score, by slice and case by case."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.compare_words import (
    change_text,
    data_text,
    mood_of,
    row_texts,
    unpaired_text,
)
from ftdsl.reports.inert import line, shortened
from ftdsl.reports.numbers import count, plural
from ftdsl.reports.style import Style
from ftdsl.reports.summary import MARKS, MOODS, TONES, VERDICT_WORDS
from ftdsl.results.comparison import CaseChange, Comparison, EvalChange, ScoreChange
from ftdsl.results.models import Verdict

_SHOWN = 10
_SLICES = 8
_ROWS = 6


def comparison_lines(found: Comparison, verdict: Verdict, style: Style) -> Iterator[str]:
    """The lines of the report."""
    yield style.paint(f"{found.before} → {found.after}", "dim")
    for each in found.evals:
        yield from _eval(each, style)
    if not style.quiet:
        yield from _causes(found, style)
    mood = MOODS[verdict]
    yield style.paint(f"{MARKS[mood]} {VERDICT_WORDS[verdict]}", TONES[mood])


def _eval(each: EvalChange, style: Style) -> Iterator[str]:
    models = each.before_model
    if each.after_model != each.before_model:
        models = f"{each.before_model} → {each.after_model}"
    yield style.paint(f"eval {line(each.eval)}  {line(models)}", "bold")
    if told := unpaired_text(each):
        yield f"    {line(told)}"
    for one in each.scores:
        mood = mood_of(one)
        mark = style.paint(MARKS[mood], TONES[mood])
        yield f"  {mark} {line(one.score)}  {line(change_text(one))}"
    shown = each.slices if style.verbose else _telling(each)
    for one in shown:
        mood = mood_of(one)
        mark = style.paint(MARKS[mood], TONES[mood])
        yield f"      {mark} {line(one.slice)}: {line(one.score)} {line(change_text(one))}"
    for change in ("broken", "fixed"):
        yield from _cases([one for one in each.cases if one.change == change], change, style)


def _telling(each: EvalChange) -> list[ScoreChange]:
    """The slices that lost or gained most."""
    moved = [one for one in each.slices if one.fixed or one.broken]
    if len(moved) <= _SLICES:
        return moved
    return [*moved[: _SLICES // 2], *moved[-_SLICES // 2 :]]


def _cases(cases: list[CaseChange], change: str, style: Style) -> Iterator[str]:
    if not cases:
        return
    kept = cases if style.verbose else cases[:_SHOWN]
    tone = "red" if change == "broken" else "green"
    yield f"    {style.paint(change, tone)}: {plural(len(cases), 'case')}"
    for one in kept:
        room = max(20, (style.width - len(one.case_id) - 20) // 2)
        answers = f"{shortened(one.before_output, room)} → {shortened(one.after_output, room)}"
        yield f"      {line(one.case_id)}  {line(one.score)}  {style.paint(answers, 'dim')}"
    if len(cases) > len(kept):
        yield style.paint(f"      … and {count(len(cases) - len(kept))} more", "dim")


def _causes(found: Comparison, style: Style) -> Iterator[str]:
    for step in found.steps:
        yield f"changed {line(step.step)}: {line('; '.join(step.what))}"
    for data in found.data:
        yield f"data {line(data.dataset)}: {line(data_text(data))}"
        told = row_texts(data)
        for word, text in told if style.verbose else told[:_ROWS]:
            yield f"    {word}: {line(text)}"
        if len(told) > _ROWS and not style.verbose:
            yield style.paint(f"    … and {count(len(told) - _ROWS)} more with -v", "dim")
    for words, steps in (("only before", found.only_before), ("only after", found.only_after)):
        if steps:
            yield style.paint(f"{words}: {line(', '.join(steps))}", "dim")
