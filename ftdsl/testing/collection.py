"""Which tests a spec has: its language, its rules' examples, its data and its gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from ftdsl.api import AnalysisView, analyze
from ftdsl.language.program import Program
from ftdsl.quality.examples import Example, examples_of
from ftdsl.testing.answers import Answers
from ftdsl.testing.items import (
    CheckItem,
    CoverageItem,
    DedupItem,
    ExampleItem,
    GateItem,
    LanguageItem,
    RuleItem,
    SpecItem,
)

#: What every dataset is asked, whatever rules it has.
_OF_EVERY_DATASET = ("file.readable", "file.schema")


@dataclass(frozen=True, slots=True)
class Scope:
    """What was asked for besides the examples: ``data`` is validated, gates are ``run``."""

    data: bool = False
    run: bool = False


class SpecFile(pytest.File):
    """One ``.ftspec`` file. It is checked when it is collected; its data are looked at by the first
    test that is about them."""

    scope = Scope()

    @cached_property
    def view(self) -> AnalysisView:
        """The checked spec."""
        return analyze(self.path)

    @cached_property
    def answers(self) -> Answers:
        """What its data and gates came to, once for all tests."""
        return Answers(self.view, run=self.scope.run)

    def collect(self) -> Iterator[SpecItem]:
        """The tests. Of a spec with errors there is one, which fails."""
        yield self._item(LanguageItem, "language")
        program = self.view.program
        if not self.view.ok or program is None:
            return
        yield from self._examples(program)
        if self.scope.data:
            yield from self._data(program)
            for gate in program.gates:
                yield self._item(GateItem, f"gate.{gate.name}", span=gate.span, block=gate.name)

    def _examples(self, program: Program) -> Iterator[SpecItem]:
        used: Counter[str] = Counter()
        for example in examples_of(program):
            name = _example_name(example)
            used[name] += 1
            if used[name] > 1:
                name += f"#{used[name]}"
            yield self._item(ExampleItem, name, span=example.place, example=example)

    def _data(self, program: Program) -> Iterator[SpecItem]:
        rules = {check.dataset: check.rules for check in program.checks}
        for dataset in program.datasets:
            name = f"check.{dataset.name}"
            yield self._item(CheckItem, name, span=dataset.span, block=dataset.name)
            for rule in _OF_EVERY_DATASET:
                name = f"check.{dataset.name}.{rule}"
                yield self._item(RuleItem, name, span=dataset.span, block=dataset.name, rule=rule)
            for each in rules.get(dataset.name, ()):
                name = f"check.{dataset.name}.{each.name}"
                given = {"block": dataset.name, "rule": each.name}
                yield self._item(RuleItem, name, span=each.span, **given)
        for dedup in program.dedups:
            name = f"dedup.{dedup.dataset}"
            yield self._item(DedupItem, name, span=dedup.span, block=dedup.dataset)
        for coverage in program.coverages:
            name = f"coverage.{coverage.dataset}"
            yield self._item(CoverageItem, name, span=coverage.span, block=coverage.dataset)

    def _item(self, kind: type[SpecItem], name: str, **given: Any) -> SpecItem:
        item: SpecItem = kind.from_parent(self, name=name, **given)
        return item


def _example_name(one: Example) -> str:
    """``example.support.reply_present[rejects blank.jsonl]``."""
    file = one.example.source.pattern.rpartition("/")[2]
    return f"example.{one.check.dataset}.{one.rule.name}[{one.example.kind} {file}]"
