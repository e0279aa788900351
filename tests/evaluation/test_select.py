"""Selections: over written scores, over recorded outputs from a spec, and over live servers."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from ftdsl.api import apply, plan
from ftdsl.engine.context import Refused
from ftdsl.evaluation.selection import run_select
from ftdsl.language.program import Expr, GateDef, RequireDef, SelectDef
from ftdsl.plan.steps import SelectStep
from ftdsl.reports.formats import render
from ftdsl.reports.style import Style
from ftdsl.results.judging import JudgeReport
from ftdsl.results.models import EvalOutput
from ftdsl.results.selection import Contender, SelectOutput
from tests.evaluation.evals import FLOAT, eval_def, replay, write_cases
from tests.evaluation.verdicts import (
    Scores,
    at_least,
    binary,
    measure,
    number,
    publish,
    require,
)
from tests.models.bigram_gguf import write_model
from tests.models.desk import Desk, desk
from tests.models.faulty_server import says, serving


def best(value: Expr, how: str = "max") -> Expr:
    return Expr("call", FLOAT, (value,), how, f"{how}({value.source})")


def select_step(
    *requires: RequireDef, names: tuple[str, ...] = ("a", "b"), by: Expr | None = None
) -> SelectStep:
    objective = by or best(measure("exact.mean"))
    select = SelectDef("base", names, "golden", requires, objective)
    return SelectStep(
        id="select.base", name="base", select=select, eval=eval_def(), candidates=names
    )


def ones(right: int, of: int) -> list[float]:
    return [1.0] * right + [0.0] * (of - right)


def found(where: Desk, step: SelectStep) -> tuple[SelectOutput, dict[str, Contender]]:
    output = run_select(step, where)
    return output, {one.model: one for one in output.contenders}


def test_a_shown_difference_leads_and_a_small_one_is_a_tie(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "a", ones(80, 100))
    publish(where, "b", ones(79, 100))
    publish(where, "c", ones(50, 100))
    output, by_name = found(where, select_step(names=("c", "b", "a")))
    assert output.chosen == ("a", "b")
    assert [(one.model, one.rank) for one in output.contenders] == [("a", 1), ("b", 1), ("c", 3)]
    near, far = by_name["b"].behind, by_name["c"].behind
    assert near is not None
    assert far is not None
    assert (near.tied, far.tied) == (True, False)
    assert (near.leader, near.method) == ("a", "Tango, paired")
    assert far.difference == pytest.approx(0.30)
    assert far.low > 0.2  # the same cases: what both know cancels out
    assert output.verdict == "pass"


def test_many_candidates_are_held_to_a_joint_confidence(tmp_path: Path) -> None:
    """Twelve candidates of the same true quality: the luckiest does not lead."""
    where = desk(tmp_path)
    names = tuple(f"m{i}" for i in range(12))
    draw = random.Random(5)
    for name in names:
        publish(where, name, [float(draw.random() < 0.7) for _ in range(120)])
    output, _ = found(where, select_step(names=names))
    assert len(output.chosen) == 12
    assert (
        len({one.confidence for one in output.contenders if one.behind for one in [one.behind]})
        == 1
    )


def test_what_is_required_comes_before_what_is_best(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "a", ones(90, 100), latency=[3.0] * 100)
    publish(where, "b", ones(60, 100), latency=[0.5] * 100)
    fast = require(binary(measure("latency.p95"), "<=", number(2.0)))
    output, by_name = found(where, select_step(fast))
    assert output.chosen == ("b",)
    assert by_name["a"].rank is None
    assert by_name["a"].out == "`latency.p95 <= 2.0` does not hold"
    assert by_name["a"].value == pytest.approx(0.9)


def test_no_candidate_left_fails_and_an_open_one_is_inconclusive(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "a", ones(10, 100))
    publish(where, "b", ones(82, 100))
    high = require(at_least(0.95))
    assert run_select(select_step(high), where).verdict == "fail"
    open_ = require(at_least(0.80), 0.95)
    output = run_select(select_step(open_), where)
    assert (output.verdict, output.chosen) == ("inconclusive", ())


def test_weights_join_quality_and_cost(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "a", ones(90, 100), latency=[4.0] * 100)
    publish(where, "b", ones(70, 100), latency=[1.0] * 100)
    for name in ("a", "b"):
        step_id = f"eval.golden.{name}"
        seconds = {"p50": 4.0 if name == "a" else 1.0, "p95": 5.0}
        known = where.outputs[step_id].model_copy(update={"latency": seconds})
        where.outputs = {**where.outputs, step_id: known}
    price = binary(number(0.1), "*", measure("latency.p50"))
    output, by_name = found(where, select_step(by=best(binary(measure("exact.mean"), "-", price))))
    assert output.chosen == ("b",)
    assert by_name["b"].value == pytest.approx(0.6)
    assert by_name["a"].value == pytest.approx(0.5)
    assert output.cost_axis == "latency.p50"
    output, _ = found(where, select_step(by=best(measure("latency.p50"), "min")))
    assert output.chosen == ("b",)


def test_the_trade_off_keeps_those_that_none_beats(tmp_path: Path) -> None:
    where = desk(tmp_path)
    for name, right, cost in (("a", 90, 3.0), ("b", 70, 1.0), ("c", 65, 2.0)):
        publish(where, name, ones(right, 100), cost=cost)
    output, by_name = found(where, select_step(names=("a", "b", "c")))
    assert output.cost_axis == "cost_per_1k"
    assert {name for name, one in by_name.items() if one.efficient} == {"a", "b"}


def test_prompting_that_passes_the_gate_says_so(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "a", ones(95, 100))
    publish(where, "b", ones(60, 100))
    gate = GateDef("release", ("tuned",), "golden", (require(at_least(0.9)),))
    step = select_step().model_copy(update={"gates": (gate,)})
    assert run_select(step, where).hints == (
        "do not fine-tune for gate `release`: `a` passes it by prompting alone",
    )
    trained = step.model_copy(update={"trained": ("a",)})
    assert run_select(trained, where).hints == ()


def test_an_unknown_measure_cannot_rank(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "a", ones(9, 10), cost=1.0)
    publish(where, "b", ones(9, 10))
    output, by_name = found(where, select_step(by=best(measure("cost_per_1k"), "min")))
    assert output.chosen == ("a",)
    assert by_name["b"].out == "its `cost_per_1k` is not known"


@pytest.mark.code("FT521")
def test_candidates_of_other_cases_are_not_ranked(tmp_path: Path) -> None:
    where = desk(tmp_path)
    publish(where, "a", ones(9, 10))
    publish(where, "b", ones(9, 11))
    with pytest.raises(Refused) as refused:
        run_select(select_step(), where)
    assert refused.value.diagnostic.code == "FT521"


def test_too_many_unscored_answers_are_a_tie(tmp_path: Path) -> None:
    where = desk(tmp_path)
    half: Scores = [None] * 50 + [1.0] * 50
    publish(where, "a", half)
    publish(where, "b", ones(10, 100))
    _, by_name = found(where, select_step())
    behind = by_name["b"].behind
    assert behind is not None
    assert behind.tied
    assert "unscored" in behind.note


SPEC = """ftspec 1

