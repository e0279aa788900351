"""The parts of training on their own: header, memory, checkpoints, curve, card, masks, adapter."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.reports.model_card import scored_card
from ftdsl.results.models import (
    CurvePoint,
    Estimate,
    EvalOutput,
    GateOutput,
    Requirement,
    TrainOutput,
)
from ftdsl.training.local import conversion
from ftdsl.training.local.adapter_gguf import NoCounterpart, write_adapter_gguf
from ftdsl.training.local.card import model_card
from ftdsl.training.local.checkpoints import FOLDER, latest_whole, seal
from ftdsl.training.local.conversion import convert_gguf
from ftdsl.training.local.curve import loss_curve
from ftdsl.training.local.gguf_header import NotGguf, read_header
from ftdsl.training.local.job import settings_of
from ftdsl.training.local.memory import Shape, available_bytes, estimated_bytes
from ftdsl.training.local.tokens import IGNORED, encode
from tests.training import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("model")
    tiny.write_folder(place / "base")
    tiny.write_gguf(place / "base", place / "tiny.gguf")
    return place


def test_the_header_agrees_with_the_reference_reader(folder: Path) -> None:
    import gguf

    header = read_header(folder / "tiny.gguf")
    reference = gguf.GGUFReader(folder / "tiny.gguf")
    assert header.architecture == "llama"
    assert header.number("attention.head_count_kv") == 2
    assert header.shapes == {
        tensor.name: tuple(int(size) for size in tensor.shape) for tensor in reference.tensors
    }


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_gguf_are_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "x.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 2, 2) + data)
    with pytest.raises(NotGguf):
        read_header(path)


def test_a_header_cut_anywhere_is_refused(folder: Path, tmp_path: Path) -> None:
    data = (folder / "tiny.gguf").read_bytes()
    for length in (0, 3, 10, 30, 100, 400):
        cut = tmp_path / "cut.gguf"
        cut.write_bytes(data[:length])
        with pytest.raises(NotGguf):
            read_header(cut)


def test_conversion_gives_the_weights_back(folder: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file
    from transformers import AutoTokenizer

    convert_gguf(folder / "tiny.gguf", tmp_path / "out")
    before = load_file(folder / "base" / "model.safetensors")
    after = load_file(tmp_path / "out" / "model.safetensors")
    assert set(before) <= set(after)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)
    text = "red héllo ✓"
    there = AutoTokenizer.from_pretrained(tmp_path / "out")
    here = AutoTokenizer.from_pretrained(folder / "base")
    assert there(text)["input_ids"] == here(text)["input_ids"]
    assert not list(tmp_path.glob(".out.*"))


def test_a_tokenizer_that_was_converted_is_taken(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = folder / "tiny.gguf"
    convert_gguf(source, tmp_path / "alone")
    conversion.write_tokenizer(source, tmp_path / "kept")
    monkeypatch.delattr(conversion, "write_tokenizer")
    convert_gguf(source, tmp_path / "with", tmp_path / "kept")
    for file in (tmp_path / "alone").iterdir():
        assert (tmp_path / "with" / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_half_made_conversion_is_made_anew(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.json").write_text("{")
    (tmp_path / ".out.999").mkdir()
    convert_gguf(folder / "tiny.gguf", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "config.json").read_text())["model_type"] == "llama"
    assert not (tmp_path / ".out.999").exists()


def _adapter(folder: Path, tensors: dict[str, Any]) -> Path:
    from safetensors.numpy import save_file

    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"lora_alpha": 8}))
    return folder


def test_an_adapter_keeps_its_product_under_llamas_row_order(folder: Path, tmp_path: Path) -> None:
    """B·A added to the file's own q weights is the file of the sum."""
    import gguf
    from safetensors.numpy import load_file, save_file

    stem = "base_model.model.model.layers.0.self_attn.q_proj"
    random = np.random.default_rng(0)
    a = random.normal(size=(4, 64)).astype(np.float32)
    b = random.normal(size=(64, 4)).astype(np.float32)
    parts = {f"{stem}.lora_A.weight": a, f"{stem}.lora_B.weight": b}
    adapter = _adapter(tmp_path / "adapter", parts)
    assert write_adapter_gguf(adapter, folder / "tiny.gguf", tmp_path / "adapter.gguf") == 2
    made = {one.name: one.data for one in gguf.GGUFReader(tmp_path / "adapter.gguf").tensors}
    change = made["blk.0.attn_q.weight.lora_b"] @ made["blk.0.attn_q.weight.lora_a"]
    weights = load_file(folder / "base" / "model.safetensors")
    weights["model.layers.0.self_attn.q_proj.weight"] += b @ a
    (tmp_path / "sum").mkdir()
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / "sum" / name).write_bytes((folder / "base" / name).read_bytes())
    save_file(weights, tmp_path / "sum" / "model.safetensors")
    tiny.write_gguf(tmp_path / "sum", tmp_path / "sum.gguf")
    q = [
        next(t.data for t in gguf.GGUFReader(path).tensors if t.name == "blk.0.attn_q.weight")
        for path in (folder / "tiny.gguf", tmp_path / "sum.gguf")
    ]
    np.testing.assert_allclose(q[0] + change, q[1], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("model.layers.0.self_attn.q_proj.lora_A.weight", (4, 63)),
        ("model.layers.9.self_attn.q_proj.lora_A.weight", (4, 64)),
        ("model.layers.0.self_attn.q_proj.lora_magnitude_vector", (4, 64)),
        ("model.nowhere.lora_A.weight", (4, 64)),
    ],
)
def test_an_adapter_without_a_place_is_refused(
    folder: Path, tmp_path: Path, name: str, shape: tuple[int, int]
) -> None:
    tensors = {f"base_model.model.{name}": np.zeros(shape, np.float32)}
    adapter = _adapter(tmp_path / "adapter", tensors)
    with pytest.raises(NoCounterpart):
        write_adapter_gguf(adapter, folder / "tiny.gguf", tmp_path / "adapter.gguf")


