"""What every reporter reads: one command's answer, before it has any format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span
from ftdsl.language.source import Source
from ftdsl.record import fresh, record
from ftdsl.reports.rule_places import RulePlaces, place_of
from ftdsl.results.exits import exit_code

if TYPE_CHECKING:
    from ftdsl.plan.model import Plan
    from ftdsl.results.actions import Advised, NextSteps
    from ftdsl.results.comparison import Comparison
    from ftdsl.results.models import Finding, Verdict
    from ftdsl.results.record import RunRecord
    from ftdsl.results.run import RunResult


@record
class Problem:
    """Something wrong that has no place in a spec or in data: a run that is not there."""

    code: str
    message: str
    help: str = ""
    path: str = ""


@record
class Fact:
    """One line of a command that tells rather than judges (``doctor``, ``cache``, ``waivers``).
    ``state`` is ``ok``, ``warn``, ``missing`` or ""."""

    name: str
    value: str
    state: str = ""


@record
class Report:
    """``verdict`` names the exit code. ``files`` are the spec files that were looked at.

    ``diagnostics`` are about specs and are shown with excerpts of ``sources``. ``notes`` are lines
    of what was done. ``all_findings`` reads every finding of a run from its artifacts, which may be
    many more than the run's own; None where there is no run. With ``statistics`` a terminal shows
    how many findings each rule has, instead of the findings. ``rule_places`` are where the rules
    stand in the specs. ``history`` are kept runs, the newest first, and
    ``next`` is what to do after the last; ``advice`` are the rules
    that a training's figures fired, None where nobody asked them.
    """

    command: str
    verdict: Verdict
    spec: str = ""
    files: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, Source] = fresh(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    plan: Plan | None = None
    run: RunResult | None = None
    comparison: Comparison | None = None
    history: tuple[RunRecord, ...] = ()
    next: NextSteps | None = None
    advice: tuple[Advised, ...] | None = None
    out: Path | None = None
    all_findings: Callable[[], Iterable[Finding]] | None = None
    only_findings: bool = False
    statistics: bool = False
    rule_places: RulePlaces = fresh(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """The process's exit code."""
        return exit_code(self.verdict, self.run.signal if self.run is not None else None)

    @property
    def errors(self) -> int:
        """How many diagnostics are errors."""
        return sum(one.severity is Severity.ERROR for one in self.diagnostics)

    def place(self, diagnostic: Diagnostic) -> tuple[str, int | None, int | None]:
        """Path, 1-based line and 1-based column of a diagnostic; no line without its source."""
        return self._at(diagnostic.span)

    def rule_place(self, dataset: str, rule: str, code: str) -> tuple[str, int | None]:
        """Path and 1-based line of the rule that a finding is about; no path where unknown."""
        span = place_of(self.rule_places, dataset, rule, code)
        return self._at(span)[:2] if span is not None else ("", None)

    def _at(self, span: Span) -> tuple[str, int | None, int | None]:
        source = self.sources.get(span.path)
        if source is None:
            return span.path, None, None
        return span.path, *source.position(min(span.start, len(source.text)))
