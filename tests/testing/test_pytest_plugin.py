"""Specs as pytest tests: their names, the product's own failure text, and no cost when off."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.cli.project import GOOD, SPEC, row

pytest_plugins = ["pytester"]

#: Where ftdsl is installed as it is now, pytest finds the plugin by its entry point.
INSTALLED = any(each.name == "ftdsl" for each in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "ftdsl.pytest_plugin")

EXAMPLES = [
    "support.ftspec::language",
    "support.ftspec::example.support.reply_present[accepts good.jsonl]",
    "support.ftspec::example.support.reply_present[rejects blank.jsonl]",
]
DATA = [
    "support.ftspec::check.support",
    "support.ftspec::check.support.file.readable",
    "support.ftspec::check.support.file.schema",
    "support.ftspec::check.support.reply_present",
    "support.ftspec::check.support.short",
    "support.ftspec::check.support.enough",
    "support.ftspec::dedup.support",
    "support.ftspec::coverage.support",
]

GATE = """
model last_year {
  provider = replay
  outputs = jsonl("runs/last.jsonl", id: "ticket_id", output: "reply")
}

eval golden {
  schema = ticket
  source = jsonl("data/golden.jsonl")
  id = ticket_id
  score exact = exact_match(output, reply.text)
}

gate release {
  from = [last_year]
  eval = golden
  require exact.mean >= 50%
}
"""


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Everything is imported once: pytester forgets what a run inside this process imports, and
    numpy cannot be imported twice."""
    import ftdsl.testing.collection
    from ftdsl.api import validate

    root = tmp_path_factory.mktemp("imported")
    write_project(root)
    assert validate(root / "support.ftspec").ok
    assert ftdsl.testing.collection.SpecFile is not None


def write_project(root: Path) -> None:
    """One spec with its data and its examples."""
    (root / ".ftdsl-root").touch()
    (root / "support.ftspec").write_text(SPEC, encoding="utf-8")
    write_rows(root / "data/support.jsonl", GOOD)
    write_rows(root / "rows/good.jsonl", [GOOD[0]])
    write_rows(root / "rows/blank.jsonl", [row("b-1", "Hello?", "")])