schema ticket extends chat {
  id: text
}

model one {
  provider = replay
  outputs  = jsonl("one.jsonl", id: "id", output: "output")
  license  = "mit"
}
model two {
  provider = replay
  outputs  = jsonl("two.jsonl", id: "id", output: "output")
  license  = "mit"
}
model gpl {
  provider = replay
  outputs  = jsonl("gone.jsonl", id: "id", output: "output")
  license  = "gpl-3.0"
}
model odd {
  provider = replay
  outputs  = jsonl("gone.jsonl", id: "id", output: "output")
}
model old {
  provider        = replay
  outputs         = jsonl("gone.jsonl", id: "id", output: "output")
  license         = "mit"
  available_until = 2026-12-31
}
model tiny { provider = local  path = "tiny.gguf"  context = 256  max_tokens = 8  license = "mit" }
model far {
  provider  = openai_compatible
  name      = "far"
  base_url  = "URL"
  license   = "mit"
  privacy   = public
}
model near {
  provider  = openai_compatible
  name      = "near"
  base_url  = "URL"
  license   = "mit"
  privacy   = on_premises
  available_until = 2028-01-01
}

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id = id
  score exact = exact_match(output, reply.text)
}

select base {
  from = [one, two, gpl, odd, old, tiny, far, near]
  eval = golden
  require model.license in ["mit", "apache-2.0"]
  require model.privacy == "on_premises"
  require model.available_until >= 2027-06-30
  require exact.mean >= 5%
  best = max(exact.mean)
}
"""


def test_a_spec_selects_and_asks_only_those_that_may_be_asked(tmp_path: Path) -> None:
    (tmp_path / ".ftdsl-root").touch()
    cases = [(f"case {i}", "red") for i in range(60)]
    write_cases(tmp_path, cases)
    replay(tmp_path, "one", {f"c{i}": "red" if i < 50 else "?" for i in range(60)})
    replay(tmp_path, "two", {f"c{i}": "red" if i < 20 else "?" for i in range(60)})
    write_model(tmp_path / "tiny.gguf")
    with serving(says("red")) as (url, log):
        (tmp_path / "a.ftspec").write_text(SPEC.replace("URL", url))
        made = plan(tmp_path / "a.ftspec", only=("select.base",))
        asked = {step.id for step in made.plan.steps if step.id.startswith("eval.")}
        assert asked == {f"eval.golden.{name}" for name in ("one", "two", "tiny", "near")}
        view = apply(made)
    assert len(log.bodies) == 60
    (output,) = (s.output for s in view.result.steps if isinstance(s.output, SelectOutput))
    by_name = {one.model: one for one in output.contenders}
    assert output.chosen == ("near",)
    assert [one.model for one in output.contenders[:2]] == ["near", "one"]
    assert by_name["gpl"].out == '`model.license in ["mit", "apache-2.0"]` does not hold: gpl-3.0'
    assert by_name["odd"].out == "its license is not known: state `license` in `model odd`"
    assert by_name["old"].out.endswith("does not hold: 2026-12-31")
    assert by_name["far"].out == '`model.privacy == "on_premises"` does not hold: public'
    assert by_name["tiny"].latency["p50"] > 0
    assert by_name["tiny"].rank in (3, 4)
    shown = render(view.report, "full", Style(width=120))
    assert "near" in shown
    assert "not known: state `license`" in shown
    told = json.loads(render(view.report, "json", Style()))["selections"]["base"]
    assert told["chosen"] == ["near"]
    assert [one["rank"] for one in told["contenders"]] == [1, 2, 3, 4, None, None, None, None]
    page = render(view.report, "html", Style())
    assert page.count('<th scope="col">') == 8
    assert "Candidates 6 to 8" in page
    assert "quality over median time of an answer" not in page  # recorded outputs have no times
    assert "Selection: base" in render(view.report, "markdown", Style())


def test_a_stated_fact_changes_nothing_that_was_asked(tmp_path: Path) -> None:
    (tmp_path / ".ftdsl-root").touch()
    write_cases(tmp_path, [("q", "red")] * 3)
    replay(tmp_path, "one", {f"c{i}": "red" for i in range(3)})
    spec = SPEC.replace("from = [one, two, gpl, odd, old, tiny, far, near]", "from = [one]")
    (tmp_path / "a.ftspec").write_text(spec.replace("URL", "http://127.0.0.1:9/v1"))
    assert apply(plan(tmp_path / "a.ftspec", only=("select.base",))).ok
    spec = spec.replace('"mit"\n}\nmodel two', '"apache-2.0"\n}\nmodel two')
    (tmp_path / "a.ftspec").write_text(spec.replace("URL", "http://127.0.0.1:9/v1"))
    made = plan(tmp_path / "a.ftspec", only=("select.base",))
    states = {step.id: step.state for step in made.plan.steps}
    assert states["eval.golden.one"] == "fresh"
    assert states["select.base"] == "stale"


def test_a_price_rules_out_before_any_call(tmp_path: Path) -> None:
    (tmp_path / ".ftdsl-root").touch()
    write_cases(tmp_path, [("q", "red")] * 3)
    (tmp_path / "a.ftspec").write_text(
        """ftspec 1

