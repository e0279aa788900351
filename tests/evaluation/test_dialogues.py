"""Cases of several turns, held with the model's own answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ftdsl.engine.context import Refused
from ftdsl.evaluation.step import run_eval
from ftdsl.language.analyze import analyze
from ftdsl.language.program import ModelDef
from ftdsl.plan.steps import EvalStep
from ftdsl.results.models import EvalOutput
from tests.evaluation.evals import CASES, eval_def, eval_step, replay
from tests.models.desk import desk
from tests.models.faulty_server import Handler, Log, says, serving, status

Turns = Sequence[tuple[str, str]]
COUNTS: Turns = (
    ("system", "count"), ("user", "one"), ("assistant", "1"), ("user", "two"), ("assistant", "2"),
    ("user", "three"), ("assistant", "3"),
)  # fmt: skip


def write(root: Path, *cases: Turns) -> None:
    rows = [
        {"id": f"c{i}", "messages": [{"role": role, "content": text} for role, text in turns]}
        for i, turns in enumerate(cases)
    ]
    (root / CASES).write_text("".join(json.dumps(row) + "\n" for row in rows))


def step(url: str, history: str, **settings: object) -> EvalStep:
    model = ModelDef("m", "openai_compatible", (("base_url", url), ("name", "m")))
    return eval_step(model, eval_def(history=history, concurrency=1, **settings))  # type: ignore[arg-type]


def counting(handler: Handler) -> None:
    """Says how many turns of the user it was shown; after "three" it errs."""
    shown = handler.server.log.bodies[-1]["messages"]
    count = sum(one["role"] == "user" for one in shown)
    says("many" if count == 3 else str(count))(handler)


def held(root: Path, history: str, *cases: Turns, **settings: object) -> tuple[EvalOutput, Log]:
    write(root, *cases)
    with serving(counting) as (url, log):
        where = desk(root)
        found = run_eval(step(url, history, **settings), where)
        asked = len(log.bodies)
        again = run_eval(step(url, history, **settings), where)
        assert len(log.bodies) == asked  # every turn is kept
        assert again.scores == found.scores
    return found, log


def test_each_turn_is_asked_with_the_models_own_answers(tmp_path: Path) -> None:
    found, log = held(tmp_path, "own", COUNTS)
    said = [[(one["role"], one["content"]) for one in body["messages"]] for body in log.bodies]
    assert said == [
        [("system", "count"), ("user", "one")],
        [("system", "count"), ("user", "one"), ("assistant", "1"), ("user", "two")],
        [("system", "count"), ("user", "one"), ("assistant", "1"), ("user", "two"),
         ("assistant", "2"), ("user", "three")],
    ]  # fmt: skip
    (case,) = found.cases
    assert (case.output, case.earlier, case.scores) == ("many", ("1", "2"), {"exact": 0.0})
    assert (found.requests, found.prompt_tokens) == (3, 9)


def test_every_answer_is_scored_against_its_own_turn(tmp_path: Path) -> None:
    found, _ = held(tmp_path, "own_each", COUNTS, COUNTS[:3], COUNTS[:5])
    assert [case.scores["exact"] for case in found.cases] == [pytest.approx(2 / 3), 1.0, 1.0]
    assert [case.output for case in found.cases] == ["many", "1", "2"]


def test_recorded_turns_are_asked_as_ever(tmp_path: Path) -> None:
    _, log = held(tmp_path, "recorded", COUNTS)
    assert len(log.bodies) == 1
    assert len(log.bodies[0]["messages"]) == 6


def test_the_system_turn_of_the_eval_comes_first_and_epochs_stand_apart(tmp_path: Path) -> None:
    found, log = held(tmp_path, "own", COUNTS[1:5], system="be brief", epochs=2)
    assert all(body["messages"][0]["content"] == "be brief" for body in log.bodies)
    assert [(body["seed"], len(body["messages"])) for body in log.bodies] == [
        (1, 2), (2, 2), (1, 4), (2, 4),
    ]  # fmt: skip
    assert found.cases[0].epochs == {"exact": (1.0, 1.0)}


def test_a_turn_that_fails_ends_its_case_alone(tmp_path: Path) -> None:
    def refuses_two(handler: Handler) -> None:
        shown = handler.server.log.bodies[-1]["messages"]
        (status(400) if shown[-1]["content"] == "two" else counting)(handler)

    write(tmp_path, COUNTS, COUNTS[:3])
    with serving(refuses_two) as (url, log):
        found = run_eval(step(url, "own"), desk(tmp_path))
    assert len(log.bodies) == 2  # the two cases begin alike, which is asked once
    assert found.cases[0].unscored == {"exact": "turn 2 of 3: HTTP 400: so it is"}
    assert found.cases[1].scores == {"exact": 1.0}
    assert found.errors == 1


def test_a_tool_that_nobody_runs_leaves_the_case_unscored(tmp_path: Path) -> None:
    call = [{"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    write(tmp_path, COUNTS)
    with serving(says(None, tool_calls=call)) as (url, log):
        found = run_eval(step(url, "own"), desk(tmp_path))
    assert len(log.bodies) == 1
    why = "turn 1 of 3: the model calls a tool, and nobody answers it"
    assert found.cases[0].unscored == {"exact": why}


@pytest.mark.code("FT582")
def test_recorded_tools_are_refused(tmp_path: Path) -> None:
    write(tmp_path, (*COUNTS[:2], ("tool", "result"), ("assistant", "1")))
    with serving(says("1")) as (url, log), pytest.raises(Refused) as refused:
        run_eval(step(url, "own"), desk(tmp_path))
    assert refused.value.diagnostic.code == "FT582"
    assert "cases.jsonl:1" in refused.value.diagnostic.message
    assert log.bodies == []


@pytest.mark.code("FT584")
def test_recorded_outputs_hold_no_dialogue(tmp_path: Path) -> None:
    write(tmp_path, COUNTS)
    recorded = eval_step(replay(tmp_path, "old", {"c0": "3"}), eval_def(history="own"))
    with pytest.raises(Refused) as refused:
        run_eval(recorded, desk(tmp_path))
    assert refused.value.diagnostic.code == "FT584"


def test_a_judge_does_not_score_each_answer(tmp_path: Path) -> None:
    text = """ftspec 1

model mini { provider = local  path = "mini.gguf" }

eval golden {
  schema = chat
  source = jsonl("cases.jsonl")
  history = own_each
  score tone = judge("tone.md", by: mini)
}
"""
    (tmp_path / "a.ftspec").write_text(text)
    found = analyze(tmp_path / "a.ftspec", tmp_path)
    assert [one.code for one in found.diagnostics] == ["FT583"]
    (tmp_path / "a.ftspec").write_text(text.replace("own_each", "own"))
    assert analyze(tmp_path / "a.ftspec", tmp_path).diagnostics == ()
