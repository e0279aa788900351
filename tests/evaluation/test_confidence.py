"""How likely a model found its own tokens: asked for where a score reads it, told by servers."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ftdsl.api import apply, plan
from ftdsl.evaluation.step import run_eval
from ftdsl.language.program import Expr, ScoreDef
from ftdsl.models.answer import Question, Turn
from ftdsl.models.wire import Stream, read_reply, request_body
from ftdsl.results.models import EvalOutput
from tests.evaluation.evals import FLOAT, eval_def, eval_step, replay, write_cases
from tests.models.bigram_gguf import write_model
from tests.models.desk import desk
from tests.models.faulty_server import completion

SURE = ScoreDef("sure", "", Expr("field", FLOAT, value="output.confidence"))
TOLD = {"content": [{"token": "a", "logprob": -0.1}, {"token": "b", "logprob": -0.3}]}


def test_a_reply_tells_the_mean_over_its_tokens() -> None:
    body = completion("ab")
    assert read_reply(json.dumps(body).encode()).logprob is None
    body["choices"][0]["logprobs"] = TOLD
    assert read_reply(json.dumps(body).encode()).logprob == pytest.approx(-0.2)
    body["choices"][0]["logprobs"] = {"content": None}
    assert read_reply(json.dumps(body).encode()).logprob is None


def test_a_stream_tells_it_piece_by_piece() -> None:
    stream = Stream()
    for place, one in enumerate(TOLD["content"]):
        choice = {
            "index": 0, "delta": {"content": one["token"]}, "logprobs": {"content": [one]},
            "finish_reason": "stop" if place else None,
        }  # fmt: skip
        stream.feed(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n", 0.1)
    assert stream.reply(b"").logprob == pytest.approx(-0.2)


def test_it_is_asked_for_only_where_a_score_reads_it() -> None:
    asked = Question("c", (Turn("user", "q"),))
    assert "logprobs" not in json.loads(request_body("m", asked, {}))
    assert json.loads(request_body("m", Question("c", asked.messages, logprobs=True), {}))[
        "logprobs"
    ]


def test_a_real_server_tells_it(tmp_path: Path) -> None:
    (tmp_path / ".ftdsl-root").touch()
    write_cases(tmp_path, [("colour 1", "red"), ("colour 2", "ink")])
    write_model(tmp_path / "tiny.gguf")
    (tmp_path / "a.ftspec").write_text(
        "ftspec 1\n\nschema ticket extends chat { id: text }\n\n"
        'model tiny { provider = local  path = "tiny.gguf"  context = 256  max_tokens = 8 }\n\n'
        'eval golden {\n  schema = ticket\n  source = jsonl("cases.jsonl")\n  id = id\n'
        "  score sure = output.confidence\n}\n"
    )
    outputs = [step.output for step in apply(plan(tmp_path / "a.ftspec")).result.steps]
    (found,) = (one for one in outputs if isinstance(one, EvalOutput))
    values = [case.scores["sure"] for case in found.cases]
    assert len(values) == 2
    assert all(0 < value <= 1 and math.isfinite(value) for value in values)


def test_an_answer_without_it_is_unscored(tmp_path: Path) -> None:
    write_cases(tmp_path, [("colour 1", "red")])
    step = eval_step(replay(tmp_path, "old", {"c0": "red"}), eval_def(SURE))
    (case,) = run_eval(step, desk(tmp_path)).cases
    assert case.unscored == {"sure": "`output.confidence` is not known of this answer"}