schema ticket extends chat { id: text }

model dear { provider = openai  name = "some"  input_per_1m = $5  output_per_1m = $15 }
model cheap { provider = openai  name = "other"  input_per_1m = $1  output_per_1m = $2 }
model unknown { provider = openai  name = "a-model-that-no-table-has" }

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id = id
  score exact = exact_match(output, reply.text)
}

select base {
  from = [dear, cheap, unknown]
  eval = golden
  require model.output_per_1m <= $10
  best = max(exact.mean)
}
"""
    )
    made = plan(tmp_path / "a.ftspec", only=("select.base",))
    step = next(one.step for one in made.plan.steps if one.id == "select.base")
    assert isinstance(step, SelectStep)
    assert step.candidates == ("cheap",)
    assert step.out == {
        "dear": "`model.output_per_1m <= $10` does not hold: 15.0",
        "unknown": "its output per 1m is not known: state `output_per_1m` in `model unknown`",
    }


def test_a_picture_shows_quality_over_cost(tmp_path: Path) -> None:
    where = desk(tmp_path)
    for name, right, cost in (("a", 90, 3.0), ("b", 70, 1.0), ("c", 65, 2.0)):
        publish(where, name, ones(right, 100), cost=cost)
    output = run_select(select_step(names=("a", "b", "c")), where)
    from ftdsl.reports.html_select import selection
    from ftdsl.reports.markup import join

    page = join(selection(output))
    assert "quality over cost of a thousand answers" in page
    assert page.count("<circle") == 3
    assert "joined" in page


@pytest.mark.slow
def test_a_real_local_model_is_ranked_against_recorded_outputs(tmp_path: Path) -> None:
    (tmp_path / ".ftdsl-root").touch()
    # The base model is not taught to answer: it goes on with the words of the question.
    questions = ["What is the capital of France?", "What is the capital of Japan?",
                 "Which colour is the sky?", "How many legs has a spider?"]  # fmt: skip
    answers = ["France", "Japan", "sky", "spider"]
    write_cases(tmp_path, list(zip(questions, answers, strict=True)) * 6)
    replay(tmp_path, "none", {f"c{i}": "I do not know." for i in range(24)})
    (tmp_path / "a.ftspec").write_text(
        """ftspec 1

