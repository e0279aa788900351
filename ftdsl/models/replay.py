"""Recorded outputs as a model: an answer is looked up by the case's id, never made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ftdsl.models.answer import Answer, Question, Session


@dataclass(frozen=True, slots=True)
class Replay:
    """``outputs`` maps a case id to its recorded output. A missing id has no answer and says so:
    it is unscored, never zero."""

    outputs: Mapping[str, str]
    identity: None = None
    concurrency: int = 1

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        yield self

    async def answer(self, question: Question) -> Answer:
        output = self.outputs.get(question.case_id)
        if output is None:
            return Answer(error=f"no recorded output has the id {question.case_id!r}")
        return Answer(text=output, finish_reason="recorded")