@pytest.fixture
def specs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with one spec, its data and its examples."""
    monkeypatch.delenv("FTDSL_ALLOW_HOST", raising=False)
    write_project(pytester.path)
    return pytester


def names(specs: pytest.Pytester, *words: str) -> list[str]:
    """Node ids that ``--collect-only -q`` prints."""
    result = specs.runpytest_inprocess(*PLUGIN, "--collect-only", "-q", *words)
    return [line for line in result.outlines if "::" in line]


def test_off_until_asked(specs: pytest.Pytester) -> None:
    assert names(specs) == []
    assert names(specs, "--ftdsl") == EXAMPLES
    assert names(specs, "--ftdsl-validate") == EXAMPLES + DATA
    specs.makeini("[pytest]\nftdsl_specs = *.ftspec\n")
    assert names(specs) == EXAMPLES
    specs.makeini("[pytest]\nftdsl_specs = *.ftspec\nftdsl_validate = true\n")
    assert names(specs) == EXAMPLES + DATA
    specs.makeini("[pytest]\nftdsl_specs = other/*.ftspec\n")
    assert names(specs) == []


def test_named_specs_are_collected_beside_the_test_paths(specs: pytest.Pytester) -> None:
    specs.mkdir("tests").joinpath("test_a.py").write_text("def test_a(): pass\n")
    specs.makeini("[pytest]\ntestpaths = tests\nftdsl_specs = *.ftspec\n")
    assert names(specs) == ["tests/test_a.py::test_a", *EXAMPLES]
    assert names(specs, "tests") == ["tests/test_a.py::test_a"]
    assert names(specs, "support.ftspec") == EXAMPLES


def test_right_specs_pass_and_data_too(specs: pytest.Pytester) -> None:
    result = specs.runpytest_inprocess(*PLUGIN, "--ftdsl-validate")
    result.assert_outcomes(passed=len(EXAMPLES) + len(DATA))


def test_words_choose(specs: pytest.Pytester) -> None:
    chosen = names(specs, "--ftdsl-validate", "-k", "reply_present and not example")
    assert chosen == ["support.ftspec::check.support.reply_present"]
    assert len(names(specs, "--ftdsl", "-k", "rejects")) == 1
    one = "support.ftspec::check.support.short"
    specs.runpytest_inprocess(*PLUGIN, "--ftdsl-validate", one).assert_outcomes(passed=1)


def test_a_wrong_example_is_told_by_its_diagnostic(specs: pytest.Pytester) -> None:
    write_rows(specs.path / "rows/good.jsonl", [GOOD[0], row("g-2", "Hello?", "")])
    (specs.path / "rows/blank.jsonl").unlink()
    result = specs.runpytest_inprocess(*PLUGIN, "--ftdsl")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*support.ftspec:*: error?FT267?: rows/good.jsonl:2 breaks `reply_present`*",
            "*accepts jsonl*",
            "*error?FT269?: no row of `rows/blank.jsonl` can be read*",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "items.py" not in result.stdout.str()
    specs.runpytest_inprocess(*PLUGIN, "--ftdsl", "-x").assert_outcomes(passed=1, failed=1)


def test_a_wrong_spec_is_one_failure(specs: pytest.Pytester) -> None:
    (specs.path / "support.ftspec").write_text(SPEC.replace("<= longest", "<= longes"))
    result = specs.runpytest_inprocess(*PLUGIN, "--ftdsl-validate")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*_ language _*", "*did you mean `longest`?*"])


def test_a_broken_rule_is_told_row_by_row(specs: pytest.Pytester) -> None:
    bad = [row(f"t-{i}", f"Question {i}?", f"{i} " + "word " * 60) for i in range(100, 115)]
    write_rows(specs.path / "data/support.jsonl", [*GOOD, *bad])
    result = specs.runpytest_inprocess(*PLUGIN, "--ftdsl-validate")
    result.assert_outcomes(passed=len(EXAMPLES) + len(DATA) - 1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*15 of 19 rows*",
            "data/support.jsonl:5: error?FT350?: short:*",
            "+5 more: ftdsl rows support.ftspec support.short",
            "FAILED support.ftspec::check.support.short*",
        ]
    )
    # Where CI is set, pytest repeats the whole text in its short summary.
    told, _, _ = result.stdout.str().partition("short test summary info")
    assert told.count("error[FT350]") == 10
    assert "Traceback" not in result.stdout.str()


def test_missing_data_is_an_answer_too(specs: pytest.Pytester) -> None:
    (specs.path / "data/support.jsonl").unlink()
    result = specs.runpytest_inprocess(*PLUGIN, "--ftdsl-validate", "-k", "check.support.short")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*error?FT300?: data file `data/support.jsonl` does not exist*"])
    assert "Traceback" not in result.stdout.str()


def test_a_dataset_without_rows_fails_though_no_rule_does(specs: pytest.Pytester) -> None:
    spec = SPEC.replace("  rule enough { expect count(rows) >= 3 }\n", "")
    (specs.path / "support.ftspec").write_text(spec)
    (specs.path / "data/support.jsonl").write_text("")
    result = specs.runpytest_inprocess(*PLUGIN, "--ftdsl-validate", "-k", "check.support")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["FAILED support.ftspec::check.support - *"])


def test_gates_are_of_the_last_run_or_run(specs: pytest.Pytester) -> None:
    (specs.path / "support.ftspec").write_text(SPEC + GATE)
    golden = [{**GOOD[0], "ticket_id": f"g-{i}"} for i in range(80)]
    write_rows(specs.path / "data/golden.jsonl", golden)
    answer = GOOD[0]["messages"][1]["content"]
    answers = [{"ticket_id": f"g-{i}", "reply": answer} for i in range(80)]
    write_rows(specs.path / "runs/last.jsonl", answers)
    gate = ("-k", "gate.release", "-rs")
    result = specs.runpytest_subprocess(*PLUGIN, "--ftdsl-validate", *gate)
    result.assert_outcomes(skipped=1, deselected=len(EXAMPLES + DATA))
    result.stdout.fnmatch_lines(["*ftdsl run support.ftspec --only gate.release*"])
    result = specs.runpytest_subprocess(*PLUGIN, "--ftdsl-run", *gate)
    result.assert_outcomes(passed=1, deselected=len(EXAMPLES + DATA))
    write_rows(specs.path / "runs/last.jsonl", [{**each, "reply": "No."} for each in answers])
    result = specs.runpytest_subprocess(*PLUGIN, "--ftdsl-validate", *gate)
    result.assert_outcomes(skipped=1, deselected=len(EXAMPLES + DATA))
    result = specs.runpytest_subprocess(*PLUGIN, "--ftdsl-run", *gate)
    result.assert_outcomes(failed=1, deselected=len(EXAMPLES + DATA))
    result.stdout.fnmatch_lines(["*exact.mean >= 50%*"])


def test_workers_of_xdist_share_one_answer(specs: pytest.Pytester) -> None:
    many = [row(f"t-{i}", f"Question {i}?", f"Answer {i}.") for i in range(3000)]
    write_rows(specs.path / "data/support.jsonl", many)
    result = specs.runpytest_subprocess(*PLUGIN, "--ftdsl-validate", "-n", "2", "-q")
    result.assert_outcomes(passed=len(EXAMPLES) + len(DATA))
    specs.makeini("[pytest]\nftdsl_specs = *.ftspec\ntestpaths = tests\n")
    specs.mkdir("tests").joinpath("test_a.py").write_text("def test_a(): pass\n")
    result = specs.runpytest_subprocess(*PLUGIN, "-n", "2", "-q")
    result.assert_outcomes(passed=len(EXAMPLES) + 1)


def test_it_costs_nothing_when_off(specs: pytest.Pytester) -> None:
    specs.makepyfile(
        """
        import sys
        def test_a():
            found = {n for n in sys.modules if n.split('.')[0] in ('ftdsl', 'pydantic', 'numpy')}
            assert found <= {'ftdsl', 'ftdsl.plan', 'ftdsl.pytest_plugin'}, found
        """
    )
    specs.runpytest_subprocess(*PLUGIN, "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_the_entry_point_is_declared() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"ftdsl": "ftdsl.pytest_plugin"}
