"""The rule sets that come with the package: every rule shows what it lets pass and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftdsl.cli.main import main
from ftdsl.language.analyze import analyze
from ftdsl.language.imports import SHIPPED
from ftdsl.plan.expressions import measures_in

SHOWN = sorted(path.stem for path in SHIPPED.glob("*.ftspec"))


@pytest.mark.parametrize("name", SHOWN)
def test_every_rule_has_accepting_and_rejecting_rows(name: str) -> None:
    program = analyze(SHIPPED / f"{name}.ftspec", root=SHIPPED.parent).program
    assert program is not None
    rules = [rule for ruleset in program.rulesets for rule in ruleset.rules]
    assert rules
    for rule in rules:
        if rule.expect is not None and measures_in(rule.expect):
            continue  # it reads the lock, which example rows have none of
        assert {one.kind for one in rule.examples} == {"accepts", "rejects"}, rule.name


@pytest.mark.parametrize("name", SHOWN)
def test_its_examples_hold(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["test", f"std/{name}.ftspec"]) == 0
    assert "example row" in capsys.readouterr().out


LIBRARY = """ftspec 1

ruleset house for conversation {
  rule brief {
    each must length(reply.text) <= 10
    accepts jsonl("long.jsonl")
    rejects jsonl("short.jsonl")
  }
}
"""
ROW = (
    '{{"messages": [{{"role": "user", "content": "q"}}, {{"role": "assistant", "content": {}}}]}}\n'
)


def test_rule_sets_of_a_library_are_tried_in_a_format_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "house.ftspec").write_text(LIBRARY)
    (tmp_path / "long.jsonl").write_text(ROW.format('"much too long"'))
    (tmp_path / "short.jsonl").write_text(ROW.format('"short"'))
    assert main(["test", str(tmp_path / "house.ftspec")]) == 1
    told = capsys.readouterr().out
    assert "long.jsonl:1 breaks `brief`" in told
    assert "short.jsonl:1 passes `brief`" in told


def test_a_shipped_rule_brings_no_examples_into_a_dataset_of_another_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.ftspec").write_text(
        'ftspec 1\n\nimport "std/chat.ftspec" as chat\n\ndataset d {\n  schema = alpaca\n'
        '  source = jsonl("d.jsonl")\n}\n\ncheck d { use chat.well_formed }\n'
    )
    assert main(["test", str(tmp_path / "s.ftspec")]) == 0
    assert "no rule has examples" in capsys.readouterr().out


ABOUT_ALL = """ftspec 1

dataset d {
  schema = chat
  source = jsonl("d.jsonl")
}

check d {
  rule many {
    expect count(rows) >= 2
    accepts jsonl("one.jsonl")
    rejects jsonl("two.jsonl")
  }
}
"""


def test_examples_of_a_statement_are_a_dataset_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.ftspec").write_text(ABOUT_ALL)
    (tmp_path / "one.jsonl").write_text(ROW.format('"a"'))
    (tmp_path / "two.jsonl").write_text(ROW.format('"a"') + ROW.format('"b"'))
    assert main(["test", str(tmp_path / "s.ftspec")]) == 1
    told = capsys.readouterr().out
    assert "the 1 rows of one.jsonl break `many`, which must accept them" in told
    assert "the 2 rows of two.jsonl pass `many`, which must reject them" in told
    right = ABOUT_ALL.replace("accepts", "refuses").replace("rejects", "accepts")
    (tmp_path / "s.ftspec").write_text(right.replace("refuses", "rejects"))
    assert main(["test", str(tmp_path / "s.ftspec")]) == 0
