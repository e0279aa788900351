"""Answers about chunks, kept in a SQLite file between runs.

It is a cache: a file that cannot be opened, read or written loses answers and no more, and one that
is no sound database is begun anew. An answer is stored with a digest of its bytes, since a power
failure can leave pages of a file that is not flushed half written. The oldest answers go when the
file is over its bound.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from types import TracebackType

NAME = "answers_of_chunks.sqlite"
BOUND = 512 << 20
"""Bytes of answers that are kept; at least those of the last run."""
_SHARE = 4
_SMALL = 1 << 16
_COMMIT = 64
_VERSION = 1
_NONE = -2
_TABLE = """
create table if not exists answers (
  id integer primary key,
  chunk text not null,
  rule text not null,
  answer blob not null,
  digest blob not null,
  unique (chunk, rule)
)
"""


class KeptAnswers:
    """Open with ``with``. ``rules`` are the keys of the rules by their numbers."""

    def __init__(self, folder: Path, rules: Mapping[int, str]) -> None:
        self.path = folder / NAME
        self._rules = rules
        self._numbers = {key: number for number, key in rules.items()}
        self._database: sqlite3.Connection | None = None
        self._waiting = 0
        self._used = 0

    def __enter__(self) -> KeptAnswers:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._database = _opened(self.path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self.path.unlink()
                self._database = _opened(self.path)
        except (sqlite3.Error, OSError):
            self._database = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._at_worst_nothing() as database:
            if database is not None:
                if kind is None:
                    self._trim(database)
                database.commit()
        if self._database is not None:
            self._database.close()
            self._database = None

    @contextmanager
    def _at_worst_nothing(self) -> Iterator[sqlite3.Connection | None]:
        """The database, which is given up where it fails."""
        try:
            yield self._database
        except sqlite3.Error as error:
            if self._database is not None:
                self._database.close()
            self._database = None
            if not isinstance(error, sqlite3.OperationalError):
                self.path.unlink(missing_ok=True)

    def known(self, chunk: str) -> set[int]:
        """Numbers of the rules whose answer about ``chunk`` is kept."""
        with self._at_worst_nothing() as database:
            if database is not None:
                query = "select rule from answers where chunk = ?"
                found = database.execute(query, (chunk,)).fetchall()
                return {self._numbers[key] for (key,) in found if key in self._numbers}
        return set()

    def get(self, chunk: str, wanted: Collection[int]) -> dict[int, bytes]:
        """The kept answers of these rules about ``chunk``; none that is damaged."""
        answers: dict[int, bytes] = {}
        query = "select rule, answer, digest from answers where chunk = ?"
        with self._at_worst_nothing() as database:
            found = database.execute(query, (chunk,)) if database is not None else ()
            for rule, answer, digest in found:
                number = self._numbers.get(rule, _NONE)
                if number not in wanted or not isinstance(answer, bytes):
                    continue
                if _digest(chunk, rule, answer) == digest:
                    answers[number] = answer
        self._used += sum(map(len, answers.values()))
        return answers

    def put(self, chunk: str, size: int, answers: Mapping[int, bytes]) -> None:
        """Keep answers about ``chunk`` of ``size`` bytes. One that is as large as the chunk itself
        is not worth it."""
        most = max(_SMALL, size // _SHARE)
        rows = [
            (chunk, self._rules[number], answer, _digest(chunk, self._rules[number], answer))
            for number, answer in answers.items()
            if len(answer) <= most
        ]
        self._used += sum(len(row[2]) for row in rows)
        query = "insert or replace into answers (chunk, rule, answer, digest) values (?, ?, ?, ?)"
        with self._at_worst_nothing() as database:
            if database is not None:
                database.executemany(query, rows)
                self._waiting += 1
                if self._waiting >= _COMMIT:
                    database.commit()
                    self._waiting = 0

    def _trim(self, database: sqlite3.Connection) -> None:
        """Let the oldest answers go until the rest is within the bound."""
        bound = max(BOUND, 2 * self._used)
        (pages,) = database.execute("pragma page_count").fetchone()
        (free,) = database.execute("pragma freelist_count").fetchone()
        (page,) = database.execute("pragma page_size").fetchone()
        over = (pages - free) * page - bound
        if over <= 0:
            return
        last = 0
        for number, size in database.execute("select id, length(answer) from answers order by id"):
            last, over = number, over - size
            if over <= 0:
                break
        database.execute("delete from answers where id <= ?", (last,))


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=5)
    try:
        # The kernel keeps what a killed process wrote; only a power failure can tear pages.
        database.execute("pragma journal_mode = truncate")
        database.execute("pragma synchronous = off")
        (version,) = database.execute("pragma user_version").fetchone()
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError("another version")
        database.execute(_TABLE)
        database.execute(f"pragma user_version = {_VERSION}")
        database.commit()
    except sqlite3.Error:
        database.close()
        raise
    return database


def _digest(chunk: str, rule: str, answer: bytes) -> bytes:
    whole = blake2b(f"{chunk} {rule} ".encode(), digest_size=8)
    whole.update(answer)
    return whole.digest()
