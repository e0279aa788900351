"""``--output json`` is one object that its published schema holds, whatever was asked."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from ftdsl.reports.document import as_plain
from ftdsl.reports.json import document, render
from ftdsl.results.exits import VERDICT_CODES
from ftdsl.results.models import Verdict
from tests.reports import sample
from tests.reports.test_golden import REPORTS

SCHEMA = Path(__file__).parents[2] / "docs/reference/schemas/report.schema.json"


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", REPORTS)
def test_the_schema_holds(name: str, validator: Any) -> None:
    found = json.loads(render(REPORTS[name]))
    validator.validate(found)
    for key in ("schema", "verdict", "exit_code", "findings", "counts", "datasets", "gates"):
        assert key in found


def test_the_schema_is_closed_to_wrong_types(validator: Any) -> None:
    found = json.loads(render(REPORTS["full"]))
    for key in ("findings", "counts", "gates", "verdict"):
        assert not validator.is_valid({**found, key: 3}), key


@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_verdict_and_code_agree(verdict: Verdict) -> None:
    run = sample.full_run().model_copy(update={"verdict": verdict})
    found = document(sample.report_of(run))
    assert (found.verdict, found.exit_code) == (verdict, VERDICT_CODES[verdict])


def test_a_run_is_told_in_full() -> None:
    found = document(REPORTS["full"])
    assert found.counts.discovered == 1200 == found.counts.checked + found.counts.failed
    support = found.datasets["support"]
    assert (support.rows, support.kept, len(support.removed)) == (1197, 1188, 9)
    assert found.evals["golden"]["support_lora"]["exact"].mean == 0.412
    assert [gate.verdict for gate in found.gates] == ["pass", "inconclusive", "fail"]
    assert found.trainings["support_lora"].first_loss > found.trainings["support_lora"].last_loss  # type: ignore[operator]


def test_a_number_that_is_none_is_null() -> None:
    gate = sample.gate()
    broken = gate.requirements[0].model_copy(update={"estimate": math.nan, "low": -math.inf})
    steps = (sample.step("gate", "g", gate.model_copy(update={"requirements": (broken,)})),)
    run = sample.full_run().model_copy(update={"steps": steps})
    found = json.loads(render(sample.report_of(run)))
    assert found["gates"][0]["estimate"] is None
    assert found["gates"][0]["low"] is None


def test_plain_values_only() -> None:
    assert as_plain((1, {"a": (None,)})) == [1, {"a": [None]}]
