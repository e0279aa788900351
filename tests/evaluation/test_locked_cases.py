"""Gates against a locked baseline, case by case."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ftdsl.api import apply, plan
from ftdsl.cli.main import main
from ftdsl.evaluation.locked_cases import LockedCases
from ftdsl.plan.lock_cases import read, render
from ftdsl.results.models import GateOutput
from ftdsl.results.scored import ScoredCase, case_key
from tests.evaluation.evals import write_cases

SPEC = """ftspec 1

schema ticket extends chat {
  id: text
  topic: text?
}

model tuned { provider = replay  outputs = jsonl("tuned.jsonl", id: "id", output: "output") }

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id     = id
  score exact = exact_match(output, reply.text)
  slice by topic { min_rows = 20 }
}

gate release {
  from = tuned
  eval = golden
  require exact.mean >= baseline.exact.mean - 5pp with confidence 95%
  require exact.mean >= baseline.exact.mean - 20pp by topic
  forbid broken on ids("c0", "c1")
}
"""
COUNT = 200


def project(root: Path, wrong: Sequence[int], count: int = COUNT) -> None:
    (root / "spec.ftspec").write_text(SPEC)
    write_cases(root, [(f"question {i}", "right") for i in range(count)], ["a", "b"])
    answer(root, wrong, count)


def answer(root: Path, wrong: Sequence[int], count: int = COUNT) -> None:
    rows = [{"id": f"c{i}", "output": "no" if i in wrong else "right"} for i in range(count)]
    (root / "tuned.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def decided(root: Path) -> GateOutput:
    result = apply(plan(root / "spec.ftspec", root=root)).result
    record = result.step("gate.release")
    assert record is not None
    assert isinstance(record.output, GateOutput), record.diagnostics
    return record.output


def locked(root: Path, wrong: Sequence[int] = (1, *range(10, 50))) -> Path:
    """A project whose lock knows a baseline that got ``wrong`` wrong; its file of cases."""
    project(root, wrong)
    decided(root)
    assert (
        main(["lock", str(root / "spec.ftspec"), "--root", str(root), "-q", "--run", "latest"]) == 0
    )
    (file,) = (root / "ftspec.cases").iterdir()
    return file


def test_a_locked_baseline_is_compared_case_by_case(tmp_path: Path) -> None:
    file = locked(tmp_path)
    assert f'cases = "{file.stem}"' in (tmp_path / "ftspec.lock").read_text()
    assert len(file.read_text().splitlines()) == 1 + COUNT
    assert "question" not in file.read_text()
    answer(tmp_path, (1, *range(10, 48)))  # two mended, none broken
    found = decided(tmp_path)
    margin, *slices, guard = found.requirements
    assert (margin.verdict, margin.paired, margin.n) == ("pass", True, COUNT)
    assert (margin.fixed, margin.broken) == (2, 0)
    assert margin.method == "Tango, paired"
    assert [(one.slice, one.verdict, one.n) for one in slices] == [
        ("a", "pass", COUNT // 2), ("b", "pass", COUNT // 2),
    ]  # fmt: skip
    assert (guard.verdict, guard.n) == ("pass", 1)
    assert guard.note == "1 wrong under the baseline already"
    assert found.notes == ()


def test_a_case_that_the_lock_knows_as_right_must_stay_so(tmp_path: Path) -> None:
    locked(tmp_path)
    answer(tmp_path, (0,))
    guard = decided(tmp_path).requirements[-1]
    assert (guard.verdict, guard.broken, guard.note[:10]) == ("fail", 1, "broken: c0")


def test_edited_and_new_cases_are_left_out_and_counted(tmp_path: Path) -> None:
    locked(tmp_path)
    lines = (tmp_path / "cases.jsonl").read_text().splitlines()
    lines[7] = lines[7].replace("question 7", "another question")
    (tmp_path / "cases.jsonl").write_text("\n".join(lines) + "\n")
    found = decided(tmp_path)
    assert found.requirements[0].n == COUNT - 1
    assert found.notes == ("1 of 200 cases are new since `ftdsl lock`",)


def test_too_few_known_cases_are_not_paired(tmp_path: Path) -> None:
    locked(tmp_path)
    count = COUNT + 40
    write_cases(tmp_path, [(f"question {i}", "right") for i in range(count)], ["a", "b"])
    answer(tmp_path, (1, *range(10, 50)), count)
    found = decided(tmp_path)
    assert (found.requirements[0].paired, found.requirements[0].n) == (False, count)
    assert "too few to compare in pairs" in found.notes[0]


@pytest.mark.code("FT580")
@pytest.mark.parametrize("damage", ["gone", "changed", "link"])
def test_a_file_that_is_not_what_the_lock_names_is_refused(tmp_path: Path, damage: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    file = locked(root)
    text = file.read_text()
    file.unlink()
    if damage == "changed":
        file.write_text(text.replace("\t1.0", "\t0.0", 1))
    elif damage == "link":
        (tmp_path / "elsewhere").write_text(text)
        file.symlink_to(tmp_path / "elsewhere")
    answer(root, ())
    result = apply(plan(root / "spec.ftspec", root=root)).result
    record = result.step("gate.release")
    assert record is not None
    assert [one.code for one in record.diagnostics] == ["FT580"]
    file.unlink(missing_ok=True)
    file.write_text(text)
    assert decided(root).verdict == "pass"


def test_a_new_baseline_takes_the_place_of_the_old_file(tmp_path: Path) -> None:
    before = locked(tmp_path)
    answer(tmp_path, (1,))
    decided(tmp_path)
    words = ["lock", str(tmp_path / "spec.ftspec"), "--root", str(tmp_path), "-q"]
    assert main([*words, "--check"]) == 1
    assert before.is_file()
    assert main(words) == 0
    (after,) = (tmp_path / "ftspec.cases").iterdir()
    assert after != before
    after.unlink()
    assert main([*words, "--run", "latest", "--check"]) == 1
    assert main([*words, "--run", "latest"]) == 0
    assert after.is_file()


def scored(number: int, value: float) -> ScoredCase:
    key = case_key(f"c{number}", "prompt", "")
    return ScoredCase(f"c{number}", key, {"exact": value}, {}, None, {})


def test_scores_read_back_and_order_does_not_matter(tmp_path: Path) -> None:
    from hashlib import sha256

    cases = [scored(i, i / 7) for i in range(50)] + [scored(50, 1.0)._replace(scores={})]
    text = render(["exact"], cases)
    assert text == render(["exact"], reversed(cases))
    digest = sha256(text.encode()).hexdigest()[:32]
    (tmp_path / "x.tsv").write_text(text)
    assert read(tmp_path, "x.tsv", digest) == {case.key: dict(case.scores) for case in cases}


def test_pairs_are_those_that_the_lock_knows() -> None:
    cases = [scored(i, 1.0) for i in range(100)]
    pairs = LockedCases({case.key: {"exact": 0.0} for case in cases[1:]}).paired(cases)
    assert pairs is not None
    assert [one.case_id for one in pairs[0]] == [one.case_id for one in pairs[1]]
    assert {one.scores["exact"] for one in pairs[1]} == {0.0}
    assert LockedCases({case.key: {} for case in cases[6:]}).paired(cases) is None
