"""The cases of several models side by side: what is shown, and which filters there are."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from ftdsl.reports import html
from ftdsl.reports.html_cases import MOST_MODELS, MOST_SLICES
from ftdsl.reports.markup import tag
from ftdsl.results.models import Case, EvalOutput
from tests.reports.sample import passing_run, report_of, step

CSS = html._css()


def case(number: int, score: float | None, **more: str) -> Case:
    return Case(
        case_id=f"c{number}", line=number, prompt=f"question {number}", expected="right",
        output=more.get("output", f"answer {number}"),
        scores={} if score is None else {"exact": score},
        unscored={"exact": "no answer"} if score is None else {},
        slices={"topic": more.get("topic", "billing")},
    )  # fmt: skip


def page(*models: tuple[str, list[Case]]) -> str:
    outputs = [
        EvalOutput(name="golden", model=name, scores={}, cases=tuple(cases))
        for name, cases in models
    ]
    steps = tuple(step("eval", f"golden.{one.model}", one) for one in outputs)
    return html.render(report_of(passing_run().model_copy(update={"steps": steps})))


class Cases(HTMLParser):
    """The classes of every case, in order; the classes of every input."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cases: list[set[str]] = []
        self.inputs: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "article" and "case" in given.get("class", "").split():
            self.cases.append(set(given["class"].split()))
        if tag == "input":
            assert given["type"] in ("radio", "checkbox")
            self.inputs.append(given["class"])


def test_cases_are_of_the_kinds_that_filters_ask_for() -> None:
    found = Cases(
        page(
            ("a", [case(0, 1.0), case(1, 1.0), case(2, 0.0), case(3, None)]),
            ("b", [case(0, 1.0), case(1, 0.0, topic="x"), case(2, 0.0), case(3, 1.0)]),
        )
    )
    # the one on which the models differ most comes first
    assert [one - {"case", "in-1"} for one in found.cases] == [
        {"is-differ", "is-wrong"}, {"is-right"}, {"is-wrong"}, {"is-differ", "is-unscored"},
    ]  # fmt: skip
    assert found.inputs == [
        "k-all", "k-differ", "k-wrong", "k-right", "k-unscored", "s-all", "s-1", "m-1", "m-2",
    ]  # fmt: skip


def test_one_model_alone_has_no_choice_of_models() -> None:
    found = Cases(page(("a", [case(0, 1.0), case(1, 1.0)])))
    assert found.inputs == ["k-all", "k-right", "s-all", "s-1"]


def test_every_filter_has_its_rule() -> None:
    models = [(f"m{i}", [case(n, 1.0, topic=f"t{n}") for n in range(30)]) for i in range(12)]
    found = Cases(page(*models))
    ruled = set(re.findall(r":has\(\.([\w-]+):", CSS))
    assert {one for one in found.inputs if not one.endswith("-all")} <= ruled
    assert {f"m-{i}" for i in range(1, MOST_MODELS + 1)} <= ruled
    assert {f"s-{i}" for i in range(1, MOST_SLICES + 1)} <= ruled


def test_every_datum_is_text() -> None:
    attack = "</div><script>alert(1)</script><input type=image src=//x>"
    text = page(("</label>" + attack, [case(0, 1.0, output=attack, topic=attack)]))
    assert "<script" not in text and "type=image" not in text.replace("type=image src=//x&gt;", "")
    assert Cases(text).inputs == ["k-all", "k-right", "s-all", "s-1"]


def test_an_input_only_filters() -> None:
    for kind in ("text", "image", "submit"):
        with pytest.raises(ValueError, match="only filters"):
            tag("input", type=kind)


def test_the_models_own_answers_before_the_last_are_shown() -> None:
    held = case(0, 1.0).model_copy(update={"earlier": ("the first <b>", "the second")})
    found = page(("a", [held]), ("b", [case(0, 1.0)]))
    assert "turn 1: the first &lt;b&gt;" in found
    assert "turn 2: the second" in found
    assert found.index("turn 2") < found.index("answer 0")
