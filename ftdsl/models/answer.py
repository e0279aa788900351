"""What a question to a model and its answer are, and what every provider offers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Image(NamedTuple):
    """A picture in a turn: a file that is read when it is sent, or a data URL of the row itself.
    ``sha256`` is of its bytes, or of the URL."""

    sha256: str
    media_type: str = ""
    file: str = ""
    url: str = ""


class Turn(NamedTuple):
    """One message. ``parts`` are texts and pictures in order, where there are pictures; ``text``
    is then all its text. ``more`` is the rest of the message as a JSON object: tool calls, the id
    of the call that it answers, a name; "" where there is none."""

    role: str
    text: str
    parts: tuple[str | Image, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One request. ``case_id`` names the case, which replayed outputs are found by; ``epoch`` tells
    repeated questions of a case apart. ``tools`` and ``response_format`` are JSON texts as the API
    takes them, or "". None leaves a sampling setting to the server. ``timed`` asks when the first
    token came, so that the answer is streamed; ``logprobs`` how likely each token was."""

    case_id: str
    messages: tuple[Turn, ...]
    max_tokens: int = 256
    temperature: float | None = 0.0
    seed: int | None = 1
    epoch: int = 0
    top_p: float | None = None
    stop: str = ""
    reasoning_effort: str = ""
    tools: str = ""
    response_format: str = ""
    timed: bool = False
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question. ``error`` is "" for an answer, else why there is none.

    Times are in seconds and of the last attempt: ``latency`` from the request on the socket to the
    last byte, ``first_token`` to the first token of a streamed answer. ``queued`` is what went
    before: limits of the host, pauses that it asked for, earlier attempts. ``lag`` is how late this
    process may have been in looking at its socket: so much of ``latency`` may be its own.

    ``attempts`` counts the HTTP requests that were made for it; ``cached`` answers cost none.
    ``logprob`` is the mean log-probability of its tokens, None where the server does not tell it.
    ``tool_calls`` is a JSON text, and so is ``text`` of an answer that says nothing else.
    ``unreachable`` marks an error of the connection rather than of this question.
    """

    text: str = ""
    finish_reason: str = ""
    latency: float | None = None
    first_token: float | None = None
    logprob: float | None = None
    queued: float = 0.0
    lag: float = 0.0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    tool_calls: str = ""
    served_by: str = ""
    error: str = ""
    attempts: int = 0
    cached: bool = False
    unreachable: bool = False


class Session(Protocol):
    """An open line to a model, bound to one event loop."""

    async def answer(self, question: Question) -> Answer:
        """One answer; a question that fails is an ``Answer`` with ``error``. Raises ``Refused``
        only for what no later question could mend, such as a rejected key or a spent budget."""
        ...


class Model(Protocol):
    """A model that can be asked."""

    @property
    def identity(self) -> Mapping[str, str] | None:
        """All of the model that changes its answers; None when answers are never to be cached."""
        ...

    @property
    def concurrency(self) -> int:
        """How many questions may be in flight at once."""
        ...

    def session(self) -> AbstractAsyncContextManager[Session]: ...
