"""What is kept of answers, and when, beside the requests that go out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ftdsl.engine.context import Policy
from ftdsl.models.answer import Answer, Question, Session, Turn
from ftdsl.models.answer_cache import AnswerCache
from ftdsl.models.asking import answer_all
from tests.models.desk import desk


class Line:
    """A model whose answers come together, eight at a time; it notes what is stored by when a
    request goes out."""

    concurrency = 8

    def __init__(self) -> None:
        self.identity: Mapping[str, str] = {"name": "line"}
        self.answered = self.stored = 0
        self.behind: list[int] = []

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        yield self

    async def answer(self, question: Question) -> Answer:
        self.behind.append(self.answered - self.stored)
        await asyncio.sleep(0.001)
        self.answered += 1
        return Answer(text=question.case_id)


def test_no_request_goes_out_while_an_answer_is_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    put = AnswerCache.put

    def noted(cache: AnswerCache, answers: Iterable[tuple[str, Answer]]) -> None:
        kept = list(answers)
        put(cache, kept)
        line.stored += len(kept)

    monkeypatch.setattr(AnswerCache, "put", noted)
    asked = [Question(f"c{i}", (Turn("user", f"q{i}"),)) for i in range(40)]
    found = answer_all(line, asked, desk(tmp_path, Policy()))
    assert [one.text for one in found] == [f"c{i}" for i in range(40)]
    assert line.stored == 40
    assert max(line.behind) == 0
