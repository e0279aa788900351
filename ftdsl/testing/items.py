"""One test of a spec: what it asks, and the product's own words where the answer is no."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.quality.examples import Example, tried
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style
from ftdsl.reports.terminal import render
from ftdsl.testing.answers import Unanswered, WrongAnswer

if TYPE_CHECKING:
    from ftdsl.testing.collection import SpecFile


class SpecItem(pytest.Item):
    """A test of a spec. ``span`` is where what it asks is written."""

    def __init__(self, *, span: Span | None = None, **given: Any) -> None:
        super().__init__(**given)
        self.span = span

    @property
    def file(self) -> SpecFile:
        """The spec's file of tests."""
        from ftdsl.testing.collection import SpecFile

        assert isinstance(self.parent, SpecFile)
        return self.parent

    def reportinfo(self) -> tuple[Path, int, str]:
        """The line of the spec, counted from 0 as pytest does."""
        source = self.file.view.sources.get(self.span.path) if self.span is not None else None
        if source is None or self.span is None or self.span.path != self.file.view.path:
            return self.path, 0, self.name
        return self.path, source.position(self.span.start)[0] - 1, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The diagnostic instead of a traceback; a bug keeps its traceback."""
        if isinstance(excinfo.value, WrongAnswer):
            return excinfo.value.text
        return super().repr_failure(excinfo, style)


class LanguageItem(SpecItem):
    """Is the spec right?"""

    def runtest(self) -> None:
        """Fail with every error of the spec."""
        view = self.file.view
        if not view.ok:
            raise WrongAnswer(render(view.report, Style()))


class ExampleItem(SpecItem):
    """Does the rule judge its ``accepts`` or ``rejects`` rows as it must?"""

    def __init__(self, *, example: Example, **given: Any) -> None:
        super().__init__(**given)
        self.example = example

    def runtest(self) -> None:
        """Fail with every row that is judged wrongly."""
        view = self.file.view
        found = tried(self.example, view.root).found
        if found:
            report = Report("test", "fail", diagnostics=found, sources=view.sources)
            raise WrongAnswer(render(report, Style(quiet=True)))


class BlockItem(SpecItem):
    """A test of what a block of the spec came to."""

    def __init__(self, *, block: str, **given: Any) -> None:
        super().__init__(**given)
        self.block = block

    def runtest(self) -> None:
        """Fail with what was found; skip a question that has no answer yet."""
        try:
            self.ask()
        except Unanswered as unanswered:
            pytest.skip(unanswered.reason)

    def ask(self) -> None:
        """Raise ``WrongAnswer`` or ``Unanswered`` unless the answer is yes."""
        raise AssertionError(f"{type(self).__name__} asks nothing")


class RuleItem(BlockItem):
    """Does the data keep one rule?"""

    def __init__(self, *, rule: str, **given: Any) -> None:
        super().__init__(**given)
        self.rule = rule

    def ask(self) -> None:
        """See ``BlockItem``. What only warns is shown with ``-rP``."""
        warning = self.file.answers.rule(self.block, self.rule)
        if warning:
            self.add_report_section("call", "ftdsl warning", warning)


class CheckItem(BlockItem):
    """Is there anything wrong with the dataset that no rule of its own tells?"""

    def ask(self) -> None:
        """See ``BlockItem``."""
        self.file.answers.check(self.block)


class DedupItem(BlockItem):
    """Are there no more duplicates, and no more leakage, than the block allows?"""

    def ask(self) -> None:
        """See ``BlockItem``."""
        self.file.answers.step("dedup", self.block)


class CoverageItem(BlockItem):
    """Does every group have its share?"""

    def ask(self) -> None:
        """See ``BlockItem``."""
        self.file.answers.step("coverage", self.block)


class GateItem(BlockItem):
    """Does the gate pass?"""

    def ask(self) -> None:
        """See ``BlockItem``."""
        self.file.answers.gate(self.block)
