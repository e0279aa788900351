"""Cases that must stay right, cases in clusters, and cases that are answered more than once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ftdsl.api import apply, plan
from ftdsl.engine.context import Refused
from ftdsl.evaluation.flakiness import flakiness
from ftdsl.evaluation.gates import run_gate
from ftdsl.language.program import GuardDef
from ftdsl.results.models import Case, EvalOutput, GateOutput
from tests.evaluation.evals import replay, write_cases
from tests.evaluation.verdicts import at_least, gate_step, publish, require
from tests.models.desk import desk
from tests.models.faulty_server import says, serving


def guard(*ids: str) -> GuardDef:
    return GuardDef(("exact",), ids, source=f"forbid broken on ids({', '.join(ids)})")


def guarded(
    folder: Path, tuned: list[float | None], base: list[float] | None, *ids: str
) -> GateOutput:
    where = desk(folder)
    publish(where, "tuned", tuned)
    if base is not None:
        publish(where, "base", base)
    step = gate_step(require(at_least(0.1)), baseline="base" if base is not None else None)
    gate = replace(step.gate, guards=(guard(*ids),))
    return run_gate(step.model_copy(update={"gate": gate}), where)


def test_one_broken_case_fails_a_gate_that_passes_on_average(tmp_path: Path) -> None:
    tuned: list[float | None] = [1.0] * 99 + [0.0]
    found = guarded(tmp_path, tuned, None, "c3", "c99")
    assert found.verdict == "fail"
    _, one = found.requirements
    assert (one.verdict, one.broken, one.n, one.estimate) == ("fail", 1, 2, 0.5)
    assert one.note == "broken: c99"
    assert guarded(tmp_path, tuned, None, "c3").verdict == "pass"


def test_a_case_that_the_baseline_gets_wrong_is_not_broken(tmp_path: Path) -> None:
    found = guarded(tmp_path, [1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0], "c0", "c1", "c2")
    _, one = found.requirements
    assert (one.broken, one.n) == (1, 2)
    assert one.note == "broken: c1; 1 wrong under the baseline already"


def test_a_guarded_case_without_a_score_decides_nothing(tmp_path: Path) -> None:
    found = guarded(tmp_path, [1.0] * 30 + [None], None, "c0", "c30")
    assert found.verdict == "inconclusive"
    assert found.requirements[-1].note == "without a score: c30"


@pytest.mark.code("FT552")
def test_a_guarded_case_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert guarded(tmp_path, [1.0, 1.0], None, "c1").verdict == "pass"
    with pytest.raises(Refused) as refused:
        guarded(tmp_path, [1.0, 1.0], None, "c1", "c9")
    assert refused.value.diagnostic.code == "FT552"


SPEC = """ftspec 1

schema ticket extends chat {
  id: text
  topic: text
}

model old { provider = replay  outputs = jsonl("old.jsonl", id: "id", output: "output") }
model asked { provider = openai_compatible  name = "m"  base_url = "URL"  temperature = 0.8 }

eval golden {
  schema  = ticket
  source  = jsonl("cases.jsonl")
  id      = id
  cluster = topic
  epochs  = EPOCHS
  score exact = exact_match(output, reply.text)
}

gate release {
  from = MODEL
  eval = golden
  require exact.mean >= 50%
  forbid broken on topic == "a"
  FLAKY
}
"""


def written(folder: Path, **words: str) -> None:
    (folder / ".ftdsl-root").touch()
    text = SPEC
    for name, word in words.items():
        text = text.replace(name, word)
    (folder / "a.ftspec").write_text(text)


def outputs(folder: Path) -> tuple[EvalOutput, GateOutput]:
    steps = apply(plan(folder / "a.ftspec", only=("gate.release",))).result.steps
    (eval_,) = (s.output for s in steps if isinstance(s.output, EvalOutput))
    (gate,) = (s.output for s in steps if isinstance(s.output, GateOutput))
    return eval_, gate


def test_guards_by_condition_and_clusters_from_a_spec(tmp_path: Path) -> None:
    cases = [(f"q{i}", "red") for i in range(42)]
    write_cases(tmp_path, cases, topics=list("abcdef"))
    written(tmp_path, URL="http://127.0.0.1:9/v1", EPOCHS="1", MODEL="old", FLAKY="")
    # All of topic f is wrong, and nothing else: one fact about one topic, and not seven facts.
    replay(tmp_path, "old", {f"c{i}": "red" if i % 6 < 5 else "?" for i in range(42)})
    eval_, gate = outputs(tmp_path)
    exact = eval_.scores["exact"]
    assert exact.method.startswith("cluster jackknife")
    assert exact.why.startswith("cases in 6 clusters")
    assert exact.low < 0.45  # 35 of 42 alone would say at least 0.69
    assert eval_.cases[0].cluster == "key a"
    mean, kept = gate.requirements
    assert (mean.verdict, mean.method) == ("pass", exact.method)
    assert (kept.verdict, kept.n, kept.broken) == ("pass", 7, 0)
    replay(tmp_path, "old", {f"c{i}": "red" if i != 6 else "?" for i in range(42)})
    _, gate = outputs(tmp_path)
    assert gate.verdict == "fail"
    assert gate.requirements[1].note == "broken: c6"
    assert gate.requirements[1].requirement == 'forbid broken on topic == "a"'


def test_answers_that_differ_are_counted_by_case_and_as_a_rate(tmp_path: Path) -> None:
    write_cases(tmp_path, [(f"q{i}", "red") for i in range(4)], topics=["a"])
    replies = [says("red" if i % 3 else "blue") for i in range(12)]
    with serving(*replies) as (url, log):
        flaky = "require exact.flaky <= 10%"
        written(tmp_path, URL=url, EPOCHS="3", MODEL="asked", FLAKY=flaky)
        eval_, gate = outputs(tmp_path)
    assert len(log.bodies) == 12
    found = eval_.flakiness["exact"]
    assert found.n == 4
    values = [case.epochs["exact"] for case in eval_.cases]
    assert all(len(one) == 3 for one in values)
    assert found.flaky == sum(len(set(one)) > 1 for one in values) >= 1
    assert found.low <= found.rate <= found.high
    assert [one.verdict for one in gate.requirements if "flaky" in one.requirement] == ["fail"]


def test_variance_is_split_between_and_within_cases() -> None:
    def case(*values: float) -> Case:
        return Case(
            case_id="c", line=1, prompt="", expected="", output="", scores={},
            epochs={"exact": values},
        )  # fmt: skip

    steady = flakiness(["exact"], [case(1, 1, 1), case(0, 0, 0)])["exact"]
    assert (steady.flaky, steady.within, steady.between) == (0, 0.0, 0.5)
    noisy = flakiness(["exact"], [case(1, 0), case(0, 1)])["exact"]
    assert (noisy.flaky, noisy.rate, noisy.within, noisy.between) == (2, 1.0, 0.5, 0.0)
    assert flakiness(["exact"], [case(1)]) == {}
    assert json.loads(noisy.model_dump_json())["n"] == 2