def test_only_the_assistants_tokens_are_learned(folder: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    turns = [("user", "one"), ("assistant", "two"), ("user", "six"), ("assistant", "ten")]
    line = json.dumps([{"role": role, "content": text} for role, text in turns])
    (tmp_path / "rows.jsonl").write_text(line + "\n")
    chosen = settings_of(tiny.SETTINGS)
    found = encode(tokenizer, tmp_path / "rows.jsonl", "data", chosen)
    rows, lengths = found.dataset, found.lengths
    labels = [one for one in rows[0]["labels"] if one != IGNORED]
    assert tokenizer.decode(labels) == "two<eos>ten<eos>"
    assert len(rows[0]["labels"]) == len(rows[0]["input_ids"]) == lengths.longest
    everything = chosen.model_copy(update={"assistant_only_loss": False})
    rows = encode(tokenizer, tmp_path / "rows.jsonl", "data", everything).dataset
    assert rows[0]["labels"] == rows[0]["input_ids"]


def test_the_compact_loss_is_trls_loss(folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM
    from trl.trainer.utils import add_fused_lm_head

    from ftdsl.training.local.compact_head import use_compact_head

    def scored(*, compact: bool) -> tuple[Any, Any, Any]:
        model = AutoModelForCausalLM.from_pretrained(folder / "base")
        add_fused_lm_head(model, outputs=("log_probs", "entropy", "is_top1"))
        if compact:
            assert use_compact_head(model)
        torch.manual_seed(1)
        ids = torch.randint(5, 200, (3, 12))
        labels = ids.clone()
        labels[:, :5] = IGNORED
        labels[2, 8:] = IGNORED
        out = model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            labels=labels,
            fused_lm_head=True,
        )
        loss = -out.log_probs.sum() / out.label_mask.sum()
        loss.backward()
        return loss.detach(), out.is_top1.sum(), model.model.layers[0].mlp.up_proj.weight.grad

    ours, theirs = scored(compact=True), scored(compact=False)
    assert float(ours[0]) == pytest.approx(float(theirs[0]), rel=1e-5)
    assert int(ours[1]) == int(theirs[1])
    torch.testing.assert_close(ours[2], theirs[2], rtol=1e-4, atol=1e-7)


def test_capped_logits_are_left_to_trl(folder: Path) -> None:
    from transformers import AutoModelForCausalLM

    from ftdsl.training.local.compact_head import use_compact_head

    model = AutoModelForCausalLM.from_pretrained(folder / "base")
    model.config.final_logit_softcapping = 30.0
    assert not use_compact_head(model)


def test_the_last_whole_checkpoint_is_found_and_broken_ones_go(tmp_path: Path) -> None:
    for step in (8, 10, 12):
        folder = tmp_path / FOLDER / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"12345")
        (folder / "training_args.bin").write_bytes(b"pickled")
        if step < 12:
            seal(folder)
            (folder / "more").write_bytes(b"written later")
            seal(folder)
        assert (folder / "training_args.bin").exists() == (step == 12)
    (tmp_path / FOLDER / "checkpoint-10" / "weights").write_bytes(b"123")
    found = latest_whole(tmp_path)
    assert found is not None
    assert found.name == "checkpoint-8"
    assert [one.name for one in (tmp_path / FOLDER).iterdir()] == ["checkpoint-8"]
    assert latest_whole(tmp_path / "nowhere") is None


