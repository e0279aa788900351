"""Adopting rules on data that breaks them: known rows are excused, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.project import GOOD, SPEC, Project, row

LONG = " ".join(["word"] * 60)
BASELINE = "support.baseline.toml"
_OLD = [row("old-1", "Tell me more.", LONG), row("old-2", "And more?", f"{LONG}!")]


@pytest.fixture
def adopted(project: Project) -> Project:
    """Two rows of six are too long, and the baseline knows them."""
    project.rows("data/support.jsonl", [*GOOD, *_OLD])
    assert project.run("validate", "support.ftspec").returncode == 1
    done = project.run("lock", "support.ftspec", "--baseline")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{BASELINE} written: 2 known rows of 1 rule" in done.stdout
    return project


def rule(found: dict[str, Any], name: str = "short") -> dict[str, Any]:
    (one,) = (r for r in found["datasets"]["support"]["rules"] if r["rule"] == name)
    return dict(one)


def test_known_rows_are_no_findings_and_are_counted(adopted: Project) -> None:
    found = adopted.json("validate", "support.ftspec")
    assert found["verdict"] == "pass"
    assert found["findings"] == []
    assert (rule(found)["failing"], rule(found)["baselined"], rule(found)["rate"]) == (0, 2, 0)
    counts = found["counts"]
    assert counts["discovered"] == counts["checked"] + counts["skipped"] + counts["failed"] == 6
    shown = adopted.run("validate", "support.ftspec").stdout
    assert "short  0 of 6 rows (0%), 2 baselined" in shown
    assert "2 baselined" in next(line for line in shown.splitlines() if "check support" in line)


def test_the_file_reads_as_what_it_is(adopted: Project, record: bool) -> None:
    text = (adopted.root / BASELINE).read_text()
    golden = Path(__file__).parent / "golden" / "baseline.toml"
    if record:
        golden.write_text(text)
    assert text == golden.read_text()


def test_a_new_failing_row_fails(adopted: Project) -> None:
    new = row("new-1", "Say it again.", f"{LONG}?")
    adopted.rows("data/support.jsonl", [*_OLD[::-1], new, *GOOD, *GOOD[:2]])
    found = adopted.json("validate", "support.ftspec")
    assert found["exit_code"] == 1
    assert [f["row_id"] for f in found["findings"] if f["code"] == "FT350"] == ["new-1"]
    assert (rule(found)["failing"], rule(found)["baselined"]) == (1, 2)
    ignored = adopted.json("validate", "support.ftspec", "--no-baseline")
    broken = sorted(f["row_id"] for f in ignored["findings"] if f["code"] == "FT350")
    assert broken == ["new-1", "old-1", "old-2"]
    assert rule(ignored)["baselined"] == 0


def test_rows_may_move_and_be_written_in_another_way(adopted: Project) -> None:
    lines = [json.dumps(each, indent=None, sort_keys=True, separators=(",", ":")) for each in _OLD]
    text = "\r\n".join([lines[1], *(json.dumps(each) for each in GOOD), lines[0]]) + "\r\n"
    adopted.write("data/support.jsonl", text)
    found = adopted.json("validate", "support.ftspec")
    assert found["verdict"] == "pass", found["findings"]
    assert rule(found)["baselined"] == 2


def test_an_edited_row_is_a_new_row(adopted: Project) -> None:
    adopted.rows("data/support.jsonl", [*GOOD, _OLD[0], row("old-2", "And more?", f"{LONG}!!")])
    found = adopted.json("validate", "support.ftspec")
    assert [f["row_id"] for f in found["findings"]] == ["old-2"]


@pytest.mark.code("FT378")
def test_the_rate_may_not_grow(adopted: Project) -> None:
    adopted.rows("data/support.jsonl", [*GOOD, *_OLD, _OLD[0]])
    found = adopted.json("validate", "support.ftspec")
    assert found["exit_code"] == 1
    assert [f["code"] for f in found["findings"]] == ["FT378"]
    assert "3 of 7 rows (42.86%)" in found["findings"][0]["message"]
    assert "2 of 6 (33.33%)" in found["findings"][0]["message"]
    adopted.rows("data/support.jsonl", [*GOOD, *_OLD])
    assert adopted.run("validate", "support.ftspec").returncode == 0


def test_locking_again_only_shrinks(adopted: Project) -> None:
    new = row("new-1", "Say it again.", f"{LONG}?")
    adopted.rows("data/support.jsonl", [*GOOD, _OLD[0], new])
    assert adopted.run("lock", "support.ftspec", "--baseline", "--check").returncode == 1
    done = adopted.run("lock", "support.ftspec", "--baseline")
    assert "1 known row of 1 rule, 1 fewer than before" in done.stdout
    assert "1 new failing row not taken in" in done.stdout
    adopted.rows("data/support.jsonl", [*GOOD, *_OLD])
    found = adopted.json("validate", "support.ftspec")
    assert "old-2" in [f["row_id"] for f in found["findings"]]
    assert "up to date" in adopted.run("lock", "support.ftspec", "--baseline").stdout
    done = adopted.run("lock", "support.ftspec", "--baseline", "--accept-new")
    assert "2 known rows of 1 rule, 1 more than before" in done.stdout
    assert adopted.run("validate", "support.ftspec").returncode == 0


def test_a_new_rule_is_taken_as_it_is(adopted: Project) -> None:
    text = SPEC.replace("  rule enough", '  rule plain { each must lang == "en" }\n\n  rule enough')
    adopted.spec(text)
    assert adopted.run("validate", "support.ftspec").returncode == 1
    done = adopted.run("lock", "support.ftspec", "--baseline")
    assert "3 known rows of 2 rules, 1 more than before" in done.stdout
    assert adopted.run("validate", "support.ftspec").returncode == 0


def test_fixes_leave_known_rows_alone(adopted: Project) -> None:
    spec = "  rule trimmed { each must strip(reply.text) == reply.text }\n\n  rule enough"
    adopted.spec(SPEC.replace("  rule enough", spec))
    rows = [*GOOD, row("old-1", "Tell me.", " x "), *_OLD]
    adopted.rows("data/support.jsonl", rows)
    assert adopted.run("lock", "support.ftspec", "--baseline").returncode == 0
    words = ("validate", "support.ftspec", "--fix", "--out", "fixed")
    assert "0 findings fixed, 0 left" in adopted.run(*words).stdout
    assert "1 finding fixed, 2 left" in adopted.run(*words, "--no-baseline").stdout


@pytest.mark.code("FT377")
def test_a_damaged_baseline(adopted: Project) -> None:
    path = adopted.root / BASELINE
    text = path.read_text()
    for damaged, why in (
        (f"<<<<<<< HEAD\n{text}", "line 1 is an unresolved merge conflict"),
        (text.replace("baseline/1", "baseline/9"), "`schema`"),
        (text + "\n[more]\n", "`more`"),
        ("\ufffe", "Invalid statement"),
    ):
        path.write_text(damaged)
        found = adopted.json("validate", "support.ftspec")
        assert found["exit_code"] == 2
        assert found["findings"][0]["code"] == "FT377"
        assert why in found["findings"][0]["message"]
    path.write_text(text)
    assert adopted.run("validate", "support.ftspec").returncode == 0
