"""The bytes of a chat completion: the request of a question, and what a reply says.

Servers and proxies answer 200 with anything, so nothing of a reply is taken on trust: neither that
it is JSON, nor that it is a completion, nor that it has a choice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ftdsl.models.answer import Image, Question, Turn
from ftdsl.models.failure import Failed

_CUT = "the stream ended before the answer did"


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion as the server gave it. Token counts are None where it does not count;
    ``logprob`` is the mean over the tokens, None where it was not asked for or told."""

    text: str
    finish_reason: str
    tool_calls: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    served_by: str = ""
    logprob: float | None = None


def request_body(
    model: str, question: Question, extra: Mapping[str, object], *, newer: bool = False
) -> bytes:
    """The request as JSON. ``newer`` is OpenAI's own API, which calls the longest answer
    ``max_completion_tokens``. Raises OSError for a picture that cannot be read."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(turn) for turn in question.messages],
        "max_completion_tokens" if newer else "max_tokens": question.max_tokens,
    }
    for name in ("temperature", "top_p", "seed"):
        if (value := getattr(question, name)) is not None:
            body[name] = value
    for name in ("stop", "reasoning_effort"):
        if value := getattr(question, name):
            body[name] = value
    for name in ("tools", "response_format"):
        if value := getattr(question, name):
            body[name] = orjson.Fragment(value.encode())
    if question.logprobs:
        body["logprobs"] = True
    if question.timed:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return orjson.dumps(body | dict(extra))


def _message(turn: Turn) -> dict[str, Any]:
    content: object = turn.text
    if turn.parts:
        content = [_part(one) for one in turn.parts]
    message: dict[str, Any] = {"role": turn.role, "content": content}
    if turn.more:
        message |= orjson.loads(turn.more)
        if not turn.text and "tool_calls" in message:
            message["content"] = None
    return message


def _part(part: str | Image) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    url = part.url
    if not url:
        data = base64.b64encode(Path(part.file).read_bytes()).decode()
        url = f"data:{part.media_type};base64,{data}"
    return {"type": "image_url", "image_url": {"url": url}}


def read_reply(body: bytes) -> Reply:
    """The completion in a body. Raises ``Failed``; a refusal and a filtered answer are failures
    that no repetition mends."""
    reply = _json(body)
    choices = reply.get("choices") if isinstance(reply, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Failed(_no_completion(reply), processed=True)
    choice = choices[0]
    message = choice.get("message")
    said = message if isinstance(message, dict) else {}
    return _reply(reply, said, choice.get("finish_reason"), _logprobs(choice))


def _logprobs(choice: Mapping[str, Any]) -> list[float]:
    """The log-probability of each token that a choice, or a piece of one, tells."""
    told = choice.get("logprobs")
    tokens = told.get("content") if isinstance(told, dict) else None
    found = (one.get("logprob") for one in tokens or () if isinstance(one, dict))
    return [float(one) for one in found if isinstance(one, int | float)]


def _reply(
    reply: dict[str, Any], said: Mapping[str, Any], reason: object, logprobs: Sequence[float]
) -> Reply:
    finish = reason if isinstance(reason, str) else ""
    if refusal := said.get("refusal"):
        raise Failed(f"the model refused: {str(refusal)[:200]}", again=False, processed=True)
    if finish == "content_filter":
        why = "the provider's content filter withheld the answer"
        raise Failed(why, again=False, processed=True)
    calls = said.get("tool_calls")
    text = said.get("content")
    if text is None and isinstance(calls, list) and calls:
        text = ""
    if not isinstance(text, str):
        raise Failed("the reply holds no text", processed=True)
    usage = reply.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    details = counts.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    served = reply.get("model")
    return Reply(
        text=text,
        finish_reason=finish,
        tool_calls=orjson.dumps(calls).decode() if isinstance(calls, list) and calls else "",
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
        cached_tokens=_count(cached) or 0,
        served_by=served if isinstance(served, str) else "",
        logprob=sum(logprobs) / len(logprobs) if logprobs else None,
    )


class Stream:
    """A streamed completion as its bytes arrive (server-sent events). ``first_token`` is when the
    first of them said something, in the seconds that ``feed`` is given."""

    def __init__(self) -> None:
        self.first_token: float | None = None
        self._rest = b""
        self._texts: list[str] = []
        self._logprobs: list[float] = []
        self._refusals: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._reason: object = None
        self._last: dict[str, Any] = {}
        self._error: object = None

    def feed(self, block: bytes, seconds: float) -> None:
        *lines, self._rest = (self._rest + block).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._event(line[5:].strip(), seconds)

    def reply(self, body: bytes) -> Reply:
        """The whole answer, of a stream that is over. A server that does not stream has sent it in
        one piece. Raises ``Failed``, also for a stream that was cut off."""
        if not self._last and self._error is None:
            return read_reply(body)
        if self._error is not None:
            raise Failed(_no_completion({"error": self._error}), processed=True)
        if not isinstance(self._reason, str):
            raise Failed(_CUT, processed=True)
        calls = [self._calls[index] for index in sorted(self._calls)]
        said = {
            "content": "".join(self._texts) if self._texts or not calls else None,
            "refusal": "".join(self._refusals),
            "tool_calls": calls,
        }
        return _reply(self._last, said, self._reason, self._logprobs)

    def _event(self, data: bytes, seconds: float) -> None:
        if data == b"[DONE]" or not data:
            return
        event = _json(data)
        if not isinstance(event, dict):
            return
        if "error" in event:
            self._error = event["error"]
            return
        self._last = {**self._last, **{k: v for k, v in event.items() if v is not None}}
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                self._choice(choice, seconds)

    def _choice(self, choice: dict[str, Any], seconds: float) -> None:
        self._reason = choice.get("finish_reason") or self._reason
        self._logprobs += _logprobs(choice)
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return
        spoken = False
        for name, texts in (("content", self._texts), ("refusal", self._refusals)):
            if isinstance(piece := delta.get(name), str) and piece:
                texts.append(piece)
                spoken = True
        for call in delta.get("tool_calls") or ():
            self._call(call)
            spoken = True
        if (spoken or delta.get("reasoning_content")) and self.first_token is None:
            self.first_token = seconds

    def _call(self, piece: dict[str, Any]) -> None:
        index = piece.get("index", 0)
        call = self._calls.setdefault(
            index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        )
        call["id"] = piece.get("id") or call["id"]
        function = piece.get("function") or {}
        call["function"]["name"] += function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""


def error_words(body: bytes) -> tuple[str, str]:
    """A server's own words on an error, in one short line, and its code for it."""
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "the server gave no reason", ""
    error = reply.get("error", reply) if isinstance(reply, dict) else None
    if isinstance(error, str):
        error = {"message": error}
    message = error.get("message") if isinstance(error, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    words = " ".join(message.split())[:200] if isinstance(message, str) else ""
    return words or "the server gave no reason", code if isinstance(code, str) else ""


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if body.lstrip()[:1] == b"<":
            raise Failed("the reply is a web page, no completion", processed=True) from None
    try:
        # Halves of surrogate pairs, which JSON can hold and UTF-8 cannot, are made readable.
        text = json.dumps(json.loads(body), ensure_ascii=False)
        return orjson.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except (ValueError, RecursionError):
        raise Failed("the reply is not readable JSON", processed=True) from None


def _no_completion(reply: object) -> str:
    error = reply.get("error") if isinstance(reply, dict) else None
    if error is None:
        return "the reply holds no completion"
    words, _ = error_words(orjson.dumps({"error": error}))
    return f"the reply holds no completion: {words}"


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
