"""What to do next, at a terminal and in Markdown, in the words that all reports share."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.inert import line, shortened
from ftdsl.reports.numbers import interval, plural, score
from ftdsl.reports.style import Style
from ftdsl.results.actions import Action, NextSteps, Shown

_SHOWN = 2
_FULL = 5


def subject_text(steps: NextSteps) -> str:
    """``golden · mini · exact 41.2% [34.1%, 48.0%] of 200 cases, run …``."""
    name = " · ".join((steps.eval, steps.model, steps.score))
    whole = f"{score(steps.mean)} {interval(steps.low, steps.high)}"
    return f"{name} {whole} of {plural(steps.n, 'case')}, run {steps.run}"


def worth_text(action: Action) -> str:
    """What is expected of an action and what it takes; "" for one that gains nothing by itself."""
    if action.gain <= 0:
        return ""
    gain = action.gain * 100
    told = f"{gain:.1f} points" if gain >= 0.05 else "under 0.1 points"
    return f"expected gain {told}, about {max(0.1, action.hours):.1f} hours"


def case_text(one: Shown, room: int) -> str:
    """A case on one line."""
    asked = shortened(one.text, room)
    told = f"{asked} → {shortened(one.answer, room // 2)}"
    return f"{told} (expected {shortened(one.expected, room // 2)})" if one.expected else told


def row_text(one: Shown, room: int) -> str:
    """A row on one line."""
    near = f" ({one.similarity:.2f})" if one.similarity is not None else ""
    said = f"{shortened(one.text, room)} → {shortened(one.answer, room // 2)}"
    return f"{one.path}:{one.line} row {one.id}{near}  {said}"


def next_lines(steps: NextSteps, style: Style) -> Iterator[str]:
    """The lines of the report."""
    yield style.paint(line(subject_text(steps)), "dim")
    if not steps.actions:
        yield "nothing stands out: no action is better than another"
    for number, action in enumerate(steps.actions, start=1):
        head = f"{number}. {line(action.title)}"
        yield f"{style.paint(head, 'bold')}  {style.paint(action.code, 'dim')}"
        yield f"   {line(action.why)}"
        if told := worth_text(action):
            yield style.paint(f"   {told}", "dim")
        if style.quiet:
            continue
        yield from (f"   {line(name)}: {line(value)}" for name, value in action.facts)
        room = max(24, style.width - 60)
        many = _FULL if style.verbose else _SHOWN
        for one in action.cases[:many]:
            yield style.paint(f"   case {line(one.id)}  {case_text(one, room)}", "dim")
            yield from _note(one, style)
        for one in action.rows[:many]:
            yield style.paint(f"   {row_text(one, room)}", "dim")
            yield from _note(one, style)


def _note(one: Shown, style: Style) -> Iterator[str]:
    if one.note:
        yield style.paint(f"      {line(one.note)}", "dim")
