"""Two runs compared: by cases in memory, and from a project by the command line."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.api import apply, plan
from ftdsl.cli.main import main
from ftdsl.evaluation.comparison import Pair, compare_evals
from ftdsl.results.models import Case
from tests.evaluation.evals import replay, write_cases


def case(number: int, exact: float, **more: object) -> Case:
    given_ = {
        "case_id": f"c{number:03}", "line": number + 1, "prompt": f"q{number}", "expected": "a",
        "output": "x", "scores": {"exact": exact}, **more,
    }  # fmt: skip
    return Case.model_validate(given_)


def pair(before: list[Case], after: list[Case]) -> Pair:
    return Pair("golden", "m", "m", before, after)


def test_fixed_broken_and_unchanged_are_counted_on_shared_cases() -> None:
    before = [case(i, float(i % 2)) for i in range(40)]
    after = [case(i, 1.0 if i < 30 else 0.0) for i in range(5, 45)]
    (found,) = compare_evals([pair(before, after)], None)
    (one,) = found.scores
    assert found.shared == one.n == 35
    assert (one.fixed, one.broken, one.unchanged) == (12, 5, 18)
    assert found.removed == tuple(f"c{i:03}" for i in range(5))
    assert found.added == tuple(f"c{i:03}" for i in range(40, 45))
    assert [each.change for each in found.cases] == ["broken"] * 5 + ["fixed"] * 12
    assert one.method == "Tango, paired"
    assert one.verdict == "pass"


def test_a_case_that_asks_something_else_is_not_compared() -> None:
    before = [case(0, 1.0), case(1, 1.0)]
    after = [case(0, 1.0), case(1, 0.0, prompt="another question")]
    (found,) = compare_evals([pair(before, after)], None)
    assert (found.shared, found.edited) == (1, ("c001",))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    draw = random.Random(seed)
    slices = [{"slices": {"topic": draw.choice("ab")}} for _ in range(40)]
    before = [case(i, float(draw.random() < 0.6), **slices[i]) for i in range(40)]
    after = [case(i, float(draw.random() < 0.7), **slices[i]) for i in range(40)]
    first = compare_evals([pair(before, after)], 0.05)
    draw.shuffle(before)
    draw.shuffle(after)
    moved = [one.model_copy(update={"line": place}) for place, one in enumerate(after)]
    assert compare_evals([pair(before, moved)], 0.05) == first


def test_a_margin_may_be_kept_broken_or_left_open() -> None:
    same = [case(i, 1.0) for i in range(400)]
    worse = [case(i, float(i >= 100)) for i in range(400)]
    few = [case(i, 1.0) for i in range(20)]

    def verdict(before: list[Case], after: list[Case], margin: float | None) -> str:
        return compare_evals([pair(before, after)], margin)[0].scores[0].verdict

    assert verdict(same, same, 0.02) == "pass"
    assert verdict(same, worse, 0.02) == "fail"
    assert verdict(same, worse, None) == "fail"
    assert verdict(few, few, 0.02) == "inconclusive"
    assert verdict(few, few, None) == "pass"
    assert verdict(worse, same, None) == "pass"


def test_many_scores_share_one_confidence() -> None:
    names = [f"s{i}" for i in range(8)]
    before = [case(i, 1.0, scores=dict.fromkeys(names, 1.0)) for i in range(60)]
    after = [case(i, 1.0, scores=dict.fromkeys(names, float(i >= 6))) for i in range(60)]
    (found,) = compare_evals([pair(before, after)], None)
    # Six of sixty in one direction are shown for one score, and not for eight of them at once.
    assert {one.verdict for one in found.scores} == {"pass"}
    one = [case(i, float(i >= 6)) for i in range(60)]
    (alone,) = compare_evals([pair([case(i, 1.0) for i in range(60)], one)], None)
    assert alone.scores[0].verdict == "fail"


def test_slices_that_lost_most_come_first() -> None:
    topics = [{"slices": {"topic": "abc"[i % 3]}} for i in range(90)]
    before = [case(i, 1.0, **topics[i]) for i in range(90)]
    after = [case(i, float(i % 3 != 1), **topics[i]) for i in range(90)]
    (found,) = compare_evals([pair(before, after)], None)
    assert [one.slice for one in found.slices] == ["topic = b", "topic = a", "topic = c"]
    assert (found.slices[0].broken, found.slices[0].n) == (30, 30)


SPEC = """ftspec 1

