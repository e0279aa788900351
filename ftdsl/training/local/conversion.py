"""How a GGUF file becomes a folder that transformers can train from. Runs in the worker."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

#: Written last: a folder without it is half made.
WHOLE = "converted.json"
TOKENIZER = "tokenizer.json"


def write_tokenizer(source: Path, folder: Path) -> None:
    """Write the tokenizer of ``source``, a GGUF file or a folder of transformers, to ``folder`` as
    transformers saves it. Takes half a minute for a GGUF file of 260,000 tokens."""
    from transformers import AutoTokenizer

    if source.is_file():
        tokenizer = AutoTokenizer.from_pretrained(str(source.parent), gguf_file=source.name)
    else:
        tokenizer = AutoTokenizer.from_pretrained(str(source), trust_remote_code=False)
    tokenizer.save_pretrained(folder)


def convert_gguf(source: Path, target: Path, tokenizer: Path | None = None) -> None:
    """Write the weights of ``source`` as float32 and its tokenizer to the folder ``target``, all
    or nothing. The folder ``tokenizer`` may hold the latter, as ``write_tokenizer`` wrote it.
    Quantized weights are expanded: the adapter is then trained on the very values that the
    quantized model computes with."""
    if (target / WHOLE).is_file():
        return
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    for leftover in target.parent.glob(f".{target.name}.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir(parents=True)
    if tokenizer is not None and (tokenizer / TOKENIZER).is_file():
        shutil.copytree(tokenizer, temporary, dirs_exist_ok=True)
    else:
        write_tokenizer(source, temporary)
    # Without `dequantize` the model cannot be trained or saved.
    model = AutoModelForCausalLM.from_pretrained(
        str(source.parent),
        gguf_file=source.name,
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
