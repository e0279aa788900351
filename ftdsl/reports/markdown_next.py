"""What to do next as Markdown: a list of actions with their evidence folded below each."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.inert import shortened
from ftdsl.reports.markdown import code, table, text
from ftdsl.reports.next_words import subject_text, worth_text
from ftdsl.results.actions import Action, NextSteps


def next_lines(steps: NextSteps) -> Iterator[str]:
    """The lines below the headline."""
    yield "### What to do next"
    yield ""
    yield text(subject_text(steps))
    yield ""
    for number, action in enumerate(steps.actions, start=1):
        yield from _action(number, action)


def _action(number: int, action: Action) -> Iterator[str]:
    yield f"**{number}. {text(action.title)}** ({action.code})"
    yield ""
    worth = worth_text(action)
    yield text(f"{action.why}. {worth[:1].upper()}{worth[1:]}" if worth else f"{action.why}.")
    yield ""
    if action.facts:
        yield from table(("", ""), ((text(name), text(value)) for name, value in action.facts))
    if action.cases:
        rows = (
            (code(one.id), text(shortened(one.text, 120)), text(shortened(one.answer, 60)),
             text(shortened(one.expected, 60)), text(one.note))
            for one in action.cases
        )  # fmt: skip
        yield from table(("case", "prompt", "answer", "expected", ""), rows)
    if action.rows:
        rows = (
            (code(f"{one.path}:{one.line}"), text(shortened(one.text, 120)),
             text(shortened(one.answer, 60)),
             f"{one.similarity:.2f}" if one.similarity is not None else "", text(one.note))
            for one in action.rows
        )  # fmt: skip
        yield from table(("row", "prompt", "reply", "similarity", ""), rows)
