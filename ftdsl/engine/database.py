"""SQLite files that save time and decide nothing: one that is no sound database is begun anew."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def open_kept(
    path: Path, schema: str, probe: str, *, check_same_thread: bool = True
) -> sqlite3.Connection:
    """The database at ``path`` with the tables of ``schema``. Where the query ``probe`` does not
    read it, the file is set aside as ``unreadable-…``. Raises ``sqlite3.OperationalError`` for one
    that is locked, or a disk that cannot be written: that is no fault of the file."""
    try:
        return _open(path, schema, probe, check_same_thread)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        _set_aside(path)
        return _open(path, schema, probe, check_same_thread)


def _open(path: Path, schema: str, probe: str, check_same_thread: bool) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=30, check_same_thread=check_same_thread)
    try:
        # With WAL a commit survives kill -9; after a power cut the last few may be missing.
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        database.execute(schema)
        database.execute(probe)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _set_aside(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        stale = path.with_name(path.name + suffix)
        if stale.exists():
            stale.replace(stale.with_name(f"unreadable-{stale.name}"))
