"""The cases of an eval side by side, several models at once, with filters that need no script.

A filter is a radio button or a checkbox, and a rule of the style sheet that hides what it leaves
out (`:has`). Classes are numbers and fixed words: nothing of the data is ever part of a rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ftdsl.reports.inert import shortened
from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import count, duration, plural, score
from ftdsl.results.models import Case, EvalOutput

if TYPE_CHECKING:
    from ftdsl.reports.extent import Extent

MOST_MODELS = 8
MOST_SLICES = 16
"""As many as the style sheet has rules for; the others are shown and cannot be chosen."""

_KINDS = (
    ("all", "all"),
    ("differ", "models differ"),
    ("wrong", "below full score"),
    ("right", "full score"),
    ("unscored", "without a score"),
)
_Row = list[Case]


def cases_side_by_side(outputs: Sequence[EvalOutput], extent: Extent) -> list[Node]:
    """The cases that all models have, those first on which they differ most, below their
    filters."""
    by_id = [{case.case_id: case for case in output.cases} for output in outputs]
    shared = [key for key in by_id[0] if all(key in each for each in by_id)] if by_id else []
    rows = sorted(([each[key] for each in by_id] for key in shared), key=lambda row: -_spread(row))
    if not rows:
        return []
    shown = rows[: extent.answers]
    slices = _slices(shown)
    title = "Answers, those first on which the models differ" if len(outputs) > 1 else "Answers"
    name = outputs[0].name
    body = tag(
        "div",
        tag("div", *_filters(name, outputs, shown, slices), class_="filters"),
        *(_case(row, outputs, slices, extent) for row in shown),
        class_="side",
    )
    total = max(len(output.cases) for output in outputs)
    cut = (
        tag("p", f"{plural(len(shown), 'case')} of {count(total)} that this page could show.",
            class_="soft small")
        if len(shown) < total
        else None
    )  # fmt: skip
    return [tag("h3", title, id=f"cases-{name}"), body, cut]


def _spread(row: _Row) -> float:
    """How far the models' mean scores on one case lie apart."""
    means = [sum(case.scores.values()) / len(case.scores) for case in row if case.scores]
    return max(means) - min(means) if means else 0.0


def _kinds(row: _Row) -> list[str]:
    """Which of the kinds a case is, beside all."""
    found = []
    if len({tuple(sorted(case.scores.items())) for case in row}) > 1:
        found.append("differ")
    scores = [value for case in row for value in case.scores.values()]
    if any(value < 1 for value in scores):
        found.append("wrong")
    if scores and all(value == 1 for value in scores) and not any(c.unscored for c in row):
        found.append("right")
    if any(case.unscored for case in row):
        found.append("unscored")
    return found


def _slices(rows: Sequence[_Row]) -> list[tuple[str, str]]:
    """The slices of the shown cases, the most frequent first."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        for one in row[0].slices.items():
            counts[one] = counts.get(one, 0) + 1
    return sorted(counts, key=lambda one: (-counts[one], one))[:MOST_SLICES]


# ------------------------------------------------------------------ filters


def _filters(
    name: str,
    outputs: Sequence[EvalOutput],
    rows: Sequence[_Row],
    slices: Sequence[tuple[str, str]],
) -> Iterator[Markup]:
    kinds = [_kinds(row) for row in rows]
    counts = {kind: sum(kind in found for found in kinds) for kind, _ in _KINDS}
    counts["all"] = len(rows)
    offered = [one for one in _KINDS if counts[one[0]]]
    if len(offered) > 1:
        choices = []
        for kind, told in offered:
            label = f"{told} ({count(counts[kind])})"
            choices.append(_choice(f"kind-{name}", f"k-{kind}", label, kind == "all"))
        yield _group("Cases", choices)
    if slices:
        choices = [_choice(f"slice-{name}", "s-all", "all", True)]
        for place, (slice_, value) in enumerate(slices, 1):
            told = shortened(f"{slice_} = {value}", 40)
            choices.append(_choice(f"slice-{name}", f"s-{place}", told, False))
        yield _group("Slice", choices)
    if len(outputs) > 1:
        boxes = [
            _box(f"m-{place}", output.model)
            for place, output in enumerate(outputs[:MOST_MODELS], 1)
        ]
        yield _group("Models", boxes)


def _group(title: str, choices: Sequence[Markup]) -> Markup:
    return tag("fieldset", tag("legend", title), *choices)


def _choice(name: str, kind: str, told: str, chosen: bool) -> Markup:
    box = tag("input", type="radio", name=name, class_=kind, checked=chosen)
    return tag("label", box, tag("span", told))


def _box(kind: str, told: str) -> Markup:
    box = tag("input", type="checkbox", class_=kind, checked=True)
    return tag("label", box, tag("span", shortened(told, 40)))


# ------------------------------------------------------------------ one case


def _case(
    row: _Row, outputs: Sequence[EvalOutput], slices: Sequence[tuple[str, str]], extent: Extent
) -> Markup:
    first = row[0]
    classes = ["case", *(f"is-{kind}" for kind in _kinds(row))]
    of_case = first.slices.items()
    classes += [f"in-{place}" for place, one in enumerate(slices, 1) if one in of_case]
    told = " · ".join(f"{slice_} = {value}" for slice_, value in of_case)
    over = tag(
        "div",
        tag("b", f"case {first.case_id}"),
        tag("span", told, class_="soft small") if told else None,
        tag("div", first.prompt[: min(600, extent.text)], class_="asked"),
        class_="over",
    )
    columns = [_column("expected", first.expected, None, "expected", extent)]
    for place, (case, output) in enumerate(zip(row, outputs, strict=True), 1):
        columns.append(_column(output.model, case.output, case, f"col col-{place}", extent))
    return tag("article", over, tag("div", *columns, class_="columns"), class_=" ".join(classes))


def _column(title: str, text: str, case: Case | None, kind: str, extent: Extent) -> Markup:
    said = tag("div", text[: extent.text] or "(empty)", class_="quote")
    body: list[Node] = [tag("div", title, class_="tag")]
    if case is not None:
        body += [
            tag("div", f"turn {number}: {one[:300]}", class_="soft small")
            for number, one in enumerate(case.earlier, 1)
        ]
    body.append(said)
    if case is not None:
        body.append(tag("div", *_scores(case), class_="marks"))
        body += [
            tag("div", f"{name}: {reason[:300]}", class_="soft small")
            for name, reason in {**case.reasons, **case.unscored}.items()
            if reason
        ]
    return tag("div", *body, class_=kind)


def _scores(case: Case) -> Iterator[Markup]:
    for name, value in case.scores.items():
        mood = "good" if value == 1 else "bad" if value == 0 else "unsure"
        yield tag("span", f"{name} {score(value)}", class_=f"chip {mood}")
    for name in case.unscored:
        yield tag("span", f"{name} unscored", class_="chip quiet")
    if case.latency is not None:
        yield tag("span", duration(case.latency), class_="soft small")
