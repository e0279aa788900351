"""Warnings of a plan about what so many cases can decide."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftdsl.api import apply, plan
from ftdsl.diagnostics.diagnostic import Diagnostic, Severity
from ftdsl.engine.context import Policy
from ftdsl.engine.spending import Budget, Ledger
from ftdsl.reports.formats import render
from ftdsl.reports.style import Style

SPEC = """ftspec 1

schema plain extends completion {
  id: text
}

model new { provider = replay  outputs = jsonl("new.jsonl", id: "id", output: "output") }
model old { provider = replay  outputs = jsonl("old.jsonl", id: "id", output: "output") }

eval golden {
  schema = plain
  source = jsonl("cases.jsonl")
  id = id
  score exact = exact_match(output, reply.text)
}

gate release {
  from = new
  baseline = old
  eval = golden
  REQUIRE
}
"""


def project(folder: Path, rows: int, requirement: str, differ: int = 0) -> Path:
    (folder / ".ftdsl-root").touch()
    cases = [{"id": f"c{i}", "prompt": f"q{i}", "completion": "a"} for i in range(rows)]
    files = {"cases": cases}
    for name, wrong in (("new", range(differ)), ("old", range(differ, 2 * differ))):
        files[name] = [{"id": f"c{i}", "output": "b" if i in wrong else "a"} for i in range(rows)]
    for name, lines in files.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    spec = folder / "a.ftspec"
    text = SPEC if "baseline" in requirement else SPEC.replace("  baseline = old\n", "")
    spec.write_text(text.replace("REQUIRE", requirement))
    return spec


def warnings(spec: Path) -> list[Diagnostic]:
    found = plan(spec).plan.problems
    assert all(one.severity is Severity.WARNING for one in found)
    return list(found)


@pytest.mark.code("FT550")
def test_a_margin_that_no_result_meets_is_said_with_the_cases_that_it_needs(tmp_path: Path) -> None:
    line = "require exact.mean >= baseline.exact.mean - 1pp with confidence 95%"
    spec = project(tmp_path, 200, line)
    (one,) = warnings(spec)
    assert (one.code, one.message) == ("FT550", "200 cases can never meet this requirement")
    assert "at least 381 cases" in one.help
    assert plan(spec).plan.step("gate.release") is not None
    told = json.loads(render(plan(spec).report, "json", Style()))
    assert [each["code"] for each in told["findings"]] == ["FT550"]
    assert (told["verdict"], told["exit_code"]) == ("pass", 0)
    assert warnings(project(tmp_path, 30, "require exact.mean >= 95% with confidence 95%"))
    assert not warnings(project(tmp_path, 80, "require exact.mean >= 95% with confidence 95%"))


def test_a_gain_can_be_shown_by_cases_that_only_the_candidate_gets_right(tmp_path: Path) -> None:
    asked = "require exact.mean >= baseline.exact.mean + {} with confidence 95%"
    assert not warnings(project(tmp_path, 80, asked.format("30pp")))
    assert not warnings(project(tmp_path, 80, asked.format("0pp")))
    (one,) = warnings(project(tmp_path, 10, asked.format("80pp")))
    assert one.code == "FT550"
    assert "at least 35 cases" in one.help  # (n - z²) / (n + z²) >= 0.8


def test_the_demo_plans_without_a_warning(tmp_path: Path) -> None:
    assert (
        plan(Path(__file__).parents[2] / "specs/quickstart.ftspec", out=tmp_path).plan.problems
        == ()
    )


@pytest.mark.code("FT551")
def test_a_weak_margin_is_said_with_its_power(tmp_path: Path) -> None:
    line = "require exact.mean >= baseline.exact.mean - 5pp with confidence 95%"
    (one,) = warnings(project(tmp_path, 200, line))
    assert one.code == "FT551"
    assert "would pass 45% of the models that meet it" in one.message
    assert "differ on 15.0% of the cases, taken" in one.notes[0]
    assert one.help == "471 cases make it 80%, and so does a margin of 7.7pp"
    assert not warnings(project(tmp_path, 480, line))


def test_the_last_run_tells_how_often_models_differ(tmp_path: Path) -> None:
    line = "require exact.mean >= baseline.exact.mean - 5pp with confidence 95%"
    spec = project(tmp_path, 200, line, differ=2)
    apply(plan(spec))
    spec = project(tmp_path, 190, line, differ=2)
    assert not warnings(spec)  # 2% differ: 63 cases are enough
    apply(plan(project(tmp_path, 200, line, differ=30)))
    (one,) = warnings(project(tmp_path, 190, line, differ=30))
    assert "differ on 30.0% of the cases, as in the last run" in one.notes[0]


def test_without_confidence_or_lines_nothing_is_said(tmp_path: Path) -> None:
    assert not warnings(project(tmp_path, 5, "require exact.mean >= baseline.exact.mean - 1pp"))


PAID = """
model new {
  provider = openai_compatible
  base_url = "http://127.0.0.1:9/v1"
  name = "new"
  max_tokens = 100
  PRICES
}
"""


def paid(folder: Path, prices: str) -> list[Diagnostic]:
    line = "require exact.mean >= baseline.exact.mean - 5pp with confidence 95%"
    spec = project(folder, 200, line)
    free, *_ = (one for one in SPEC.splitlines() if one.startswith("model new"))
    spec.write_text(spec.read_text().replace(free, PAID.replace("PRICES", prices)))
    policy = Policy(ledger=Ledger(Budget(money=10.0)))
    return [one for one in plan(spec, policy=policy).plan.problems if one.code == "FT551"]


def test_the_missing_cases_are_said_with_their_price(tmp_path: Path) -> None:
    """271 cases with 50 tokens expected out, at 40 dollars a million, and a few tokens in."""
    (one,) = paid(tmp_path, "input_per_1m = $0\n  output_per_1m = $40")
    assert one.help == "471 cases make it 80% (about $0.54 more), and so does a margin of 7.7pp"
    (one,) = paid(tmp_path, "input_per_1m = $0\n  output_per_1m = $0.01")
    assert "471 cases make it 80% (less than $0.01 more), and so" in one.help


def test_an_unknown_price_is_not_guessed(tmp_path: Path) -> None:
    (one,) = paid(tmp_path, "")
    assert one.help == "471 cases make it 80%, and so does a margin of 7.7pp"


def test_a_dialogue_costs_as_many_requests_as_it_has_turns(tmp_path: Path) -> None:
    turns = [{"role": role, "content": "x"} for role in ("user", "assistant") * 3]
    (tmp_path / "talks.jsonl").write_text((json.dumps({"messages": turns}) + "\n") * 10)
    spec = tmp_path / "a.ftspec"
    text = (
        'ftspec 1\n\nmodel m { provider = local  path = "m.gguf" }\n\neval e {\n  schema = chat\n'
        '  source = jsonl("talks.jsonl")\nHISTORY  score s = exact_match(output, reply.text)\n}\n'
        "\ngate g {\n  from = m\n  eval = e\n  require s.mean >= 10%\n}\n"
    )
    found = []
    for history in ("", "  history = own\n"):
        spec.write_text(text.replace("HISTORY", history))
        step = plan(spec, root=tmp_path).plan.step("eval.e.m")
        assert step is not None
        found.append(step.cost.requests)
    assert found == [10, 30]