schema ticket extends chat { id: text }

model gemma { provider = local  package = "gemma-3-270m"  context = 512  max_tokens = 24 }
model none { provider = replay  outputs = jsonl("none.jsonl", id: "id", output: "output") }

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id = id
  score found = contains_match(output, reply.text)
}

select base {
  from = [gemma, none]
  eval = golden
  require model.privacy == "on_premises"
  require model.context >= 400
  best = max(found.mean)
}
"""
    )
    view = apply(plan(tmp_path / "a.ftspec", only=("select.base",)))
    (output,) = (s.output for s in view.result.steps if isinstance(s.output, SelectOutput))
    assert output.contenders[0].model == "gemma"
    assert (output.contenders[0].value or 0) > 0.3
    assert output.contenders[0].latency["p50"] > 0


def test_a_judge_that_misses_its_canaries_ranks_nobody(tmp_path: Path) -> None:
    where = desk(tmp_path)
    for model, share in (("a", 0.9), ("b", 0.2)):
        publish(where, model, [float(i < 100 * share) for i in range(100)])
        output = where.outputs[f"eval.golden.{model}"]
        assert isinstance(output, EvalOutput)
        missed = JudgeReport(
            kind="judge", models=("mini",), canaries=4, canaries_missed=("an empty answer",)
        )
        judged = output.model_copy(update={"judges": {"exact": missed}})
        where.outputs = {**where.outputs, f"eval.golden.{model}": judged}
    output = run_select(select_step(), where)
    assert (output.verdict, output.chosen) == ("inconclusive", ())
    assert {one.out for one in output.contenders} == {
        "not ranked: the judge of `exact` misses 1 of 4 canaries"
    }
