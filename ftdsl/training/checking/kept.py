"""Which masks were already made: a SQLite file keyed by the digest of all that decides a mask.

What is kept saves time and decides nothing: a file that is no sound database is begun anew, and an
entry whose bytes do not fit their checksum counts as missing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

from ftdsl.engine.database import open_kept
from ftdsl.training.checking.masks import SIZE

_FILE = "masks.sqlite"
_SCHEMA = """
create table if not exists masks (
  key blob primary key,
  mask blob not null
) without rowid
"""
_PROBE = "select key, mask from masks limit 1"
_ASKED = 500
_SUM = 4


def mask_key(kit: str, conversation: bytes) -> bytes:
    """The key of a conversation's mask under the kit of this digest."""
    return blake2b(conversation, digest_size=16, key=kit.encode()[:64]).digest()


class KeptMasks:
    """Packed masks by key. One process writes at a time, and others wait."""

    def __init__(self, cache: Path) -> None:
        cache.mkdir(parents=True, exist_ok=True)
        self.path = cache / _FILE
        self._open().close()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Those of ``keys`` that are known."""
        found: dict[bytes, bytes] = {}
        with closing(self._open()) as database:
            for start in range(0, len(keys), _ASKED):
                part = list(keys[start : start + _ASKED])
                marks = ",".join("?" * len(part))
                rows = database.execute(f"select key, mask from masks where key in ({marks})", part)
                found |= {key: data[:SIZE] for key, data in rows if _is_sound(key, data)}
        return found

    def put(self, masks: Mapping[bytes, bytes]) -> None:
        """Keep them; safe against the end of this process when the call returns."""
        rows = [(key, mask + _sum(key, mask)) for key, mask in masks.items()]
        with closing(self._open()) as database, database:
            database.executemany("insert or replace into masks values (?, ?)", rows)

    def _open(self) -> sqlite3.Connection:
        return open_kept(self.path, _SCHEMA, _PROBE)


def _sum(key: bytes, mask: bytes) -> bytes:
    return crc32(mask, crc32(key)).to_bytes(_SUM)


def _is_sound(key: bytes, data: bytes) -> bool:
    return len(data) == SIZE + _SUM and data[SIZE:] == _sum(key, data[:SIZE])
