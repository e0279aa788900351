"""What is checked before a training, on real rows and a real base of small size."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ftdsl.engine.context import Refused
from ftdsl.language.program import Value
from ftdsl.plan.steps import PreflightStep
from ftdsl.results.preflight import PreflightOutput
from ftdsl.training.checking.step import run_preflight
from tests.training import tiny
from tests.training.templates import CHATML, trl_template


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_folder(tmp_path_factory.mktemp("model") / "base")


@pytest.fixture
def root(base: Path, tmp_path: Path) -> Path:
    shutil.copytree(base, tmp_path / "base")
    tiny.write_rows(tmp_path, 64)
    with (tmp_path / "held.jsonl").open("w") as file:
        for number in range(30):
            turns = [
                {"role": "user", "content": f"shade {number % 4} of {number}?"},
                {"role": "assistant", "content": tiny.COLOURS[number % 4]},
            ]
            file.write(json.dumps({"messages": turns}) + "\n")
    return tmp_path


def preflight(root: Path, **changed: Value) -> PreflightOutput:
    training = tiny.step(**changed)
    step = PreflightStep(
        id="preflight.tiny", name="tiny", train=training.train, datasets=training.datasets
    )
    return run_preflight(step, tiny.context(root))


def codes(output: PreflightOutput, severity: str = "error") -> set[str]:
    return {one.code for one in output.findings if one.severity == severity}


def verdicts(output: PreflightOutput) -> dict[str, str]:
    return {one.name: one.verdict for one in output.checks}


@pytest.mark.code("FT629")
def test_a_sound_training_passes(root: Path) -> None:
    output = preflight(root)
    assert output.verdict == "pass"
    assert codes(output) == set()
    assert codes(output, "warning") == {"FT629"}  # nobody states a licence
    data = output.split("data")
    assert data is not None
    assert (data.rows, data.left_out, data.over) == (64, 0, 0)
    assert data.masked == data.tokens - data.learned > 0
    assert (
        data.learned == sum(len(tiny.COLOURS[i % 4]) + 1 for i in range(64)) - 32
    )  # `re` is one token
    assert output.kept == 0
    assert preflight(root).kept == 94


def test_the_trainer_sees_the_same(root: Path) -> None:
    from transformers import AutoTokenizer

    from ftdsl.training.examples import write_examples
    from ftdsl.training.local.job import settings_of
    from ftdsl.training.local.tokens import IGNORED, encode

    step, context = tiny.step(max_length=20), tiny.context(root)
    examples = write_examples(step, ("rows", None), root / "turns.jsonl", context)
    tokenizer = AutoTokenizer.from_pretrained(root / "base")
    chosen = settings_of(dict(step.train.settings))
    encoded = encode(tokenizer, examples.path, "data", chosen)
    rows, lengths = encoded.dataset, encoded.lengths
    found = preflight(root, max_length=20).split("data")
    assert found is not None
    assert found.rows == lengths.rows
    assert found.tokens == lengths.tokens
    assert found.over == lengths.cut
    assert found.left_out == lengths.mute
    assert found.learned == sum(one != IGNORED for labels in rows["labels"] for one in labels[1:])


@pytest.mark.code("FT621")
def test_rows_with_nothing_left_are_named(root: Path) -> None:
    output = preflight(root, max_length=16)
    assert output.verdict == "fail"
    found = [one for one in output.findings if one.code == "FT621"]
    assert found[0].path == "rows.jsonl"
    assert found[0].line == 1
    assert "64 of 64 rows" in found[0].message
    assert len(found) == 10  # five of each split
    allowed = preflight(root, max_length=16, max_untrained=1.0)
    assert verdicts(allowed)["trained"] == "warn"
    assert "FT621" in codes(allowed, "warning")


@pytest.mark.code("FT625")
def test_long_rows_are_counted_and_may_be_refused(root: Path) -> None:
    output = preflight(root, max_length=20)
    data = output.split("data")
    assert data is not None
    assert data.over == data.endless == 61
    assert (data.tokens, data.cut_tokens) == (64 * 20, 1430 - 64 * 20)
    assert "FT625" in codes(output, "warning")
    assert "FT625" in codes(preflight(root, max_length=20, max_cut=0.5))


@pytest.mark.parametrize("name", ["llama3_1", "qwen3", "gemma3", "gptoss"])
def test_a_base_whose_template_marks_nothing_fails(root: Path, name: str) -> None:
    (root / "base" / "chat_template.jinja").write_text(trl_template(name))
    output = preflight(root)
    assert output.verdict == "fail"
    assert "FT603" in codes(output)
    assert verdicts(output)["trained"] == "fail"
    assert verdicts(output)["mask"] == "skipped"
    assert codes(output) == {"FT603"}
    finding = next(one for one in output.findings if one.code == "FT603")
    assert (finding.path, finding.line) == ("rows.jsonl", 1)
    assert "all zeros" in finding.message


@pytest.mark.code("FT623")
def test_chatml_on_a_base_without_it_fails(root: Path) -> None:
    (root / "chatml.jinja").write_text(CHATML)
    output = preflight(root, template="chatml.jinja")
    assert {"FT623", "FT624"} <= codes(output)
    told = next(one.message for one in output.findings if one.code == "FT623")
    assert "<|im_end|>" in told
    assert "`<eos>`" in told


@pytest.mark.code("FT622")
def test_what_is_learned_must_be_what_is_said(root: Path) -> None:
    said = "{{ m['content'] + eos_token }}"
    half = tiny.TEMPLATE.replace(said, "{{ m['content'][1:] + eos_token }}")
    (root / "own.jinja").write_text(half)
    output = preflight(root, template="own.jinja", serving_template="own.jinja")
    assert codes(output) == {"FT622"}
    finding = next(one for one in output.findings if one.code == "FT622")
    assert "`ed<eos>` (64 of 64 rows" in finding.message
    assert finding.rule == "mask"


def test_the_served_stop_token_is_that_of_the_generation_config(root: Path) -> None:
    place = root / "base" / "generation_config.json"
    place.write_text(json.dumps({"eos_token_id": [0]}))
    assert "FT623" in codes(preflight(root))
    place.write_text(json.dumps({"eos_token_id": [0, 2]}))
    assert codes(preflight(root)) == set()


@pytest.mark.code("FT624")
def test_another_serving_template_is_seen_and_can_be_named(root: Path) -> None:
    (root / "own.jinja").write_text(tiny.TEMPLATE.replace("<|user|>", "<|user|> "))
    output = preflight(root, template="own.jinja")
    assert codes(output) == {"FT624"}
    message = next(one.message for one in output.findings if one.code == "FT624")
    assert "where training reads" in message
    named = preflight(root, template="own.jinja", serving_template="own.jinja")
    assert codes(named) == set()


@pytest.mark.code("FT626")
def test_rows_in_both_splits_are_found(root: Path) -> None:
    row = json.loads((root / "rows.jsonl").read_text().splitlines()[3])
    for turn in row["messages"]:
        turn["content"] = f" {turn['content'].upper()}"
    with (root / "held.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    output = preflight(root)
    assert codes(output) == {"FT626"}
    finding = next(one for one in output.findings if one.code == "FT626")
    assert (finding.path, finding.line) == ("held.jsonl", 31)
    assert finding.values[0].source == "line 4 of `rows`"


def test_a_shared_prompt_is_a_warning(root: Path) -> None:
    row = json.loads((root / "rows.jsonl").read_text().splitlines()[0])
    row["messages"][1]["content"] = "another colour"
    with (root / "held.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    output = preflight(root)
    assert output.verdict == "pass"
    assert "FT626" in codes(output, "warning")


@pytest.mark.code("FT627")
def test_few_rows(root: Path) -> None:
    tiny.write_rows(root, 9)
    assert codes(preflight(root)) == {"FT627"}
    tiny.write_rows(root, 49)
    assert "FT627" in codes(preflight(root), "warning")


@pytest.mark.code("FT690")
def test_a_row_that_the_template_refuses_is_named(root: Path) -> None:
    refusing = (
        "{% if messages[0]['role'] != 'user' %}{{ raise_exception('user first') }}{% endif %}"
    )
    (root / "own.jinja").write_text(refusing + tiny.TEMPLATE)
    with (root / "rows.jsonl").open("a") as file:
        turns = [{"role": "system", "content": "x"}, {"role": "assistant", "content": "red"}]
        file.write(json.dumps({"messages": turns}) + "\n")
    output = preflight(root, template="own.jinja", serving_template="own.jinja")
    finding = next(one for one in output.findings if one.code == "FT690")
    assert finding.line == 65
    assert "user first" in finding.message


def test_what_findings_show_is_masked(root: Path) -> None:
    with (root / "rows.jsonl").open("a") as file:
        secret = "write to jane.roe@example.com " * 4
        turns = [{"role": "user", "content": secret}, {"role": "assistant", "content": secret}]
        file.write(json.dumps({"messages": turns}) + "\n")
    (root / "own.jinja").write_text(tiny.TEMPLATE.replace(" + eos_token", ""))
    output = preflight(root, template="own.jinja", max_length=400)
    assert "FT623" in codes(output)
    assert "jane.roe@example.com" not in output.model_dump_json()


@pytest.mark.code("FT691")
def test_a_base_without_a_tokenizer_is_refused(root: Path) -> None:
    (root / "base" / "tokenizer.json").write_text("{")
    with pytest.raises(Refused) as refused:
        preflight(root)
    assert refused.value.diagnostic.code == "FT691"


def test_a_template_that_is_none_is_refused(root: Path) -> None:
    (root / "own.jinja").write_text("{% for %}")
    with pytest.raises(Refused) as refused:
        preflight(root, template="own.jinja")
    assert refused.value.diagnostic.code == "FT603"


def test_every_check_says_something(root: Path) -> None:
    assert all(one.told for one in preflight(root).checks)
