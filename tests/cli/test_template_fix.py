"""A template that dedup takes for duplicates: the error, and the spec that the fix makes."""

from __future__ import annotations

import pytest

from tests.cli.project import Project, row

SPEC = """ftspec 1

dataset support {
  schema = chat
  source = jsonl("data/support.jsonl")
}

# why: tickets are written into a form
dedup support {
  drop near on prompt { similarity = 0.3 }  # words in a row
}
"""
FORM = "Please read the ticket of our customer and answer it in one polite sentence: {} Thank you."


def _rows(project: Project) -> None:
    texts = [FORM.format(" ".join(f"w{n}x{k}" for k in range(5))) for n in range(30)]
    texts[9] = texts[4]
    project.rows("data/support.jsonl", [row(f"r{n}", one, "ok") for n, one in enumerate(texts)])


def test_the_error_shows_the_template_and_the_fix_leaves_it_out(project: Project) -> None:
    spec = project.spec(SPEC)
    _rows(project)
    told = project.run("validate", "support.ftspec")
    assert told.returncode == 1
    assert "FT415" in told.stdout
    assert "answer it in one polite sentence" in told.stdout
    assert "ignore_shared (unsafe)" in told.stdout
    words = ("validate", "support.ftspec", "--fix", "--unsafe-fixes", "--out", "fixed")
    done = project.run(*words)
    assert done.returncode == 0, done.stdout
    assert spec.read_text() == SPEC
    fixed = (project.root / "fixed/support.ftspec").read_text()
    assert fixed == SPEC.replace("in a row\n", "in a row\n  ignore_shared = 20%\n")
    assert project.run("check", "fixed/support.ftspec").returncode == 0
    assert "+  ignore_shared = 20%" in (project.root / "fixed/fixes.diff").read_text()


def test_a_block_on_one_line_gets_its_setting_too(project: Project) -> None:
    head = SPEC[: SPEC.index("# why")]
    project.spec(head + "dedup support { drop near on prompt { similarity = 0.3 } }\n")
    _rows(project)
    project.run("validate", "support.ftspec", "--fix", "--unsafe-fixes", "--out", "fixed")
    fixed = (project.root / "fixed/support.ftspec").read_text()
    assert "  ignore_shared = 20%\n}" in fixed
    assert project.run("check", "fixed/support.ftspec").returncode == 0


@pytest.mark.code("FT416")
def test_rows_lists_what_dedup_removes_and_where_each_row_differs(project: Project) -> None:
    project.spec(SPEC.replace("similarity = 0.3 }", "similarity = 0.9 }"))
    _rows(project)
    shown = project.run("rows", "support.ftspec", "removed")
    assert shown.returncode == 0, shown.stderr
    assert "data/support.jsonl:10" in shown.stdout
    assert "data/support.jsonl:5" in shown.stdout
    found = project.json("rows", "support.ftspec", "support.removed")["findings"]
    assert [(one["line"], one["row_id"]) for one in found] == [(10, found[0]["row_id"])]
    assert "w4x0" in found[0]["excerpt"]
