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

from ftdsl.engine.database import open_kept

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
        return open_kept(self.path, _SCHEMA, "select key, vector, sum from vectors limit 1")
