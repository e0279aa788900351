"""The verdict, the exit code and the records agree, whatever a run came to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Label, Severity, Span
from ftdsl.results.exits import VERDICT_CODES, exit_code
from ftdsl.results.models import (
    CheckOutput,
    Counts,
    DedupOutput,
    Finding,
    GateOutput,
    Removal,
    Requirement,
    RuleOutcome,
    SubValue,
    Verdict,
)
from ftdsl.results.run import RunResult, Status, StepRun, verdict_of
from ftdsl.results.schema import run_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "schemas" / "run.schema.json"

text = st.text(max_size=8)
share = st.floats(0, 1)
verdicts: st.SearchStrategy[Verdict] = st.sampled_from(["pass", "fail", "inconclusive"])
spans = st.builds(Span, text, st.integers(0, 99), st.integers(0, 99))
diagnostics = st.builds(
    Diagnostic,
    code=st.sampled_from(["FT200", "FT300"]),
    message=text,
    span=spans,
    severity=st.sampled_from(list(Severity)),
    notes=st.tuples(text),
    related=st.tuples(st.builds(Label, spans, text)),
    help=text,
    fix=st.none() | st.builds(Fix, text, st.tuples(st.builds(Edit, spans, text))),
)
findings = st.builds(
    Finding, code=text, message=text, values=st.tuples(st.builds(SubValue, source=text, value=text))
)
outputs = st.one_of(
    st.builds(
        CheckOutput,
        name=text,
        counts=st.builds(Counts, discovered=st.integers(0, 9)),
        outcomes=st.lists(
            st.builds(
                RuleOutcome,
                rule=text,
                kind=st.sampled_from(["row", "dataset", "file"]),
                verdict=st.sampled_from(["pass", "warn", "fail"]),
                checked=st.integers(0, 9),
                failing=st.integers(0, 9),
                rate=share,
            ),
            max_size=2,
        ).map(tuple),
        findings=st.lists(findings, max_size=2).map(tuple),
        verdict=verdicts,
    ),
    st.builds(
        DedupOutput,
        name=text,
        rows=st.integers(0, 9),
        kept=st.integers(0, 9),
        removed=st.lists(
            st.builds(
                Removal,
                row_id=text,
                line=st.integers(1, 9),
                path=text,
                kept_row_id=text,
                kept_line=st.integers(1, 9),
                kept_path=text,
                similarity=share,
                method=text,
            ),
            max_size=2,
        ).map(tuple),
        verdict=verdicts,
    ),
    st.builds(
        GateOutput,
        name=text,
        eval=text,
        requirements=st.lists(
            st.builds(
                Requirement,
                requirement=text,
                candidate=text,
                verdict=verdicts,
                estimate=share,
                low=share,
                high=share,
                bound=share,
                op=text,
                n=st.integers(0, 9),
                method=text,
                confidence=share,
            ),
            max_size=2,
        ).map(tuple),
        verdict=verdicts,
    ),
)


@st.composite
def records(draw: st.DrawFn, id_: str = "check.a") -> StepRun:
    status: Status = draw(st.sampled_from(get_args(Status)))
    has_output = status in ("done", "fresh")
    return StepRun(
        id=id_,
        kind="check",
        name="a",
        status=status,
        output=draw(outputs) if has_output else None,
        diagnostics=tuple(draw(st.lists(diagnostics, max_size=2))),
        refusal=draw(st.sampled_from([2, 4])) if status == "refused" else 0,
        blocked_by=draw(st.sampled_from(["s.0", "s.1"])) if status == "blocked" else None,
        requested=draw(st.booleans()),
        seconds=draw(share),
    )


@st.composite
def results(draw: st.DrawFn) -> RunResult:
    steps = tuple(draw(records(f"s.{number}")) for number in range(draw(st.integers(0, 4))))
    turned_away = draw(st.booleans()) and not steps
    signal = draw(st.none() | st.sampled_from([2, 15]))
    verdict = verdict_of(steps, refused=turned_away)
    return RunResult(
        version="0.1.0",
        run_id="20261231T000000-aaaaaa",
        spec="specs/a.ftspec",
        steps=steps,
        diagnostics=tuple(draw(st.lists(diagnostics, max_size=1))),
        verdict=verdict,
        exit_code=exit_code(verdict, signal),
        signal=signal,
    )


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text(encoding="utf-8")))


def test_the_published_schema_is_current() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == run_schema(), "run `make docs`"


@given(result=results())
@settings(max_examples=60, deadline=None)
def test_every_result_validates_and_reads_back(validator: Any, result: RunResult) -> None:
    body = result.model_dump_json()
    validator.validate(json.loads(body))
    assert RunResult.model_validate_json(body) == result


@given(result=results())
@settings(max_examples=200, deadline=None)
def test_the_printed_verdict_and_the_code_agree(result: RunResult) -> None:
    body = json.loads(result.model_dump_json())
    names = {code: verdict for verdict, code in VERDICT_CODES.items()}
    if body["exit_code"] in (130, 143):
        assert body["verdict"] == "stopped"
        assert body["exit_code"] == 128 + body["signal"]
    else:
        assert names[body["exit_code"]] == body["verdict"]
    assert bool(result.resume) is (result.verdict == "stopped")


@given(result=results())
@settings(max_examples=200, deadline=None)
def test_zero_means_that_nothing_found_failed_or_was_left_open(result: RunResult) -> None:
    if result.exit_code == 0:
        for step in result.steps:
            assert step.status not in ("failed", "refused", "stopped")
            assert step.verdict in (None, "pass")
            assert not (step.status == "pending" and step.requested)


@given(steps=st.lists(records(), max_size=4), extra=records())
@settings(max_examples=100, deadline=None)
def test_more_steps_never_make_it_better(steps: list[StepRun], extra: StepRun) -> None:
    order = ("pass", "inconclusive", "fail", "refused", "error", "stopped")
    before, after = verdict_of(steps), verdict_of([*steps, extra])
    assert order.index(after) >= order.index(before)


@pytest.mark.parametrize(
    ("verdict", "signal", "code"),
    [
        ("pass", None, 0),
        ("fail", None, 1),
        ("error", None, 2),
        ("stopped", None, 3),
        ("refused", None, 4),
        ("inconclusive", None, 5),
        ("stopped", 2, 130),
        ("stopped", 15, 143),
        ("pass", 2, 0),
    ],
)
def test_the_table_of_codes(verdict: Verdict, signal: int | None, code: int) -> None:
    assert exit_code(verdict, signal) == code


def test_a_stopped_run_says_how_to_go_on_with_the_same_steps() -> None:
    result = RunResult(
        version="0.1.0",
        run_id="r",
        spec="specs/my spec.ftspec",
        verdict="stopped",
        exit_code=130,
        signal=2,
        only=("check", "gate.release"),
    )
    assert result.resume == "ftdsl run 'specs/my spec.ftspec' --only check --only gate.release"
