"""``import ftdsl``: the same typed results that the command line prints."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import ftdsl
from ftdsl import api
from ftdsl.api import RefusedError, SpecError
from ftdsl.results.models import CheckOutput, DedupOutput
from tests.cli.project import GOOD, SPEC, Project, row


@pytest.fixture
def spec(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project.root)
    return project.root / "support.ftspec"


def test_the_public_names_are_there() -> None:
    for name in ftdsl.__all__:
        assert getattr(ftdsl, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        ftdsl.nothing  # noqa: B018
    for function in (api.analyze, api.plan, api.apply, api.validate):
        assert inspect.getdoc(function)


def test_analyze_reads_no_data_and_tells_mistakes(spec: Path, project: Project) -> None:
    (project.root / "data/support.jsonl").unlink()
    seen = ftdsl.analyze(spec.name)
    assert seen.ok
    assert seen.program is not None
    assert [each.name for each in seen.program.datasets] == ["support"]
    assert (seen.path, seen.root) == ("support.ftspec", project.root)
    wrong = ftdsl.analyze(project.spec(SPEC.replace("words(", "wrods(")))
    assert not wrong.ok
    assert wrong.program is None
    assert [each.code for each in wrong.diagnostics] == ["FT104"]
    assert "did you mean `words`?" in str(wrong)
    with pytest.raises(SpecError, match="FT104"):
        ftdsl.plan(wrong)
    with pytest.raises(FileNotFoundError):
        ftdsl.analyze("nothing.ftspec")


def test_overrides_are_values_of_lets(spec: Path) -> None:
    assert ftdsl.analyze(spec, overrides={"longest": "3"}).ok
    assert not ftdsl.analyze(spec, overrides={"nothing": "3"}).ok
    result = ftdsl.validate(spec, overrides={"longest": "3"})
    assert result.result.verdict == "fail"


def test_plan_runs_nothing_and_apply_runs_it(spec: Path, project: Project) -> None:
    made = ftdsl.plan(spec)
    assert not (project.root / ".ftdsl/steps").exists()
    assert [step.id for step in made.plan.stale] == [step.id for step in made.plan.steps]
    result = ftdsl.apply(made)
    assert result.ok
    assert {step.status for step in result.result.steps} == {"done"}
    again = ftdsl.apply(ftdsl.plan(spec))
    assert again.result.nothing_to_do
    with pytest.raises(RefusedError, match="FT202"):
        ftdsl.plan(spec, only=["nothing"])


def test_a_saved_plan_runs_only_while_nothing_moved(spec: Path, project: Project) -> None:
    saved = project.root / "plan.json"
    saved.write_text(ftdsl.plan(spec).plan.model_dump_json())
    project.rows("data/support.jsonl", GOOD[:3])
    moved = ftdsl.apply(saved)
    assert moved.result.verdict == "error"
    assert {each.code for each in moved.result.diagnostics} == {"FT200"}
    project.rows("data/support.jsonl", GOOD)
    assert ftdsl.apply(saved).ok
    with pytest.raises(RefusedError, match="FT201"):
        ftdsl.apply(spec)


def test_validate_looks_at_data_alone(spec: Path, project: Project) -> None:
    project.rows("data/support.jsonl", [*GOOD, GOOD[0] | {"ticket_id": "t-9"}, row("t-8", "?", "")])
    result = ftdsl.validate(spec)
    kinds = {step.kind for step in result.result.steps}
    assert kinds == {"dataset", "check", "dedup", "coverage"}
    outputs = [step.output for step in result.result.steps]
    check = next(each for each in outputs if isinstance(each, CheckOutput))
    dedup = next(each for each in outputs if isinstance(each, DedupOutput))
    assert (check.counts.checked, check.verdict) == (6, "fail")
    assert (dedup.kept, len(dedup.removed)) == (5, 1)
    assert not result.ok
    assert "reply_present" in str(result)


def test_rows_come_as_dicts_arrow_and_frames(spec: Path, project: Project) -> None:
    project.rows("data/support.jsonl", [*GOOD, GOOD[0] | {"ticket_id": "t-9"}, row("t-8", "?", "")])
    result = ftdsl.validate(spec)
    found = result.findings
    assert [(each["rule"], each["row_id"], each["line"]) for each in found] == [
        ("reply_present", "t-8", 6)
    ]
    assert [(each["row_id"], each["kept_row_id"]) for each in result.removed] == [("t-9", "t-1")]
    kept = result.rows("support")
    assert [each["ticket_id"] for each in kept] == ["t-1", "t-2", "t-3", "t-4", "t-8"]
    assert len(kept[:2]) == 2
    assert {"path", "line", "messages", "lang"} <= set(kept.columns)
    arrow = kept.to_arrow()
    assert arrow.num_rows == 5
    assert arrow.column("lang").to_pylist() == ["en", "en", "de", "en", "en"]
    frame = kept.to_pandas()
    assert list(frame["lang"]) == ["en", "en", "de", "en", "en"]
    with pytest.raises(KeyError):
        result.rows("nothing")
    with pytest.raises(KeyError):
        result.cases("nothing", "m")


def test_a_notebook_shows_the_report(spec: Path) -> None:
    seen = ftdsl.analyze(spec)
    for view in (seen, ftdsl.plan(seen), ftdsl.validate(seen)):
        assert view._repr_html_().startswith('<iframe sandbox="" ')
        assert "support.ftspec" in view._repr_html_()


def test_the_command_line_prints_the_same(spec: Path, project: Project) -> None:
    project.rows("data/support.jsonl", [*GOOD, row("t-8", "?", "")])
    found = project.json("validate", "support.ftspec")
    from ftdsl.reports.json import render

    ours = json.loads(render(ftdsl.validate(spec).report))
    changing = ("run_id", "steps")
    assert {k: v for k, v in ours.items() if k not in changing} == {
        k: v for k, v in found.items() if k not in changing
    }


def test_plan_is_a_function_whatever_was_imported_before() -> None:
    program = "import ftdsl.plan.model, ftdsl; assert callable(ftdsl.plan); ftdsl.plan.model"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
