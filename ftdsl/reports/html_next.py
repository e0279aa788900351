"""What to do next as a part of a page: a card an action, its cases and rows in folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.next_words import subject_text, worth_text
from ftdsl.reports.numbers import plural
from ftdsl.results.actions import Action, NextSteps, Shown

_TONES = {"stop": "quiet", "not-data": "quiet"}


def next_body(steps: NextSteps) -> list[Node]:
    """All actions."""
    body: list[Node] = [tag("p", subject_text(steps), class_="soft small")]
    if not steps.actions:
        body.append(tag("p", "Nothing stands out: no action is better than another."))
    body += [_action(number, one) for number, one in enumerate(steps.actions, start=1)]
    return body


def _action(number: int, action: Action) -> Markup:
    head = tag(
        "div",
        tag("span", action.code, class_=f"chip {_TONES.get(action.kind, 'unsure')}"),
        tag("h3", f"{number}. {action.title}"),
        class_="head",
    )
    rows = [tag("tr", tag("td", name, class_="soft name"), tag("td", value))
            for name, value in action.facts]  # fmt: skip
    table = tag("div", tag("table", tag("tbody", *rows)), class_="scroll") if rows else None
    return tag(
        "article",
        head,
        tag("p", f"{action.why}."),
        tag("p", worth_text(action), class_="soft small") if action.gain > 0 else None,
        table,
        *_folds(action),
        class_="card",
        id=f"next-{number}",
    )


def _folds(action: Action) -> Iterator[Markup]:
    if action.cases:
        told = f"{plural(len(action.case_ids) or len(action.cases), 'case')} of the eval"
        yield tag("details", tag("summary", told), *map(_case, action.cases), _ids(action.case_ids))
    if action.rows:
        told = f"{plural(len(action.row_ids) or len(action.rows), 'row')} of the data"
        yield tag("details", tag("summary", told), *map(_row, action.rows), _ids(action.row_ids))


def _ids(ids: Sequence[str]) -> Node:
    if not ids:
        return None
    more = f" and {len(ids) - 200} more" if len(ids) > 200 else ""
    return tag("p", ", ".join(ids[:200]) + more, class_="soft small mono")


def _case(one: Shown) -> Markup:
    over = tag("div", tag("b", one.id), tag("span", one.text), class_="over")
    return tag("div", over, _column("expected", one.expected), _column("answered", one.answer),
               _note(one), class_="pair")  # fmt: skip


def _row(one: Shown) -> Markup:
    near = f" · cosine {one.similarity:.2f}" if one.similarity is not None else ""
    over = tag("div", tag("b", f"{one.path}:{one.line}"), tag("span", f"row {one.id}{near}"),
               class_="over")  # fmt: skip
    return tag("div", over, _column("prompt", one.text), _column("reply", one.answer), _note(one),
               class_="pair")  # fmt: skip


def _column(name: str, text: str) -> Markup:
    return tag("div", tag("div", name, class_="tag"), tag("div", text or "(empty)", class_="quote"))


def _note(one: Shown) -> Markup | None:
    return tag("div", one.note, class_="over soft") if one.note else None
