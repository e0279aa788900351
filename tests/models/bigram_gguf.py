"""A real GGUF model of 0.5 MB whose answers are known: each character is followed by one other.

Attention and feed-forward weights are zero, so that llama.cpp's answer is a walk through a table
of characters: it answers a prompt by its last character. An adapter changes one entry of the table.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

_SPECIAL = ("<pad>", "<bos>", "<eos>")
_HEADS = 4
_HIDDEN = 264
_FORWARD = 8
TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
FOLLOWS = {
    "1": "r", "r": "e", "e": "d", "d": "<eos>",
    "2": "i", "i": "n", "n": "k", "k": "<eos>",
    "3": "s", "s": "p", "p": "y", "y": "<eos>",
    "4": "<eos>",
    "b": "o", "o": "w", "w": "<eos>",
    "L": "L",
}  # fmt: skip


def alphabet() -> list[str]:
    """The 256 printable stand-ins for bytes of GPT-2's byte-level tokenizer, in byte order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


VOCABULARY = [*_SPECIAL, *alphabet()]


def _number(token: str) -> int:
    return VOCABULARY.index(token)


def write_model(path: Path) -> Path:
    """Write the model. "1" is answered "red", "2" "ink", "3" "spy", "4" nothing, "L" for ever."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(512)
    writer.add_embedding_length(_HIDDEN)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_HIDDEN // _HEADS)
    writer.add_vocab_size(len(VOCABULARY))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(VOCABULARY)
    kinds = [gguf.TokenType.CONTROL] * len(_SPECIAL)
    writer.add_token_types([*kinds, *[gguf.TokenType.NORMAL] * 256])
    writer.add_token_merges(["\u0100 \u0101"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    embedding = np.eye(len(VOCABULARY), _HIDDEN, dtype=np.float32)
    output = np.zeros((len(VOCABULARY), _HIDDEN), dtype=np.float32)
    for before, after in FOLLOWS.items():
        output[_number(after), _number(before)] = 1.0
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", np.ones(_HIDDEN, dtype=np.float32))
    _zero_block(writer)
    _close(writer)
    return path


def _zero_block(writer: gguf.GGUFWriter) -> None:
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", np.ones(_HIDDEN, dtype=np.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros((_HIDDEN, _HIDDEN), dtype=np.float32))
    for name in ("ffn_gate", "ffn_up"):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros((_FORWARD, _HIDDEN), dtype=np.float32))
    writer.add_tensor("blk.0.ffn_down.weight", np.zeros((_HIDDEN, _FORWARD), dtype=np.float32))


def write_adapter(path: Path, before: str = "4", after: str = "b") -> Path:
    """Write a LoRA adapter of rank 1 after which ``before`` is followed by ``after``."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 1.0)
    a = np.zeros((1, _HIDDEN), dtype=np.float32)
    b = np.zeros((len(VOCABULARY), 1), dtype=np.float32)
    a[0, _number(before)] = 1.0
    b[_number(after), 0] = 4.0
    writer.add_tensor("output.weight.lora_a", a)
    writer.add_tensor("output.weight.lora_b", b)
    _close(writer)
    return path


def _close(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
