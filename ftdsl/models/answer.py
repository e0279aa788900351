"""What a question to a model and its answer are, and what every provider offers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Question:
    """One request. ``messages`` are (role, content) pairs; ``case_id`` names the case, which
    replayed outputs are found by."""

    case_id: str
    messages: tuple[tuple[str, str], ...]
    max_tokens: int = 256
    temperature: float = 0.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question. ``error`` is "" for an answer, else why there is none.

    ``attempts`` counts the HTTP requests that were made for it, ``latency`` is in seconds and of
    the last attempt alone; ``cached`` answers cost neither. ``unreachable`` marks an error of the
    connection rather than of this question.
    """

    text: str = ""
    finish_reason: str = ""
    latency: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error: str = ""
    attempts: int = 0
    cached: bool = False
    unreachable: bool = False


class Session(Protocol):
    """An open line to a model, bound to one event loop."""

    async def answer(self, question: Question) -> Answer:
        """One answer; a question that fails is an ``Answer`` with ``error``. Raises ``Refused``
        only for what no later question could mend, such as a rejected key."""
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
