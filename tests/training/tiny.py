"""A Llama of 90,000 random parameters with a byte tokenizer, as a folder and as a GGUF file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ftdsl.engine.console import QuietConsole
from ftdsl.engine.context import Policy
from ftdsl.engine.run import StepContext
from ftdsl.engine.signals import StopRequest
from ftdsl.language.program import DatasetDef, SchemaDef, SourceDef, TrainDef, Value
from ftdsl.plan.steps import TrainStep

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'assistant' %}<|assistant|>"
    "{% generation %}{{ m['content'] + eos_token }}{% endgeneration %}"
    "{% else %}<|user|>{{ m['content'] }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_SPECIAL = ["<pad>", "<bos>", "<eos>", "<|user|>", "<|assistant|>"]
SETTINGS: dict[str, Value] = {
    "method": "sft",
    "adapter": "lora",
    "adapter.rank": 4,
    "adapter.alpha": 8,
    "adapter.dropout": 0.0,
    "adapter.targets": "all-linear",
    "learning_rate": 1e-2,
    "n_epochs": 3,
    "max_steps": 10,
    "batch_size": 8,
    "accumulation": 1,
    "max_length": 64,
    "packing": False,
    "assistant_only_loss": True,
    "warmup_ratio": 0.0,
    "scheduler": "linear",
    "weight_decay": 0.0,
    "max_grad_norm": 1.0,
    "seed": 0,
    "log_every": 1,
    "eval_every": 5,
    "save_every": 2,
    "precision": "auto",
}


def write_folder(folder: Path, *, template: str | None = TEMPLATE) -> Path:
    """The model as transformers saves it; always the same bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*_SPECIAL, *alphabet, "re"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[("r", "e")]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(_SPECIAL)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>"
    )
    tokenizer.chat_template = template
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            tie_word_embeddings=True,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_gguf(source: Path, target: Path) -> Path:
    """The folder ``source`` as a GGUF file, with llama.cpp's names and row order."""
    import gguf
    import numpy as np
    from safetensors import safe_open

    config = json.loads((source / "config.json").read_text())
    words = json.loads((source / "tokenizer.json").read_text())
    heads, pairs = config["num_attention_heads"], config["num_key_value_heads"]
    layers = config["num_hidden_layers"]
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(layers)
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(pairs)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(config["hidden_size"] // heads)
    writer.add_vocab_size(config["vocab_size"])
    tokens = sorted(words["model"]["vocab"], key=words["model"]["vocab"].__getitem__)
    special = {one["content"] for one in words["added_tokens"]}
    kinds = [
        gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in tokens
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["r e"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
    table = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, layers)
    with safe_open(source / "model.safetensors", "np") as tensors:
        for key in tensors.keys():  # noqa: SIM118 (it is no mapping)
            value = tensors.get_tensor(key).astype(np.float32)
            for name, count in (("q_proj", heads), ("k_proj", pairs)):
                if key.endswith(f"{name}.weight"):
                    value = _in_pairs(value, count)
            name = table.get_name(key, try_suffixes=(".weight",))
            writer.add_tensor(name, np.ascontiguousarray(value))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def _in_pairs(value: Any, heads: int) -> Any:
    shape = value.shape
    return value.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


COLOURS = ("red", "green", "blue", "pink")


def write_rows(root: Path, rows: int = 64, name: str = "rows.jsonl") -> None:
    """Questions with four answers, as a chat dataset."""
    with (root / name).open("w", encoding="utf-8") as file:
        for number in range(rows):
            turns = [
                {"role": "user", "content": f"colour {number % 4} of {number}?"},
                {"role": "assistant", "content": COLOURS[number % 4]},
            ]
            file.write(json.dumps({"messages": turns}) + "\n")


def write_pairs(root: Path, rows: int = 32, name: str = "rows.jsonl") -> None:
    """Questions whose right colour is preferred to the next one."""
    with (root / name).open("w", encoding="utf-8") as file:
        for number in range(rows):
            row = {
                "prompt": f"colour {number % 4} of {number}?",
                "chosen": COLOURS[number % 4],
                "rejected": COLOURS[(number + 1) % 4],
            }
            file.write(json.dumps(row) + "\n")


def write_marked(root: Path, rows: int = 32, name: str = "rows.jsonl") -> None:
    """Questions with an answer each, of which the first half is right."""
    with (root / name).open("w", encoding="utf-8") as file:
        for number in range(rows):
            right = number < rows // 2
            turns = [
                {"role": "user", "content": f"colour {number % 4} of {number}?"},
                {"role": "assistant", "content": COLOURS[(number + (not right)) % 4]},
            ]
            file.write(json.dumps({"messages": turns, "label": right}) + "\n")


WRITERS = {"sft": write_rows, "dpo": write_pairs, "orpo": write_pairs, "kto": write_marked}
_BASES = {"sft": "chat", "dpo": "preference", "orpo": "preference", "kto": "kto"}
_OF_SFT = ("packing", "assistant_only_loss")


def step(base: str = "base", **settings: Value) -> TrainStep:
    """Training of ``tiny`` on rows.jsonl, watched on held.jsonl."""
    chosen = {**SETTINGS, **settings}
    method = str(chosen["method"])
    if method != "sft":
        chosen = {key: value for key, value in chosen.items() if key not in _OF_SFT}
    values = {key: value for key, value in chosen.items() if value is not None}
    schema = SchemaDef(_BASES[method], _BASES[method])
    train = TrainDef(
        "tiny", ("rows", None), ("held", None), base, "trl", tuple(sorted(values.items()))
    )
    datasets = tuple(
        DatasetDef(name, schema, (SourceDef("jsonl", f"{name}.jsonl"),))
        for name in ("rows", "held")
    )
    return TrainStep(id="train.tiny", name="tiny", train=train, datasets=datasets)


def context(root: Path, stop: StopRequest | None = None, work: str = "work") -> StepContext:
    """The engine's own context, quiet and with one thread, so that sums are in one order."""
    place, cache = root / ".out" / work, root / ".out" / "cache"
    place.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    return StepContext(
        root, place, cache, Policy(workers=1), {}, {}, QuietConsole(), stop or StopRequest()
    )
