"""How a PEFT adapter becomes a GGUF adapter that llama.cpp puts over its base model.

The names and the row order are llama.cpp's (``convert_lora_to_gguf.py``): A is ``NAME.lora_a``,
B is ``NAME.lora_b``, and for the architecture ``llama`` the rows of q and k are permuted in pairs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ftdsl.training.local.gguf_header import GgufHeader, read_header

_SUFFIXES = {".lora_A.weight": "lora_a", ".lora_B.weight": "lora_b"}
_ROTATED = re.compile(r"attn_[qk]\.weight$")


class NoCounterpart(Exception):
    """A tensor of the adapter has no place in the base model's GGUF file."""


def write_adapter_gguf(adapter: Path, base: Path, target: Path) -> int:
    """Write ``target`` from the PEFT folder ``adapter`` for the GGUF file ``base``; returns the
    number of tensors. Raises ``NoCounterpart`` or ``NotGguf``."""
    import gguf
    from safetensors import safe_open

    header = read_header(base)
    names = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
    if header.architecture not in names:
        raise NoCounterpart(f"the architecture `{header.architecture}` is not known")
    blocks = header.number("block_count")
    table = gguf.get_tensor_name_map(names[header.architecture], blocks)
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(target, header.architecture)
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(config["lora_alpha"]))
    count = 0
    with safe_open(adapter / "adapter_model.safetensors", "np") as tensors:
        for key in sorted(tensors.keys()):
            name, part = _counterpart(key, table)
            writer.add_tensor(
                f"{name}.{part}", _reordered(tensors.get_tensor(key), name, part, header)
            )
            count += 1
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return count


def _counterpart(key: str, table: Any) -> tuple[str, str]:
    """The base tensor's name in GGUF, and ``lora_a`` or ``lora_b``."""
    for suffix, part in _SUFFIXES.items():
        if key.endswith(suffix):
            stem = key.removeprefix("base_model.model.").removesuffix(suffix)
            name = table.get_name(f"{stem}.weight", try_suffixes=(".weight",))
            if name is None:
                raise NoCounterpart(f"`{stem}` has no counterpart in GGUF")
            return str(name), part
    raise NoCounterpart(f"`{key}` is no part of a low-rank adapter")


def _reordered(value: Any, name: str, part: str, header: GgufHeader) -> Any:
    """The matrix as float32 in llama.cpp's row order; its shape is checked against the base."""
    import numpy as np

    matrix = value.astype(np.float32)
    shape = header.shapes.get(name)
    if shape is None:
        raise NoCounterpart(f"the base model has no tensor `{name}`")
    inner = matrix.shape[1] if part == "lora_a" else matrix.shape[0]
    if inner != shape[0 if part == "lora_a" else 1]:
        raise NoCounterpart(f"`{name}` is {shape}, and its {part} is {matrix.shape}")
    if header.architecture == "llama" and part == "lora_b" and _ROTATED.search(name):
        heads = header.number("attention.head_count" + ("_kv" if "attn_k" in name else ""))
        pairs = matrix.reshape(heads, 2, matrix.shape[0] // heads // 2, matrix.shape[1])
        matrix = np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(matrix.shape))
    return matrix
