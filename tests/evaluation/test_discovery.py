"""Weak slices that nobody declared, agreement of scores, confusion: known answers and chance."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ftdsl.evaluation.labels import agreements
from ftdsl.evaluation.step import run_eval
from ftdsl.language.program import FieldDef, ModelDef, SchemaDef, SourceDef, Type
from ftdsl.plan.steps import EvalStep
from ftdsl.results.models import EvalOutput
from ftdsl.statistics.looks import benjamini_hochberg, fisher, group_p_value
from tests.evaluation.evals import eval_def, eval_step, name, replay, score, write_cases
from tests.models.desk import desk

TOPICS = ["refund of my order", "password of the account", "delivery to the door"]
FIELDS = (FieldDef("id", Type("text")), FieldDef("kind", Type("text")))
ASKED = SchemaDef("asked", "completion", FIELDS)


@given(data=st.data(), total=st.integers(2, 60))
@settings(max_examples=60, deadline=None)
def test_fisher_as_scipy_has_it(data: st.DataObject, total: int) -> None:
    n = data.draw(st.integers(1, total - 1))
    all_right = data.draw(st.integers(0, total))
    right = data.draw(st.integers(max(0, n - (total - all_right)), min(n, all_right)))
    table = [[right, n - right], [all_right - right, total - n - (all_right - right)]]
    assert fisher(right, n, all_right, total) == pytest.approx(stats.fisher_exact(table)[1])


def test_graded_groups_are_compared_by_welchs_t() -> None:
    draw = np.random.default_rng(3)
    own, rest = draw.beta(2, 3, 25), draw.beta(3, 2, 80)
    want = stats.ttest_ind(own, rest, equal_var=False).pvalue
    assert group_p_value(own, rest) == pytest.approx(want)


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=40))
@settings(max_examples=60)
def test_benjamini_hochberg_as_scipy_has_it(p: list[float]) -> None:
    assert benjamini_hochberg(p) == pytest.approx(list(stats.false_discovery_control(p)))


def evaluated(folder: Path, wrong: list[bool], kinds: list[str], prompts: list[str]) -> EvalOutput:
    rows = [
        {"id": f"c{i}", "prompt": prompt, "completion": "a", "kind": kind, "length": i % 7}
        for i, (prompt, kind) in enumerate(zip(prompts, kinds, strict=True))
    ]
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = replay(folder, "m", {f"c{i}": "b" if bad else "a" for i, bad in enumerate(wrong)})
    return run_eval(step_of(model), desk(folder))


def step_of(model: ModelDef) -> EvalStep:
    whole = replace(eval_def(), schema=ASKED, sources=(SourceDef("jsonl", "cases.jsonl"),))
    return eval_step(model, whole)


def test_a_weak_value_and_a_weak_kind_of_prompt_are_found(tmp_path: Path) -> None:
    draw = random.Random(7)
    prompts = [f"please help with the {TOPICS[i % 3]} number {i}" for i in range(240)]
    kinds = [draw.choice(["web", "phone", "mail"]) for _ in range(240)]
    wrong = [
        draw.random() < (0.6 if kinds[i] == "mail" or i % 3 == 1 else 0.05) for i in range(240)
    ]
    found = evaluated(tmp_path, wrong, kinds, prompts).weak
    told = {one.source: one for one in found}
    assert told["kind"].value == "mail"
    assert "password" in told["prompts like"].value
    for one in found:
        assert one.q <= 0.10
        assert one.q >= one.p
        assert one.difference < 0
        assert one.mean < one.rest
    assert all(wrong[int(example[1:])] for one in found for example in one.examples)


def test_chance_is_seldom_told(tmp_path: Path) -> None:
    """Forty evals without any weak slice: most tell none, where each look alone would."""
    told = looks = 0
    for seed in range(40):
        draw = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        prompts = [f"{draw.choice(TOPICS)} {draw.choice(TOPICS)}" for _ in range(90)]
        kinds = [draw.choice("abcde") for _ in range(90)]
        wrong = [draw.random() < 0.3 for _ in range(90)]
        told += bool(evaluated(folder, wrong, kinds, prompts).weak)
        looks += 1
    assert told <= 0.25 * looks


def test_few_cases_are_not_looked_at(tmp_path: Path) -> None:
    found = evaluated(tmp_path, [i < 20 for i in range(40)], ["a"] * 20 + ["b"] * 20, ["q"] * 40)
    assert found.weak == ()


def test_agreement_of_scores() -> None:
    rows = [{"a": 1.0, "b": 1.0}] * 40 + [{"a": 1.0, "b": 0.0}] * 10 + [{"a": 0.0, "b": 0.0}] * 50
    (one,) = agreements(["a", "b"], rows)
    # By hand: observed 0.9, by chance 0.5 · 0.4 + 0.5 · 0.6 = 0.5.
    assert (one.n, one.same, one.kappa) == (100, 0.9, pytest.approx(0.8))
    assert one.correlation == pytest.approx(
        np.corrcoef([r["a"] for r in rows], [r["b"] for r in rows])[0, 1]
    )
    assert agreements(["a", "c"], rows) == ()


def test_confusion_and_f1_of_labels(tmp_path: Path) -> None:
    """Against the figures of a hand-made table: cat 5/1/0, dog 2/6/1 and one other, bird 0/0/3."""
    pairs = (
        [("cat", "cat")] * 5 + [("cat", "Dog ")] + [("dog", "cat")] * 2 + [("dog", "dog")] * 6
        + [("dog", "bird")] + [("dog", "a horse")] + [("bird", "bird")] * 3
    )  # fmt: skip
    rows = [
        {"id": f"c{i}", "prompt": "?", "completion": want, "kind": "k"}
        for i, (want, _) in enumerate(pairs)
    ]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = replay(tmp_path, "m", {f"c{i}": got for i, (_, got) in enumerate(pairs)})
    found = run_eval(step_of(model), desk(tmp_path)).confusion
    assert found is not None
    assert [one.label for one in found.labels] == ["bird", "cat", "dog"]
    assert found.given == ("bird", "cat", "dog", "(other)")
    assert found.counts == ((3, 0, 0, 0), (0, 5, 1, 0), (1, 2, 6, 1))
    f1 = [2 * 3 / (4 + 3), 2 * 5 / (7 + 6), 2 * 6 / (7 + 10)]
    assert [one.f1 for one in found.labels] == pytest.approx(f1)
    assert found.macro_f1 == pytest.approx(sum(f1) / 3)
    assert found.micro_f1 == pytest.approx(2 * 14 / (18 + 19))
    assert found.labels[2].recall == pytest.approx(0.6)


def test_free_texts_are_no_labels(tmp_path: Path) -> None:
    write_cases(tmp_path, [(f"q{i}", f"answer {i}") for i in range(30)])
    model = replay(tmp_path, "m", {f"c{i}": "x" for i in range(30)})
    step = eval_step(model, eval_def(score("exact", "exact_match", name("reply.text"))))
    assert run_eval(step, desk(tmp_path)).confusion is None
