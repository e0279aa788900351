"""How a GGUF file becomes a folder that transformers can train from. Runs in the worker."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

#: Written last: a folder without it is half made.
WHOLE = "converted.json"


def convert_gguf(source: Path, target: Path) -> None:
    """Write the weights of ``source`` as float32 and its tokenizer to the folder ``target``, all
    or nothing. Quantized weights are expanded: the adapter is then trained on the very values that
    the quantized model computes with."""
    if (target / WHOLE).is_file():
        return
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    for leftover in target.parent.glob(f".{target.name}.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir(parents=True)
    folder, name = str(source.parent), source.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    tokenizer.save_pretrained(temporary)
    # Without `dequantize` the model cannot be trained or saved.
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        gguf_file=name,
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
    )
    model.save_pretrained(temporary)
    (temporary / WHOLE).write_text("{}\n", encoding="ascii")
    for file in temporary.iterdir():
        _flush(file)
    _flush(temporary)
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    _flush(target.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
