"""The text formats, line by line, for a run with everything in it, one that stands still, one that
is blocked, a spec with a mistake and a plan. ``--record`` writes the golden files anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Span
from ftdsl.plan.model import Cost, Plan, PlannedStep, Range
from ftdsl.plan.steps import PendingStep
from ftdsl.reports.formats import FORMATS, render
from ftdsl.reports.report import Fact, Problem, Report
from ftdsl.reports.style import Style
from tests.reports.sample import (
    SPEC,
    SPEC_TEXT,
    blocked_run,
    full_run,
    passing_run,
    report_of,
)

GOLDEN = Path(__file__).parent / "golden"


def mistake() -> Report:
    from ftdsl.language.source import Source

    start = SPEC_TEXT.index("> 1") + 2
    span = Span(SPEC, start, start + 1)
    fix = Fix("replace with `1%`", (Edit(span, "1%"),))
    found = Diagnostic(
        "FT110",
        "`failing` is a ratio, compared with a plain number",
        span,
        label="expected a ratio such as `1%`",
        help="did you mean `1%`?",
        fix=fix,
    )
    return Report(
        "check",
        "fail",
        spec=SPEC,
        files=(SPEC,),
        diagnostics=(found,),
        sources={SPEC: Source(SPEC, SPEC_TEXT)},
    )


def plan() -> Report:
    def planned(name: str, state: str, *needs: str, **known: object) -> PlannedStep:
        step = PendingStep(id=f"check.{name}", name=name, needs=needs, block="rate", why="")
        given = {"step": step, "key": "0" * 32, "state": state, **known}
        return PlannedStep.model_validate(given)

    paid = Cost(
        files=1,
        bytes=2048,
        rows=80,
        requests=80,
        tokens=Range(low=1e3, expected=2.5e4, worst=1.2e6),
        money=None,
        hosts=("api.example.org",),
    )
    steps = (
        planned("a", "fresh"),
        planned("b", "stale", "check.a", reasons=("data/x.jsonl changed",), cost=paid),
        planned("c", "blocked", "check.a", "check.b", reasons=("it needs rate",)),
        planned("d", "pending", "check.a", reasons=("`rate` cannot run in this version",)),
    )
    made = Plan(version="0.1.0", spec=SPEC, edition=1, files=(), steps=steps, total=paid)
    return Report("plan", "pass", spec=SPEC, files=(SPEC,), plan=made)


def told() -> Report:
    facts = (Fact("python", "3.12", "ok"), Fact("extra train", "lacks torch", "warn"))
    problems = (Problem("FT257", "there is no run `x`", "run it first"),)
    return Report("doctor", "error", facts=facts, problems=problems, notes=("one", "two"))


REPORTS = {
    "full": report_of(full_run()),
    "unchanged": report_of(passing_run()),
    "blocked": report_of(blocked_run()),
    "mistake": mistake(),
    "plan": plan(),
    "told": told(),
}
STYLES = {
    "full": Style(width=100),
    "quiet": Style(width=100, quiet=True),
    "verbose": Style(width=100, verbose=True),
    "color": Style(width=100, color=True),
}


def compare(path: Path, text: str, record: bool) -> None:
    if record:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} changed: --record writes it anew"


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("format_", [name for name in FORMATS if name != "html"])
def test_format(name: str, format_: str, record: bool) -> None:
    text = render(REPORTS[name], format_, STYLES["full"])
    if REPORTS[name].run is None:
        text = re.sub(r'timestamp="[^"]*"', 'timestamp="2026-12-31T23:59:59"', text)
    compare(GOLDEN / f"{name}.{format_}.txt", text, record)


@pytest.mark.parametrize("style", ["quiet", "verbose", "color"])
@pytest.mark.parametrize("name", ["full", "unchanged", "mistake", "plan"])
def test_terminal_style(name: str, style: str, record: bool) -> None:
    text = render(REPORTS[name], "full", STYLES[style])
    compare(GOLDEN / f"{name}.full-{style}.txt", text, record)


def test_quiet_success_is_silent() -> None:
    assert render(REPORTS["unchanged"], "full", STYLES["quiet"]) == ""


@pytest.mark.parametrize("width", [20, 40, 200])
def test_any_width_holds_together(width: int) -> None:
    text = render(REPORTS["full"], "full", Style(width=width))
    assert "FAIL: 9 steps" in text
