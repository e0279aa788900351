"""Which answers were already given: a SQLite file keyed by all that changes an answer.

Only answers are kept, never errors or refusals, so that a run killed at any moment asks for nothing
twice. An answer that ``max_tokens`` cut is kept as what it is: its ``finish_reason`` says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import orjson

from ftdsl.engine.database import open_kept
from ftdsl.models.answer import Answer, Question, Turn

_VERSION = "2"
_FIELDS = (
    "text",
    "finish_reason",
    "latency",
    "first_token",
    "queued",
    "lag",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "tool_calls",
    "served_by",
    "logprob",
)
_AT_ONCE = 500  # keys in one query
_SCHEMA = """
create table if not exists answers (
  key text primary key,
  answer text not null,
  digest text not null
) without rowid
"""


def answer_key(identity: Mapping[str, str], question: Question) -> str:
    """SHA-256 of the model's identity and of the question (the case's id takes no part)."""
    parts = {
        "version": _VERSION,
        "model": dict(identity),
        "messages": [_turn(turn) for turn in question.messages],
        "max_tokens": question.max_tokens,
        "temperature": question.temperature,
        "seed": question.seed,
        "epoch": question.epoch,
    }
    # What is not asked for is not named, so that a new setting leaves old keys as they are.
    for name in (
        "top_p",
        "stop",
        "reasoning_effort",
        "tools",
        "response_format",
        "timed",
        "logprobs",
    ):
        if value := getattr(question, name):
            parts[name] = value
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _turn(turn: Turn) -> list[object]:
    """A picture counts by its bytes, wherever its file lies."""
    shown = [one if isinstance(one, str) else {"sha256": one.sha256} for one in turn.parts]
    return [turn.role, turn.text, *([shown] if shown else []), *([turn.more] if turn.more else [])]


class AnswerCache:
    """Open with ``with``. A file that is not a sound database is set aside and begun anew."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "answers.sqlite"

    def __enter__(self) -> AnswerCache:
        # Answers may come in another thread than this one, though never in two at a time.
        probe = "select key, answer, digest from answers limit 1"
        self._database = open_kept(self.path, _SCHEMA, probe, check_same_thread=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def known(self, keys: Sequence[str]) -> Iterator[tuple[str, Answer]]:
        """The stored answers among ``keys``; one whose bytes do not fit its digest is none."""
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"select key, answer, digest from answers where key in ({marks})"
            for key, text, digest in self._database.execute(query, some):
                if digest == _digest(key, text):
                    values = orjson.loads(text)
                    kept = {name: values[name] for name in _FIELDS if name in values}
                    yield key, Answer(**kept, cached=True)

    def put(self, answers: Iterable[tuple[str, Answer]]) -> None:
        """Store answers in one transaction; durable against the end of this process when the call
        returns. Errors are left out."""
        rows = []
        for key, answer in answers:
            if not answer.error:
                text = orjson.dumps({name: getattr(answer, name) for name in _FIELDS}).decode()
                rows.append((key, text, _digest(key, text)))
        with self._database:
            self._database.executemany("insert or replace into answers values (?, ?, ?)", rows)


def as_cached(answer: Answer) -> Answer:
    """The same answer, given once more at no cost."""
    return replace(answer, cached=True, attempts=0)


def _digest(key: str, text: str) -> str:
    return hashlib.sha256(f"{key}\n{text}".encode()).hexdigest()
