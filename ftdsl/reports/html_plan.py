"""A plan as a part of a page: the tree of steps and what they take."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.plan.model import Plan, PlannedStep
from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import count, plural, size
from ftdsl.reports.terminal_plan import STATES, cost_text, figures_lines, range_text, step_title

_MOODS = {
    "fresh": "good",
    "stale": "unsure",
    "pending": "quiet",
    "blocked": "quiet",
    "waiting": "quiet",
}


def plan_body(plan: Plan) -> list[Node]:
    """The tree, then the sums."""
    order = {planned.id: i for i, planned in enumerate(plan.steps)}
    children: dict[str, list[PlannedStep]] = {}
    for planned in plan.steps:
        needs = [need for need in planned.step.needs if need in order]
        parent = max(needs, key=order.__getitem__) if needs else ""
        children.setdefault(parent, []).append(planned)
    return [tag("div", _branch("", children), class_="card"), _totals(plan)]


def _branch(parent: str, children: dict[str, list[PlannedStep]]) -> Markup | None:
    below = children.get(parent)
    if not below:
        return None
    return tag("ul", *(_item(each, children) for each in below), class_="tree")


def _item(planned: PlannedStep, children: dict[str, list[PlannedStep]]) -> Markup:
    mark, _, word = STATES[planned.state]
    told = cost_text(planned.cost) if planned.state == "stale" else word
    return tag(
        "li",
        tag("span", mark, class_=f"mark {_MOODS[planned.state]}"),
        tag("b", step_title(planned)),
        f"  {told} ",
        tag("span", "; ".join(planned.reasons), class_="soft small"),
        *(tag("div", each, class_="soft small") for each in _figures(planned)),
        _branch(planned.id, children),
    )


def _figures(planned: PlannedStep) -> Iterator[str]:
    if planned.training is not None and planned.state in ("stale", "fresh"):
        yield from figures_lines(planned.training)


def _totals(plan: Plan) -> Markup:
    cost = plan.total
    facts = [
        ("would run", f"{len(plan.stale)} of {plural(len(plan.steps), 'step')}"),
        ("reads", f"{plural(cost.files, 'file')}, {size(cost.bytes)}"),
        ("rows", "unknown" if cost.rows is None else count(cost.rows)),
        ("calls", ", ".join(cost.hosts) or "no host"),
        ("requests", "unknown" if cost.requests is None else count(cost.requests)),
        ("tokens", range_text(cost.tokens)),
        ("money", range_text(cost.money, dollars=True)),
    ]
    rows = (tag("tr", tag("td", key, class_="soft"), tag("td", value)) for key, value in facts)
    return tag("div", tag("table", tag("tbody", *rows)), class_="card")
