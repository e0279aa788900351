"""From a written spec to a verdict, with a real model server: every form of requirement at once."""

from __future__ import annotations

from pathlib import Path

from ftdsl.api import apply, plan
from ftdsl.results.models import EvalOutput, GateOutput
from tests.evaluation.evals import replay, write_cases
from tests.models.bigram_gguf import write_model

SPEC = """ftspec 1

schema ticket extends chat {
  id: text
  topic: text
}

model tiny { provider = local  path = "tiny.gguf"  context = 256  max_tokens = 8 }
model old { provider = replay  outputs = jsonl("old.jsonl", id: "id", output: "output") }

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id = id
  score exact = exact_match(output, reply.text)
  score close = ratio(output, reply.text)
  slice by topic { min_rows = 20 }
}

gate release {
  from = tiny
  baseline = old
  eval = golden
  require exact.mean >= 70%
  require exact.mean >= 95% by topic
  require exact.mean >= baseline.exact.mean - 1pp with confidence 95%
  require 0.5 * exact.mean + 0.5 * close.mean >= 0.7
  require exact.unscored <= 0%
  require latency.p95 <= 60s
}
"""
ANSWERS = [("1", "red"), ("2", "ink"), ("3", "spy"), ("4", "bow")]


def test_a_spec_is_decided(tmp_path: Path) -> None:
    (tmp_path / ".ftdsl-root").touch()
    (tmp_path / "a.ftspec").write_text(SPEC)
    cases = [(f"case {i}, {ANSWERS[i % 4][0]}", ANSWERS[i % 4][1]) for i in range(80)]
    write_cases(tmp_path, cases, topics=["x", "y"])
    replay(tmp_path, "old", {f"c{i}": cases[i][1] if i % 2 else "?" for i in range(80)})
    write_model(tmp_path / "tiny.gguf")
    outputs = [step.output for step in apply(plan(tmp_path / "a.ftspec")).result.steps]
    means = {o.model: o.scores["exact"].mean for o in outputs if isinstance(o, EvalOutput)}
    assert means == {"tiny": 0.75, "old": 0.5}
    (gate,) = (one for one in outputs if isinstance(one, GateOutput))
    assert gate.verdict == "fail"
    verdicts = [(one.slice, one.verdict, one.spec_line) for one in gate.requirements]
    assert verdicts == [
        ("", "pass", 24),
        ("x", "pass", 25),
        ("y", "fail", 25),
        ("", "pass", 26),
        ("", "pass", 27),
        ("", "pass", 28),
        ("", "pass", 29),
    ]
    assert gate.requirements[3].requirement.endswith("with confidence 95%")
