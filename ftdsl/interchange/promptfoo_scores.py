"""What a test of promptfoo requires, as the scores of an eval: its assertions, and whether it
passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ftdsl.interchange.imported import Scored, identifier, number
from ftdsl.interchange.located import Node
from ftdsl.interchange.promptfoo_assertions import Reading, Refusal, Said, said

PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Test:
    """A test, and what all tests have."""

    defaults: Node
    own: Node


@dataclass(frozen=True, slots=True)
class _Weighed:
    name: str
    said: Said
    weight: float


def scores_of(test: Test, reading: Reading) -> tuple[Scored, ...] | None:
    """The scores of one test, the last of which is whether it passes. None where an assertion was
    refused: without it the test would require less than it did."""
    before = sum(one.severity == "error" for one in reading.problems)
    found = list(_read(_asserted(test), reading))
    if sum(one.severity == "error" for one in reading.problems) > before:
        return None
    threshold = test.own.get("threshold") or test.defaults.get("threshold")
    least = threshold.value if threshold is not None else None
    if isinstance(least, bool) or not isinstance(least, (int, float, type(None))):
        _problem(reading, test.own, "a `threshold` that is no number")
        return None
    passing = _passing(found, least)
    if passing is None:
        return (Scored("answered", 'output != ""'),)
    scores = [Scored(one.name, one.said.test) for one in found]
    if len(scores) == 1 and least is None:
        return (Scored(PASSED, scores[0].value),)
    return (*scores, Scored(PASSED, passing))


def _asserted(test: Test) -> Iterator[Node]:
    options = test.own.get("options")
    if options is None or options.get("disableDefaultAsserts") is None:
        yield from _listed(test.defaults)
    yield from _listed(test.own)


def _listed(node: Node) -> list[Node]:
    found = node.get("assert")
    return found.items if found is not None else []


def _read(nodes: Iterator[Node], reading: Reading) -> Iterator[_Weighed]:
    taken: list[str] = [PASSED]
    for node in nodes:
        weighed = _one(node, reading, taken)
        if weighed is not None:
            taken.append(weighed.name)
            yield weighed


def _one(node: Node, reading: Reading, taken: list[str]) -> _Weighed | None:
    try:
        value = _set(node, reading) if node.text("type") == "assert-set" else said(node, reading)
    except Refusal as why:
        kind = node.text("type") or "an assertion without a type"
        reading.problems.append(
            node.problem("FT575", f"`{kind}` cannot be taken over: {why}",
                         label="its test is left out", help=why.help)
        )  # fmt: skip
        return None
    weight = node.get("weight")
    weighs = 1.0
    if weight is not None:
        if isinstance(weight.value, bool) or not isinstance(weight.value, (int, float)):
            _problem(reading, weight, "a `weight` that is no number")
            return None
        weighs = float(weight.value)
    name = node.text("metric") or node.text("type").replace("not-", "no ")
    return _Weighed(identifier(name, taken), value, weighs)


def _set(node: Node, reading: Reading) -> Said:
    found = []
    for one in _listed(node):
        if one.text("type") == "assert-set":
            raise Refusal("a set within a set")
        weight = one.get("weight")
        value = 1.0 if weight is None else weight.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Refusal("a `weight` that is no number")
        found.append(_Weighed("", said(one, reading), float(value)))
    threshold = node.get("threshold")
    least = threshold.value if threshold is not None else None
    if isinstance(least, bool) or not isinstance(least, (int, float, type(None))):
        raise Refusal("a `threshold` that is no number")
    test = _passing(found, least)
    if test is None:
        raise Refusal("a set that always passes")
    return Said(f"({test})", f"({test})", any(one.said.judged for one in found))


def _passing(found: list[_Weighed], least: float | None) -> str | None:
    """Whether a test passes: all its assertions, or their weighted mean with a threshold. One that
    weighs 0 always passes; None where nothing can fail."""
    counted = [one for one in found if one.weight != 0]
    if not counted or (least is not None and least <= 0):
        return None
    if least is None:
        return " and ".join(f"({one.said.test})" for one in counted) if len(counted) > 1 else (
            counted[0].said.test
        )  # fmt: skip
    if len(counted) == 1 and counted[0].said.score == counted[0].said.test:
        return counted[0].said.test
    scores = ", ".join(one.said.score for one in counted)
    weights = ", ".join(number(one.weight) for one in counted)
    return f"weighted({scores}, weights: [{weights}]) >= {number(least)}"


def _problem(reading: Reading, node: Node, message: str) -> None:
    reading.problems.append(node.problem("FT576", message, label="cannot be said in a spec"))
