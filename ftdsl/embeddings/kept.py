"""Which vectors were already made: a SQLite file keyed by the digests of model and text.

A file that is no sound database is set aside and begun anew, and a vector whose bytes do not fit
their checksum counts as missing: what is kept here saves time and decides nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from zlib import crc32

_SCHEMA = """
create table if not exists vectors (
  key blob primary key,
  vector blob not null,
  sum integer not null
) without rowid
"""
# Keys of one query.
_ASKED = 500


class KeptVectors:
    """Bytes by key. The file is open only while it is asked: one process writes at a time, and
    others wait."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "embeddings.sqlite"
        try:
            self._open().close()
        except sqlite3.OperationalError:  # locked, or a disk that cannot be written: no fault of it
            raise
        except sqlite3.DatabaseError:
            self._set_aside()
            self._open().close()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Those of ``keys`` that are known."""
        found: dict[bytes, bytes] = {}
        with closing(self._open()) as database:
            for start in range(0, len(keys), _ASKED):
                part = list(keys[start : start + _ASKED])
                marks = ",".join("?" * len(part))
                query = f"select key, vector, sum from vectors where key in ({marks})"
                rows = database.execute(query, part)
                found |= {key: raw for key, raw, total in rows if crc32(raw, crc32(key)) == total}
        return found

    def put(self, vectors: Mapping[bytes, bytes]) -> None:
        """Keep them; safe against the end of this process when the call returns."""
        rows = [(key, vector, crc32(vector, crc32(key))) for key, vector in vectors.items()]
        with closing(self._open()) as database, database:
            database.executemany("insert or replace into vectors values (?, ?, ?)", rows)

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=30)
        try:
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = normal")
            database.execute(_SCHEMA)
            database.execute("select key, vector, sum from vectors limit 1")
        except sqlite3.DatabaseError:
            database.close()
            raise
        return database

    def _set_aside(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            stale = self.path.with_name(self.path.name + suffix)
            if stale.exists():
                stale.replace(stale.with_name(f"unreadable-{stale.name}"))
