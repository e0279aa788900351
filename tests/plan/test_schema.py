"""Every plan validates against the published schema, reads back, and is the same bytes again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftdsl.engine.context import Policy
from ftdsl.engine.run import run_plan
from ftdsl.language.program import (
    BucketDef,
    CoverageDef,
    DedupDef,
    DropDef,
    GroupDef,
    ModelDef,
    Program,
    SelectDef,
    SliceDef,
    WaiverDef,
)
from ftdsl.plan.model import Plan
from ftdsl.plan.planner import build_plan
from ftdsl.plan.schema import plan_schema
from tests.engine.steps import quick
from tests.plan.programs import program, row_field, with_extern_rule, write_project

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "schemas" / "plan.schema.json"


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_published_schema_is_current() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == plan_schema(), "run `make docs`"


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """The tests' program with blocks drawn for and against."""
    found = program(
        words=draw(st.integers(0, 10**6)),
        learning_rate=draw(st.floats(1e-9, 1)),
        target=draw(st.sampled_from(["trl", "openai"])),
    )
    values = st.text(max_size=8) | st.integers(-(2**31), 2**31) | st.booleans() | st.none()
    if draw(st.booleans()):
        drop = DropDef("near", (row_field("prompt"),), similarity=draw(st.floats(0, 1)))
        against = replace(drop, against="golden")
        found = replace(found, dedups=(DedupDef("support", (drop, against), max_dropped=0.1),))
    if draw(st.booleans()):
        bucket = BucketDef(draw(st.none() | st.text(max_size=5)), ">=", draw(st.floats(0, 1)))
        group = GroupDef(row_field("lang"), (bucket,))
        found = replace(found, coverages=(CoverageDef("support", (group,)),))
    if draw(st.booleans()):
        settings_ = tuple(sorted(draw(st.dictionaries(st.text(max_size=5), values)).items()))
        local = ModelDef("local", "local", settings_)
        found = replace(found, models=(*found.models, local))
    if draw(st.booleans()):
        found = replace(found, selects=(SelectDef("best", ("old",), "golden", ()),))
    if draw(st.booleans()):
        waiver = WaiverDef(("support", "short"), draw(st.text(max_size=8)), "2026-12-31", ("a",))
        found = replace(found, waivers=(waiver,))
    if draw(st.booleans()):
        [golden] = found.evals
        slices = (SliceDef("topic", row_field("topic"), 20),)
        found = replace(found, evals=(replace(golden, slices=slices),))
    return found


@given(programs(), st.sampled_from([(), ("check",), ("gate.release",), ("support", "golden")]))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_plan_validates_and_reads_back(
    tmp_path: Path, validator: Any, found: Program, only: tuple[str, ...]
) -> None:
    root = write_project(tmp_path)
    plan = build_plan(found, root, root / ".ftdsl", Policy(), only=only)
    text = plan.model_dump_json()
    validator.validate(json.loads(text))
    assert Plan.model_validate_json(text) == plan
    again = build_plan(found, root, root / ".ftdsl", Policy(), only=only)
    assert again.model_dump_json() == text


def test_plans_of_every_state_validate(tmp_path: Path, validator: Any) -> None:
    root = write_project(tmp_path)
    out = root / ".ftdsl"
    part = build_plan(program(), root, out, Policy(), only=["check"])
    run_plan(part, root, out, execute=quick)
    (root / "golden" / "cases.jsonl").unlink()
    plan = build_plan(with_extern_rule(), root, out, Policy())
    assert {planned.state for planned in plan.steps} == {"fresh", "stale", "pending", "blocked"}
    assert plan.problems
    validator.validate(json.loads(plan.model_dump_json()))


def test_the_schema_refuses_what_is_no_plan(tmp_path: Path, validator: Any) -> None:
    root = write_project(tmp_path)
    body = json.loads(build_plan(program(), root, root / ".ftdsl", Policy()).model_dump_json())
    for spoilt in ({**body, "more": 1}, {**body, "schema": "ftdsl.plan/0"}, {**body, "steps": 3}):
        assert not validator.is_valid(spoilt)
