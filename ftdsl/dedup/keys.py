"""What decides the arrays that are kept of a chunk, besides its bytes, as one short key.

Named are what the lines compare and how it is hashed, how rows are read and named, the tokenizer,
and the code: the sources that give all this a meaning (masking among them, for what is told of
removed rows) and the versions of the libraries under them.
The similarity is not: another threshold reads the same shingles.
"""

from __future__ import annotations

import hashlib
import sys
import unicodedata
from pathlib import Path
from typing import Any

from ftdsl.language.program import DedupDef, DropDef
from ftdsl.plan.canonical import canonical, digest
from ftdsl.plan.code import code_digest
from ftdsl.plan.steps import DedupStep

SCHEME = ("affine32", "datasketch 2")
"""The permutations of signatures, and the library that they are equal to; a test holds them so."""
_LIBRARIES = ("google-re2", "numpy", "onnxruntime", "orjson", "scipy", "tokenizers", "tiktoken")
_SOURCES = ("data", "dedup", "embeddings", "language", "privacy", "quality")
_UNICODE = f"{sys.version_info[:2]} {unicodedata.unidata_version}"
_NAMES_ONLY = frozenset({"name", "sources", "span"})


def sets_key(step: DedupStep, root: Path) -> str:
    """The key of all that is kept of the chunks of a dataset for the lines of its block."""
    lines = [_line(drop) for drop in step.dedup.drops]
    return digest(
        [
            code_digest(_SOURCES, _LIBRARIES, _UNICODE),
            _of_rows(step),
            _order(step.dedup),
            lines,
            _tokenizer(step, root),
        ]
    )[:32]


def _line(drop: DropDef) -> list[Any]:
    is_signed = drop.algorithm == "minhash" or bool(drop.index)
    signature = [*SCHEME, drop.permutations, drop.seed] if is_signed else []
    n = drop.n if drop.method == "ngram" else 0
    return [drop.method, canonical(drop.on), drop.shingle, signature, n, drop.embeddings]


def _order(dedup: DedupDef) -> list[Any]:
    return [dedup.keep, canonical(dedup.keep_by)]


def _of_rows(step: DedupStep) -> dict[str, Any]:
    dataset = {k: v for k, v in canonical(step.dataset).items() if k not in _NAMES_ONLY}
    if step.dataset.split is not None:
        dataset["split"] = {k: v for k, v in dataset["split"].items() if k not in _NAMES_ONLY}
    return dataset


def _tokenizer(step: DedupStep, root: Path) -> str:
    """The digest of the files that tokens are counted with, as far as there are any."""
    whole = hashlib.sha256()
    place = root / step.dataset.tokenizer
    template = [root / step.dataset.template] if step.dataset.template is not None else []
    for file in (place, place.parent / "tokenizer_config.json", *template):
        try:
            whole.update(b"\0" + file.read_bytes())
        except (OSError, ValueError):
            whole.update(b"\1")
    return whole.hexdigest()