schema ticket extends chat {
  id: text
  topic: text
}

model old { provider = replay  outputs = jsonl("old.jsonl", id: "id", output: "output") }
model new { provider = replay  outputs = jsonl("new.jsonl", id: "id", output: "output") }

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id = id
  score exact = exact_match(output, reply.text)
  slice by topic
}
"""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two runs: in the second ``new`` is worse, and a case more is there."""
    (tmp_path / ".ftdsl-root").touch()
    (tmp_path / "a.ftspec").write_text(SPEC)
    cases = [(f"q{i}", "red") for i in range(61)]
    write_cases(tmp_path, cases[:60], topics=["x", "y"])
    for name in ("old", "new"):
        replay(tmp_path, name, {f"c{i}": "red" for i in range(61)})
    apply(plan(tmp_path / "a.ftspec"))
    write_cases(tmp_path, cases, topics=["x", "y"])
    replay(tmp_path, "new", {f"c{i}": "red" if i > 20 or i % 2 else "blue" for i in range(61)})
    apply(plan(tmp_path / "a.ftspec"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ids(folder: Path) -> tuple[str, str]:
    after, before = sorted((one.name for one in (folder / ".ftdsl" / "runs").iterdir()
                            if one.is_dir()), reverse=True)  # fmt: skip
    return before, after


def test_the_command_tells_what_broke_and_why(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = ids(runs)
    assert main(["compare", before, after]) == 1
    shown = capsys.readouterr().out
    assert "broken: 11 cases" in shown
    assert "c18  exact  red → blue" in shown
    assert "1 case added: c60" in shown
    assert "topic = x: exact" in shown
    assert "changed eval.golden.new: cases.jsonl changed; new.jsonl changed" in shown
    assert "60 → 61 rows (+1)" in shown
    assert main(["compare", before, before]) == 0
    assert main(["compare", before, before, "--margin", "1pp"]) == 5
    assert main(["compare", before, after, "--margin", "1"]) == 2


@pytest.mark.usefixtures("runs")
def test_two_models_of_one_run_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "latest", "latest", "--from", "old", "--to", "new"]) == 1
    assert "old → new" in capsys.readouterr().out
    assert main(["compare", "latest", "latest", "--from", "new", "--to", "old"]) == 0


@pytest.mark.code("FT553")
@pytest.mark.usefixtures("runs")
def test_models_that_are_not_there_cannot_be_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["compare", "latest", "latest", "--from", "old", "--to", "newer"]) == 2
    assert "FT553" in capsys.readouterr().err
    assert main(["compare", "latest", "20000101"]) == 2


def test_every_format_tells_the_comparison(runs: Path) -> None:
    before, after = ids(runs)
    outputs = ["json=c.json", "html=c.html", "markdown=c.md"]
    words = [word for one in outputs for word in ("--output", one)]
    assert main(["compare", before, after, *words]) == 1
    found = json.loads((runs / "c.json").read_text())
    evals = found["comparison"]["evals"]
    assert [one["after_model"] for one in evals] == ["old", "new"]
    assert [one["scores"][0]["broken"] for one in evals] == [0, 11]
    assert (found["verdict"], found["exit_code"]) == ("fail", 1)
    page = (runs / "c.html").read_text()
    assert "11 cases broken" in page
    assert "<script" not in page
    text = (runs / "c.md").read_text()
    assert "❌ exact" in text
    assert "| broken | `c0` |" in text
