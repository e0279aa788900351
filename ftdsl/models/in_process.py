"""A folder of safetensors weights as a model of this process, run by transformers.

Nothing is fetched and no code of the folder is run. One question at a time: what else is in a batch
changes the sums that an answer is made of.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import ModelDef
from ftdsl.models.answer import Answer, Question, Session, Turn

_NOWHERE = Span("", 0, 0)


@dataclass(frozen=True, slots=True)
class InProcess:
    """``template`` is the text of a chat template, or None for the folder's own."""

    definition: ModelDef
    folder: Path
    template: str | None
    identity: Mapping[str, str]
    concurrency: int = 1

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        loaded = await asyncio.to_thread(_loaded, self)
        try:
            yield loaded
        finally:
            loaded.stop.set()


def weights_folder(model: ModelDef, root: Path) -> Path:
    """The folder of a ``provider = transformers`` model. Raises ``Refused`` (FT537) where it is
    none of the project, or has no safetensors weights."""
    name = str(dict(model.settings).get("path"))
    folder = (root / name).resolve()
    if not folder.is_relative_to(root.resolve()) or not (folder / "config.json").is_file():
        raise Refused(_unusable(model, f"`{name}` is no model folder of the project"))
    if not any(folder.glob("*.safetensors")):
        raise Refused(_unusable(model, f"`{name}` has no `.safetensors` weights"))
    return folder


def _loaded(model: InProcess) -> _Generator:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = str(model.folder)
    safe: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **safe)
        weights = AutoModelForCausalLM.from_pretrained(
            folder, use_safetensors=True, dtype="float32", **safe
        )
    except (OSError, ValueError) as error:
        why = str(error).strip().splitlines()[0][:200]
        raise Refused(_unusable(model.definition, f"transformers cannot load it: {why}")) from error
    if model.template is not None:
        tokenizer.chat_template = model.template
    if not tokenizer.chat_template:
        raise Refused(_unusable(model.definition, "it has no chat template: set `template`"))
    return _Generator(tokenizer, weights.eval())


class _Generator:
    """A session: weights in memory, asked in another thread so that signals are seen."""

    def __init__(self, tokenizer: Any, weights: Any) -> None:
        self._tokenizer = tokenizer
        self._weights = weights
        self.stop = threading.Event()

    async def answer(self, question: Question) -> Answer:
        if any(turn.parts for turn in question.messages):
            return Answer(error="a model of this process is shown no pictures")
        return await asyncio.to_thread(self._generated, question)

    def _generated(self, question: Question) -> Answer:
        import torch

        inputs = self._inputs(question)
        length = inputs["input_ids"].shape[1]
        if length + question.max_tokens > self._longest():
            return Answer(
                error=f"{length} tokens and an answer of {question.max_tokens} are more than the "
                f"model's {self._longest()}"
            )
        clock = _FirstToken()
        if question.seed is not None:
            torch.manual_seed(question.seed)
        start = time.perf_counter()
        with torch.inference_mode():
            whole = self._weights.generate(
                **inputs,
                **self._sampling(question),
                streamer=clock,
                stopping_criteria=[lambda ids, _: torch.full((len(ids),), self.stop.is_set())],
            )
        seconds = time.perf_counter() - start
        said = whole[0, length:].tolist()
        ended = bool(said) and said[-1] in self._ends()
        text = self._tokenizer.decode(said, skip_special_tokens=True)
        if question.stop and question.stop in text:
            text, ended = text[: text.index(question.stop)], True
        return Answer(
            text=text,
            finish_reason="stop" if ended or len(said) < question.max_tokens else "length",
            latency=seconds,
            first_token=clock.at - start if question.timed and clock.at else None,
            prompt_tokens=length,
            completion_tokens=len(said),
        )

    def _inputs(self, question: Question) -> Any:
        return self._tokenizer.apply_chat_template(
            [_message(turn) for turn in question.messages],
            tools=orjson.loads(question.tools) if question.tools else None,
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
        )

    def _sampling(self, question: Question) -> dict[str, Any]:
        found: dict[str, Any] = {"max_new_tokens": question.max_tokens, "do_sample": False}
        if question.temperature:
            found |= {"do_sample": True, "temperature": question.temperature, "top_k": 0}
            found["top_p"] = question.top_p if question.top_p is not None else 1.0
        if question.stop:
            found |= {"stop_strings": [question.stop], "tokenizer": self._tokenizer}
        ends = self._ends()
        if self._tokenizer.pad_token_id is None and ends:
            found["pad_token_id"] = min(ends)
        return found

    def _ends(self) -> set[int]:
        stated = self._weights.generation_config.eos_token_id
        ends = stated if isinstance(stated, list) else [stated]
        return {one for one in (*ends, self._tokenizer.eos_token_id) if isinstance(one, int)}

    def _longest(self) -> int:
        stated = getattr(self._weights.config, "max_position_embeddings", None)
        return stated if isinstance(stated, int) else 10**9


class _FirstToken:
    """A streamer of transformers that notes when the first token came: the prompt comes first."""

    def __init__(self) -> None:
        self.at = 0.0
        self._seen = 0

    def put(self, _: Any) -> None:
        self._seen += 1
        if self._seen == 2:
            self.at = time.perf_counter()

    def end(self) -> None:
        pass


def _message(turn: Turn) -> dict[str, Any]:
    more = orjson.loads(turn.more) if turn.more else {}
    return {"role": turn.role, "content": turn.text} | more


def _unusable(model: ModelDef, why: str) -> Diagnostic:
    return Diagnostic(
        "FT537",
        f"model `{model.name}`: {why}",
        model.span or _NOWHERE,
        help="`path` is a folder of the project with `config.json`, a tokenizer and "
        "`.safetensors` weights of an architecture that transformers itself knows",
    )
