from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ftdsl.engine.context import Refused
from ftdsl.evaluation.step import CASES_FILE, read_cases, run_eval
from ftdsl.language.program import SchemaDef, SliceDef, SourceDef
from ftdsl.results.models import EvalOutput
from tests.evaluation.evals import (
    CASES,
    eval_def,
    eval_step,
    literal,
    local,
    name,
    replay,
    score,
    train,
    write_cases,
)
from tests.models.bigram_gguf import write_adapter, write_model
from tests.models.desk import desk
from tests.reports.sample import train as trained

COLOURS = [("colour 1", "red"), ("colour 2", "ink"), ("colour 3", "spy"), ("colour 4", "bow")]


def test_recorded_outputs_are_scored_with_an_exact_interval(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    model = replay(tmp_path, "old", {"c0": " red\n", "c1": "ink", "c2": "Spy", "c3": "bow"})
    found = run_eval(eval_step(model), desk(tmp_path))
    exact = found.scores["exact"]
    assert (exact.mean, exact.n, exact.unscored, exact.method) == (0.75, 4, 0, "Clopper-Pearson")
    assert exact.low == pytest.approx(0.1941, abs=1e-4)
    assert exact.high == pytest.approx(0.9937, abs=1e-4)
    assert [case.scores["exact"] for case in found.cases] == [1, 1, 0, 1]
    assert found.cases[2].prompt == "colour 3"
    assert found.cases[2].expected == "spy"
    assert found.cases[2].line == 3


def test_a_missing_output_is_unscored_and_never_zero(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    found = run_eval(eval_step(replay(tmp_path, "old", {"c0": "red"})), desk(tmp_path))
    assert (found.scores["exact"].mean, found.scores["exact"].n) == (1.0, 1)
    assert found.scores["exact"].unscored == 3
    assert "c1" in found.cases[1].unscored["exact"]
    assert found.errors == 3


def test_without_any_score_the_interval_says_nothing(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    found = run_eval(eval_step(replay(tmp_path, "old", {"z": "red"})), desk(tmp_path))
    exact = found.scores["exact"]
    assert (exact.n, exact.unscored, exact.low, exact.high) == (0, 4, 0.0, 1.0)


def test_all_cases_are_in_the_artifact(tmp_path: Path) -> None:
    write_cases(tmp_path, [(f"q{i}", "a") for i in range(250)])
    model = replay(tmp_path, "old", {f"c{i}": "a" for i in range(250)})
    where = desk(tmp_path)
    found = run_eval(eval_step(model), where)
    assert len(found.cases) == 200
    cases = read_cases(where.work)
    assert [case.case_id for case in cases] == [f"c{i}" for i in range(250)]
    assert EvalOutput.model_validate_json(found.model_dump_json()) == found


def test_slices_have_estimates_of_their_own(tmp_path: Path) -> None:
    write_cases(tmp_path, [("q", "a")] * 6, topics=["billing", "login"])
    outputs = {f"c{i}": "a" if i % 2 else "b" for i in range(6)}
    step = eval_step(
        replay(tmp_path, "old", outputs), eval_def(slices=(SliceDef("topic", name("topic")),))
    )
    slices = run_eval(step, desk(tmp_path)).slices["topic"]
    assert {key: group["exact"].mean for key, group in slices.items()} == {"billing": 0, "login": 1}


def test_a_null_slice_key_has_a_slice_of_its_own(tmp_path: Path) -> None:
    write_cases(tmp_path, [("q", "a")])
    step = eval_step(
        replay(tmp_path, "old", {"c0": "a"}), eval_def(slices=(SliceDef("topic", name("topic")),))
    )
    assert list(run_eval(step, desk(tmp_path)).slices["topic"]) == ["none"]


def test_graded_scores_are_resampled(tmp_path: Path) -> None:
    write_cases(tmp_path, [(f"q{i}", "the quick brown fox") for i in range(30)])
    words = ["the", "quick", "brown", "fox", "jumps"]
    outputs = {f"c{i}": " ".join(words[: 1 + i % 5]) for i in range(30)}
    step = eval_step(replay(tmp_path, "old", outputs), eval_def(score("close", "ratio")))
    close = run_eval(step, desk(tmp_path)).scores["close"]
    assert close.method == "BCa bootstrap"
    assert close.low < close.mean < close.high
    assert run_eval(step, desk(tmp_path)).scores["close"] == close


def test_replayed_cases_are_found_by_the_field_that_names_them(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    model = replay(tmp_path, "old", {})
    (tmp_path / "old.jsonl").write_text('{"case": "c0", "reply": "red"}\n')
    outputs = SourceDef("jsonl", "old.jsonl", (("id", "case"), ("output", "reply")))
    step = eval_step(replace(model, outputs=outputs))
    assert run_eval(step, desk(tmp_path)).scores["exact"].mean == 1.0


@pytest.mark.code("FT507")
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"id": "c0", "output": "a"}\n{"id": "c0", "output": "b"}\n', "two different outputs"),
        ('{"key": "c0", "output": "a"}\n', "has an id `id`"),
    ],
)
def test_recordings_that_answer_no_case_or_twice_are_refused(
    tmp_path: Path, body: str, says: str
) -> None:
    write_cases(tmp_path, COLOURS)
    model = replay(tmp_path, "old", {"c0": "red"})
    run_eval(eval_step(model), desk(tmp_path))
    (tmp_path / "old.jsonl").write_text(body)
    with pytest.raises(Refused, match=says) as refused:
        run_eval(eval_step(model), desk(tmp_path))
    assert refused.value.diagnostic.code == "FT507"


@pytest.mark.code("FT510")
def test_an_eval_without_cases_is_refused(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    model = replay(tmp_path, "old", {"c0": "red"})
    run_eval(eval_step(model), desk(tmp_path))
    (tmp_path / CASES).write_text('{"id": "c0"}\n')
    with pytest.raises(Refused) as refused:
        run_eval(eval_step(model), desk(tmp_path))
    assert refused.value.diagnostic.code == "FT510"


@pytest.mark.code("FT512")
def test_a_schema_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    valid = eval_def(score("valid", "json_schema_match", literal("answer.json")))
    model = replay(tmp_path, "old", {"c0": "red"})
    with pytest.raises(Refused) as refused:
        run_eval(eval_step(model, valid), desk(tmp_path))
    assert refused.value.diagnostic.code == "FT512"
    (tmp_path / "answer.json").write_text('{"type": "integer"}')
    assert run_eval(eval_step(model, valid), desk(tmp_path)).scores["valid"].mean == 0.0


@pytest.mark.code("FT511")
def test_rows_without_turns_cannot_be_asked_but_can_be_replayed(tmp_path: Path) -> None:
    (tmp_path / CASES).write_text('{"id": "c0", "answer": "red"}\n')
    plain = replace(
        eval_def(score("exact", "exact_match", name("answer"))),
        schema=SchemaDef("plain", None),
    )
    found = run_eval(eval_step(replay(tmp_path, "old", {"c0": "red"}), plain), desk(tmp_path))
    assert found.scores["exact"].mean == 1.0
    assert found.cases[0].expected == "red"
    write_model(tmp_path / "tiny.gguf")
    with pytest.raises(Refused) as refused:
        run_eval(eval_step(local(), plain), desk(tmp_path))
    assert refused.value.diagnostic.code == "FT511"


def test_a_local_model_answers_and_a_second_run_asks_nothing(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    write_model(tmp_path / "tiny.gguf")
    found = run_eval(eval_step(local()), desk(tmp_path))
    assert [case.output for case in found.cases] == ["red", "ink", "spy", ""]
    assert found.scores["exact"].mean == 0.75
    assert (found.requests, found.cached, found.errors) == (4, 0, 0)
    assert found.prompt_tokens == 4 * len("colour 1")
    assert found.completion_tokens > 0
    assert 0 < found.latency["p50"] <= found.latency["p95"]
    assert found.cost_per_1k == 0.0
    again = run_eval(eval_step(local()), desk(tmp_path))
    assert (again.requests, again.cached) == (0, 4)
    assert again.cases == found.cases


def test_an_adapter_is_served_over_its_base(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    write_model(tmp_path / "tiny.gguf")
    where = desk(tmp_path)
    where.published["train.tuned"] = tmp_path / "trained"
    where.outputs = {"train.tuned": trained()}
    (tmp_path / "trained").mkdir()
    write_adapter(tmp_path / "trained" / "adapter.gguf")
    base = run_eval(eval_step(local()), where)
    tuned = run_eval(eval_step(None, train=train(), base_model=local()), where)
    assert tuned.model == "tuned"
    assert base.scores["exact"].mean == 0.75
    assert tuned.scores["exact"].mean == 1.0


@pytest.mark.code("FT508")
def test_a_trained_model_without_a_local_base_is_refused(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    where = desk(tmp_path)
    where.published["train.tuned"] = tmp_path
    where.outputs = {"train.tuned": trained()}
    for base in (None, local()):  # no base at all; a base, but no adapter
        with pytest.raises(Refused) as refused:
            run_eval(eval_step(None, train=train(), base_model=base), where)
        assert refused.value.diagnostic.code == "FT508"


@pytest.mark.code("FT506")
def test_a_file_that_is_no_model_is_refused_with_what_the_server_said(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF but not really")
    with pytest.raises(Refused) as refused:
        run_eval(eval_step(local()), desk(tmp_path))
    assert refused.value.diagnostic.code == "FT506"
    assert refused.value.diagnostic.notes


def test_an_answer_cut_at_max_tokens_says_so(tmp_path: Path) -> None:
    write_cases(tmp_path, [("L", "LLL")])
    write_model(tmp_path / "tiny.gguf")
    found = run_eval(eval_step(local(), eval_def(max_tokens=3)), desk(tmp_path))
    assert (found.cases[0].output, found.cases[0].finish_reason) == ("LLL", "length")


def test_epochs_ask_again_with_other_seeds_and_average(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    write_model(tmp_path / "tiny.gguf")
    found = run_eval(eval_step(local(), eval_def(epochs=3)), desk(tmp_path))
    assert found.requests == 12
    assert found.scores["exact"].n == 4
    assert found.scores["exact"].mean == 0.75


def test_a_system_turn_goes_before_every_case(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS[:1])
    write_model(tmp_path / "tiny.gguf")
    found = run_eval(eval_step(local(), eval_def(system="say it: ")), desk(tmp_path))
    assert found.prompt_tokens == len("say it: colour 1")


def test_cases_are_stored_as_one_json_object_a_line(tmp_path: Path) -> None:
    write_cases(tmp_path, COLOURS)
    where = desk(tmp_path)
    run_eval(eval_step(replay(tmp_path, "old", {"c0": "a\u2028b\nc"})), where)
    lines = (where.work / CASES_FILE).read_bytes().split(b"\n")
    assert len([json.loads(line) for line in lines if line]) == 4
