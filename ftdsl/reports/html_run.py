"""A run as parts of a page: the figures at the top, then gates, scores, training, data, steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ftdsl.reports.html_cases import cases_side_by_side
from ftdsl.reports.html_data import dataset_body, dataset_names
from ftdsl.reports.html_models import (
    gate_cards,
    judge_notes,
    looks,
    score_cards,
    training_card,
)
from ftdsl.reports.html_preflight import preflight_card
from ftdsl.reports.html_rating import rating_cards
from ftdsl.reports.html_select import selection
from ftdsl.reports.html_sweep import sweep
from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import count, difference, duration, size
from ftdsl.reports.run_document import total_counts
from ftdsl.reports.summary import MARKS, step_line
from ftdsl.results.models import (
    DatasetOutput,
    DedupOutput,
    EvalOutput,
    GateOutput,
    TrainOutput,
)
from ftdsl.results.preflight import PreflightOutput
from ftdsl.results.rating import RateOutput
from ftdsl.results.run import RunResult
from ftdsl.results.selection import SelectOutput
from ftdsl.results.sweep import SweepOutput

if TYPE_CHECKING:
    from ftdsl.reports.extent import Extent

_MOST_COLUMNS = 5


def tiles(run: RunResult) -> Markup | None:
    """The few figures that say most."""
    shown = [tag("div", tag("b", value), tag("span", name), class_="tile")
             for value, name in _figures(run)]  # fmt: skip
    return tag("div", *shown, class_="tiles") if shown else None


def _figures(run: RunResult) -> Iterator[tuple[str, str]]:
    counts = total_counts(run)
    if counts.discovered:
        yield count(counts.discovered), "rows read"
        yield count(_failing_rules(run)), "rules failed or warned"
    removed = [len(s.output.removed) for s in run.steps if isinstance(s.output, DedupOutput)]
    if removed:
        yield count(sum(removed)), "duplicates and leaks removed"
    gates = [step.output for step in run.steps if isinstance(step.output, GateOutput)]
    paired = [each for gate in gates for each in gate.requirements if each.paired]
    if paired:
        yield difference(paired[0].estimate), f"{paired[0].candidate} against the baseline"
    requirements = [each for gate in gates for each in gate.requirements]
    if requirements:
        met = sum(each.verdict == "pass" for each in requirements)
        yield f"{met} of {len(requirements)}", "gate requirements met"


def _failing_rules(run: RunResult) -> int:
    outcomes = (each for step in run.steps for each in getattr(step.output, "outcomes", ()))
    return sum(outcome.verdict != "pass" for outcome in outcomes)


def run_sections(run: RunResult, extent: Extent) -> Iterator[tuple[str, str, Node]]:
    """Anchor, title and body of each part that the run has something for."""
    gates = [step.output for step in run.steps if isinstance(step.output, GateOutput)]
    if gates:
        yield "gates", "Gates", [gate_cards(gate) for gate in gates]
    for step in run.steps:
        if isinstance(step.output, RateOutput):
            yield f"rate-{step.name}", f"Ratings: {step.name}", rating_cards(step.output)
    selections = [step.output for step in run.steps if isinstance(step.output, SelectOutput)]
    for each in selections:
        yield f"select-{each.name}", f"Selection: {each.name}", selection(each)
    for step in run.steps:
        if isinstance(step.output, SweepOutput):
            yield f"sweep-{step.name}", f"Sweep: {step.name}", sweep(step.output)
    evals = [step.output for step in run.steps if isinstance(step.output, EvalOutput)]
    for name in dict.fromkeys(each.name for each in evals):
        of_name = [each for each in evals if each.name == name]
        yield (
            f"eval-{name}",
            f"Scores on {name}",
            [
                score_cards(of_name, _candidates(run)),
                judge_notes(of_name),
                looks(of_name),
                cases_side_by_side(_side_by_side(of_name, selections), extent),
            ],
        )
    before = [step.output for step in run.steps if isinstance(step.output, PreflightOutput)]
    if before:
        yield "preflight", "Before training", [preflight_card(each) for each in before]
    trainings = [step.output for step in run.steps if isinstance(step.output, TrainOutput)]
    if trainings:
        yield "training", "Training", [training_card(each) for each in trainings]
    for name in dataset_names(run):
        yield f"data-{name}", f"Data: {name}", dataset_body(run, name, extent)
    if run.steps:
        yield "steps", "Steps", [_steps(run), _files(run)]


def _side_by_side(outputs: list[EvalOutput], selections: list[SelectOutput]) -> list[EvalOutput]:
    """At most five models, those that a selection ranks first."""
    order = {
        one.model: place
        for each in selections
        if outputs and each.eval == outputs[0].name
        for place, one in enumerate(each.contenders)
    }
    ordered = sorted(outputs, key=lambda one: order.get(one.model, len(order)))
    return ordered[:_MOST_COLUMNS]


def _candidates(run: RunResult) -> frozenset[str]:
    """The models that are on trial: trained ones, and those that a gate decides on."""
    trained = {s.output.name for s in run.steps if isinstance(s.output, TrainOutput)}
    gates = (step.output for step in run.steps if isinstance(step.output, GateOutput))
    return frozenset(trained | {each.candidate for gate in gates for each in gate.requirements})


def _steps(run: RunResult) -> Markup:
    rows = []
    for step in run.steps:
        told = step_line(step)
        rows.append(
            tag(
                "tr",
                tag("td", tag("span", MARKS[told.mood], class_=f"mark {told.mood}"),
                    tag("code", step.id)),
                tag("td", step.status),
                tag("td", told.text, class_="wide"),
                tag("td", duration(step.seconds) if step.seconds else "", class_="number"),
            )
        )  # fmt: skip
    heads = tag("tr", *(tag("th", each) for each in ("step", "status", "what it came to")),
                tag("th", "time", class_="number"))  # fmt: skip
    table = tag("table", tag("thead", heads), tag("tbody", *rows), class_="stack")
    return tag("div", tag("div", table, class_="scroll"), class_="card")


def _files(run: RunResult) -> Markup | None:
    outputs = [step.output for step in run.steps if isinstance(step.output, DatasetOutput)]
    rows = [
        tag(
            "tr",
            tag("td", tag("code", file.path)),
            tag("td", file.split or ""),
            tag("td", size(file.size), class_="number"),
            tag("td", tag("code", file.sha256[:16])),
        )
        for output in outputs
        for file in output.files[:200]
    ]
    if not rows:
        return None
    heads = tag("tr", tag("th", "file"), tag("th", "split"), tag("th", "size", class_="number"),
                tag("th", "SHA-256 begins"))  # fmt: skip
    table = tag("table", tag("thead", heads), tag("tbody", *rows))
    return tag("details", tag("summary", "Files that were read"),
               tag("div", table, class_="scroll card"))  # fmt: skip
