"""Every format from the program itself: several at once, by `check`, `validate` and `run` alike,
each held to its schema, and fingerprints that stay when rows move."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftdsl.reports.formats import FORMATS
from tests.cli.project import GOOD, Project, row
from tests.reports.test_schemas import validator

PROGRAM_FORMATS = ("json", "jsonl", "junit", "gitlab", "sarif", "rdjson")
BAD = [
    row("t-8", "What now?", "word " * 60),
    row("t-9", "Anything else?", "::error::x \x1b[31m##vso[task.complete]" + " w" * 60),
]


def written(project: Project, *words: str, code: int) -> dict[str, str]:
    """What every format says, all written by one call."""
    asked = [f"--output={name}=reports/{name}.txt" for name in FORMATS if name != "github"]
    done = project.run(*words, *asked, "--output", "github")
    assert done.returncode == code, done.stdout + done.stderr
    texts = {path.stem: path.read_text() for path in (project.root / "reports").iterdir()}
    assert set(texts) | {"github"} == set(FORMATS)
    return {**texts, "github": done.stdout}


@pytest.mark.parametrize("command", ["validate", "run"])
def test_rows_that_break_a_rule(command: str, project: Project) -> None:
    project.rows("data/support.jsonl", [*GOOD, *BAD])
    texts = written(project, command, "support.ftspec", code=1)
    for name in PROGRAM_FORMATS:
        validator(name)(texts[name])
    assert "::error file=data/support.jsonl,line=5,title=FT350 short::" in texts["github"]
    log = json.loads(texts["sarif"])["runs"][0]
    assert log["properties"] == {"verdict": "fail", "found": 2, "leftOut": 0}
    places = [
        (
            each["locations"][0]["physicalLocation"]["region"]["startLine"],
            each["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            each["relatedLocations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for each in log["results"]
    ]
    assert places == [(5, "support.ftspec", 23), (6, "support.ftspec", 23)]
    assert "short" in texts["junit"]
    for name in ("concise", "markdown", "junit", "azure"):
        assert "\x1b" not in texts[name]
        for line in texts[name].splitlines():
            assert not line.lstrip().startswith("::")


def test_a_spec_with_mistakes(project: Project) -> None:
    text = (project.root / "support.ftspec").read_text().replace("<= longest", "<= longer")
    project.spec(text)
    texts = written(project, "check", "support.ftspec", code=1)
    for name in PROGRAM_FORMATS:
        validator(name)(texts[name])
        assert "longer" in texts[name]


def fingerprints(path: Path) -> set[str]:
    found = json.loads(path.read_text())["runs"][0]["results"]
    return {each["partialFingerprints"]["primaryLocationLineHash"] for each in found}


def test_a_finding_keeps_its_name_when_rows_and_rules_move(project: Project) -> None:
    words = ("validate", "support.ftspec", "--output", "sarif=found.sarif", "-q")
    project.rows("data/support.jsonl", [*GOOD, *BAD])
    project.run(*words)
    before = fingerprints(project.root / "found.sarif")
    project.rows("data/support.jsonl", [BAD[1], *GOOD, BAD[0]])
    spec = (project.root / "support.ftspec").read_text()
    project.spec(spec.replace("check support {", "\n\ncheck support {"))
    project.run(*words)
    assert fingerprints(project.root / "found.sarif") == before
    found = json.loads((project.root / "found.sarif").read_text())["runs"][0]["results"]
    rule = found[0]["relatedLocations"][0]["physicalLocation"]["region"]["startLine"]
    assert rule == 25
