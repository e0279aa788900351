"""What a base's files say of its tokens: tokenizer.json, its own template, where it stops."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.plan.digests import DIGESTS_FILE, FileDigests
from ftdsl.plan.steps import TrainStep
from ftdsl.training.local.base_model import Place, converted_folder, tokenizer_folder
from ftdsl.training.local.conversion import TOKENIZER
from ftdsl.training.local.gguf_header import GgufHeader, NotGguf, read_header

_NOWHERE = Span("", 0, 0)
_CONFIGURATION = "tokenizer_config.json"
_TEMPLATE = "chat_template.jinja"
_NAMED = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
_STOPPING = (
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|return|>",
    "<|call|>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "<end_of_utterance>",
)
"""Tokens that llama.cpp stops at wherever a vocabulary has them (src/llama-vocab.cpp)."""
_LOOK = 0.2


@dataclass(frozen=True, slots=True)
class BaseTokenizer:
    """``content`` is a tokenizer.json of which ``sha256`` is; ``variables`` are the special tokens
    that templates read; ``template`` the base's own, if it has one; ``stops`` the tokens that a
    server of it stops at, as ``source`` says."""

    content: bytes
    sha256: str
    variables: tuple[tuple[str, str], ...]
    template: str | None
    stops: tuple[int, ...]
    source: str


def base_tokenizer(step: TrainStep, place: Place, context: Context) -> BaseTokenizer:
    """The tokenizer of the base at ``place``. Raises ``Refused`` (FT602, FT691)."""
    if place.path.suffix == ".gguf":
        return _of_gguf(step, place.path, context)
    folder = place.path
    source = folder
    if not (folder / TOKENIZER).is_file():
        source = _made(step, folder, _folder_key(folder), context)
    made = _read(step, source)
    stops, told = _folder_stops(folder, made)
    return BaseTokenizer(*made[:4], stops=stops, source=told)


def _of_gguf(step: TrainStep, path: Path, context: Context) -> BaseTokenizer:
    try:
        header = read_header(path)
    except NotGguf as error:
        message = f"the base model `{path.name}` is no GGUF file that can be read: {error}"
        raise Refused(_diagnostic(step, "FT602", message)) from error
    digests = FileDigests(context.cache / DIGESTS_FILE)
    key = digests.facts(path).sha256
    digests.save()
    content, sha256, variables, template, _ = _read(step, _made(step, path, key, context))
    own = header.fields.get("tokenizer.chat_template")
    stops = _gguf_stops(header, content)
    return BaseTokenizer(
        content,
        sha256,
        variables,
        own if isinstance(own, str) else template,
        stops,
        "the GGUF header, and the end tokens that llama.cpp knows by name",
    )


_Read = tuple[bytes, str, tuple[tuple[str, str], ...], str | None, str]


def _read(step: TrainStep, folder: Path) -> _Read:
    """Tokenizer, its digest, variables, template, and the end token's text."""
    try:
        content = (folder / TOKENIZER).read_bytes()
        parsed = orjson.loads(content)
    except (OSError, orjson.JSONDecodeError) as error:
        raise Refused(_unreadable(step, folder, str(error))) from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("model"), dict):
        raise Refused(_unreadable(step, folder, "it has no `model`"))
    settings = _object(folder / _CONFIGURATION)
    variables = []
    for name in _NAMED:
        token = settings.get(f"{name}_token")
        token = token.get("content") if isinstance(token, dict) else token
        if isinstance(token, str):
            variables.append((f"{name}_token", token))
    digest = hashlib.sha256(content).hexdigest()
    end = dict(variables).get("eos_token", "")
    return content, digest, tuple(variables), _own_template(folder, settings), end


def _own_template(folder: Path, settings: dict[str, Any]) -> str | None:
    """``chat_template.jinja``, else what the configuration holds: a text, or several by name."""
    if (folder / _TEMPLATE).is_file():
        return (folder / _TEMPLATE).read_text(encoding="utf-8", errors="replace")
    found = settings.get("chat_template")
    if isinstance(found, list):
        named = {one.get("name"): one.get("template") for one in found if isinstance(one, dict)}
        found = named.get("default")
    return found if isinstance(found, str) else None


def _folder_stops(folder: Path, made: _Read) -> tuple[tuple[int, ...], str]:
    """The ids at which a server of this folder stops: those of generation_config.json, else of
    config.json, else the tokenizer's end token."""
    for name in ("generation_config.json", "config.json"):
        settings = _object(folder / name)
        inner = settings.get("text_config")
        stated = settings.get("eos_token_id")
        if stated is None and isinstance(inner, dict):
            stated = inner.get("eos_token_id")
        ids = stated if isinstance(stated, list) else [stated]
        found = tuple(one for one in ids if isinstance(one, int))
        if found:
            return found, f"`eos_token_id` of {name}"
    return _ids(made[0], (made[4],)), f"`eos_token` of {_CONFIGURATION}"


def _gguf_stops(header: GgufHeader, content: bytes) -> tuple[int, ...]:
    stated = (header.fields.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot"))
    numbers = [one for one in stated if isinstance(one, int)]
    return tuple(dict.fromkeys((*numbers, *_ids(content, _STOPPING))))


def _ids(content: bytes, names: tuple[str, ...]) -> tuple[int, ...]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_buffer(content)
    found = (tokenizer.token_to_id(name) for name in names if name)
    return tuple(one for one in found if one is not None)


def _object(path: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _folder_key(folder: Path) -> str:
    whole = hashlib.sha256()
    for file in sorted(folder.glob("*token*")) + sorted(folder.glob("*.model")):
        whole.update(file.name.encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()


def _made(step: TrainStep, source: Path, key: str, context: Context) -> Path:
    """The tokenizer of ``source`` as transformers writes it, made once and kept in the cache."""
    target = tokenizer_folder(context.cache, key)
    if (target / TOKENIZER).is_file():
        return target
    whole = converted_folder(context.cache, key)
    if (whole / TOKENIZER).is_file():
        return whole
    target.parent.mkdir(parents=True, exist_ok=True)
    progress = context.progress("reading the base's tokenizer, once", None, "files")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[3])
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", f"{__package__}.conversion", str(source), str(target)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        told = _waited(process, context)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        progress.close()
    if process.returncode != 0:
        raise Refused(_unreadable(step, source, (told.strip().splitlines() or ["it failed"])[-1]))
    return target


def _waited(process: subprocess.Popen[bytes], context: Context) -> str:
    """What it said last, once it has ended; looks at signals meanwhile."""
    while True:
        try:
            _, told = process.communicate(timeout=_LOOK)
        except subprocess.TimeoutExpired:
            context.checkpoint()
        else:
            return told.decode("utf-8", "replace")


def _unreadable(step: TrainStep, place: Path, why: str) -> Diagnostic:
    return Diagnostic(
        "FT691",
        f"the tokenizer of the base `{place.name}` cannot be read: {why[:300]}",
        step.train.span or _NOWHERE,
        help="a base's folder holds tokenizer.json and tokenizer_config.json, as "
        "`tokenizer.save_pretrained` writes them",
    )


def _diagnostic(step: TrainStep, code: str, message: str) -> Diagnostic:
    return Diagnostic(code, message, step.train.span or _NOWHERE)
