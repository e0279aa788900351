"""Which answers were already given: a SQLite file keyed by all that changes an answer.

Only answers are kept, never errors or refusals, and each is written before the next is asked for,
so that a run killed at any moment asks for nothing twice.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from ftdsl.models.answer import Answer, Question

_VERSION = "1"
_FIELDS = ("text", "finish_reason", "latency", "prompt_tokens", "completion_tokens")
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
        "messages": question.messages,
        "max_tokens": question.max_tokens,
        "temperature": question.temperature,
        "seed": question.seed,
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class AnswerCache:
    """Open with ``with``. A file that is not a sound database is set aside and begun anew."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "answers.sqlite"

    def __enter__(self) -> AnswerCache:
        try:
            self._database = self._open()
        except sqlite3.OperationalError:  # locked, or a disk that cannot be written: no fault of it
            raise
        except sqlite3.DatabaseError:
            self._set_aside()
            self._database = self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def get(self, key: str) -> Answer | None:
        """The stored answer, or None; an entry whose bytes do not fit its digest counts as none."""
        query = "select answer, digest from answers where key = ?"
        found = self._database.execute(query, (key,)).fetchone()
        if found is None or found[1] != _digest(key, found[0]):
            return None
        values = json.loads(found[0])
        return Answer(**{name: values[name] for name in _FIELDS}, cached=True)

    def put(self, key: str, answer: Answer) -> None:
        """Store ``answer``; durable against the end of this process when the call returns."""
        if answer.error:
            return
        values = {name: getattr(answer, name) for name in _FIELDS}
        text = json.dumps(values, sort_keys=True)
        with self._database:
            self._database.execute(
                "insert or replace into answers values (?, ?, ?)", (key, text, _digest(key, text))
            )

    def _open(self) -> sqlite3.Connection:
        # Answers may come in another thread than this one, though never in two at a time.
        database = sqlite3.connect(self.path, timeout=30, check_same_thread=False)
        try:
            # With WAL a commit survives kill -9; after a power cut the last few may be missing.
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = normal")
            database.execute(_SCHEMA)
            database.execute("select key, answer, digest from answers limit 1")
        except sqlite3.DatabaseError:
            database.close()
            raise
        return database

    def _set_aside(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            stale = self.path.with_name(self.path.name + suffix)
            if stale.exists():
                stale.replace(stale.with_name(f"unreadable-{stale.name}"))


def as_cached(answer: Answer) -> Answer:
    """The same answer, given once more at no cost."""
    return replace(answer, cached=True, attempts=0)


def _digest(key: str, text: str) -> str:
    return hashlib.sha256(f"{key}\n{text}".encode()).hexdigest()