def test_memory_by_hand() -> None:
    shape = Shape(frozen=1000, trained=10, layers=2, hidden=8, vocabulary=50, tokens=20, learned=5)
    assert estimated_bytes(shape) == 700_000_000 + 4000 + 160 + 21_760 + 3000


def test_memory_is_the_lesser_of_machine_and_group(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   2048 kB\n")
    assert available_bytes(tmp_path / "meminfo", tmp_path) == 2048 * 1024
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert available_bytes(tmp_path / "meminfo", tmp_path) == 2048 * 1024
    (tmp_path / "memory.max").write_text("5000\n")
    assert available_bytes(tmp_path / "meminfo", tmp_path) == 4000
    assert available_bytes(tmp_path / "no", tmp_path / "where") is None


def test_the_curve_joins_what_a_step_logs_apart() -> None:
    history = [
        {"step": 0, "eval_loss": 4.0},
        {"step": 1, "loss": 3.0, "epoch": 0.5, "mean_token_accuracy": 0.25},
        {"step": 1, "eval_loss": 2.5, "epoch": 0.5},
        {"step": 1, "train_runtime": 12.0, "train_loss": 3.0},
    ]
    assert loss_curve(history) == (
        CurvePoint(step=0, eval_loss=4.0),
        CurvePoint(step=1, loss=3.0, eval_loss=2.5, epoch=0.5, token_accuracy=0.25),
    )


def trained(**known: Any) -> TrainOutput:
    """What a training may have come to."""
    usual: dict[str, Any] = {
        "name": "tuned", "target": "trl", "base": "org/base", "rows": 1, "validation_rows": 0,
        "steps": 1, "epochs": 1, "tokens": 1, "trained_parameters": 1, "total_parameters": 1,
        "seconds": 1, "curve": (), "adapter": "adapter", "model_card": "README.md",
        "settings": {"method": "dpo", "adapter": "lora"}, "digests": {"rows": "ab12"},
    }  # fmt: skip
    return TrainOutput(**usual | known)


def test_a_card_is_inert() -> None:
    card = model_card(
        trained(name="x`|<script>\n# y", base='b\x1b[31m"\n---'), "a | b", {"torch": "1"}
    )
    assert "<script" not in card
    assert "\x1b" not in card
    assert "\n# y" not in card
    assert "# x'/‹script> # y" in card
    assert card.count("\n---\n") == 1


def test_a_card_is_read_by_the_hub_with_its_scores() -> None:
    from huggingface_hub import ModelCard

    estimate = Estimate(mean=0.9, low=0.8, high=0.95, n=80, unscored=1, method="Wilson")
    evals = [
        EvalOutput(name="golden", model="tuned", scores={"exact": estimate}),
        EvalOutput(name="golden", model="base", scores={"exact": estimate}),
    ]
    requirement = Requirement(
        requirement="exact.mean >= 82%", candidate="tuned", verdict="pass", estimate=0.9, low=0.8,
        high=0.95, bound=0.82, op=">=", n=80, method="Wilson", confidence=0.95,
    )  # fmt: skip
    gate = GateOutput(name="release", eval="golden", requirements=(requirement,), verdict="pass")
    text = scored_card(model_card(trained(), "apache-2.0", {}), "tuned", evals, [gate])
    card = ModelCard(text)
    data = card.data.to_dict()
    assert (data["base_model"], data["base_model_relation"]) == ("org/base", "adapter")
    assert (data["library_name"], data["license"]) == ("peft", "apache-2.0")
    assert data["tags"] == ["lora", "dpo", "trl", "ftdsl"]
    (result,) = card.data.eval_results
    assert (result.dataset_name, result.metric_type, result.metric_value) == (
        "golden",
        "exact",
        0.9,
    )
    assert result.metric_name == "exact, 95% interval 0.8 to 0.95, 80 cases"
    assert "| golden | exact | 90.0% | [80.0%, 95.0%] | 80 | 1 |" in text
    assert "### Gate release: pass" in text
    assert "| rows | `ab12` |" in text
    whole = model_card(trained(adapter="", weights="model"), "Gemma (terms)", {})
    told = ModelCard(whole).data.to_dict()
    assert (told["library_name"], told["license"]) == ("transformers", "other")
    assert told["base_model_relation"] == "finetune"
