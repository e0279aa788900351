"""Rows that earlier runs kept, in Redis: datasketch's LSH, and beside it what proves a pair.

Under ``ftdsl:NAME:`` lie, for each class of kept rows (16 bytes name it): the bands of its
signature, as datasketch's ``MinHashLSH`` stores them; its shingle set, 8 bytes a hash; and the
dataset, file and line of its row, as JSON. ``about`` says what the signatures are of. Keys are
given to datasketch as bytes, so that it pickles nothing and, above all, unpickles nothing that
others may have written.

A class counts from the moment that its row is written, which is last. So what a killed run left is
nothing yet, and is written again by the next.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson

from ftdsl.dedup.minhash import Bands, Signatures, choose_bands
from ftdsl.dedup.mixing import Hashes
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import DropDef

VERSION = 1
"""Of what is stored: the hashes of shingles, the scheme of signatures, the keys."""
PASSWORD = "FTDSL_INDEX_PASSWORD"
_TIMEOUT = 30.0
_AT_ONCE = 2_000
"""Classes that are asked for or written in one exchange."""


@dataclass(frozen=True, slots=True, order=True)
class StoredRow:
    """Where the row of a class stood when it was stored."""

    dataset: str
    path: str
    line: int


class StoredIndex:
    """One index. Raises Refused: FT430, FT431, FT433."""

    def __init__(self, url: str, drop: DropDef) -> None:
        self._drop = drop
        self._name = f"ftdsl:{drop.index}:"
        self.bands: Bands = choose_bands(drop.similarity, drop.permutations)
        try:
            import redis
            from datasketch import MinHashLSH
        except ModuleNotFoundError as error:
            raise self._missing(error.name or "redis") from error
        self._failures = redis.exceptions.RedisError
        parts = urlsplit(url)
        self._place = f"{parts.hostname}:{parts.port or 6379}"
        settings = {
            "host": parts.hostname,
            "port": parts.port or 6379,
            "db": int(parts.path.strip("/") or 0),
            "password": os.environ.get(PASSWORD) or None,
            "ssl": parts.scheme == "rediss",
            "socket_timeout": _TIMEOUT,
            "socket_connect_timeout": _TIMEOUT,
        }
        with self._talking():
            self._redis: Any = redis.Redis(**settings)
            self._agree()
            self._lsh: Any = MinHashLSH(
                num_perm=drop.permutations,
                params=(self.bands.count, self.bands.rows),
                storage_config={
                    "type": "redis",
                    "basename": f"{self._name}lsh".encode(),
                    "redis": settings,
                },
                prepickle=False,
            )

    @property
    def _span(self) -> Span:
        return self._drop.span or Span("", 0, 0)

    def _agree(self) -> None:
        """What is stored is of the same kind as what will be."""
        own = {
            "version": VERSION,
            "shingle": self._drop.shingle,
            "permutations": self._drop.permutations,
            "seed": self._drop.seed,
            "bands": [self.bands.count, self.bands.rows],
            "scheme": "affine32",
        }
        self._redis.set(f"{self._name}about", orjson.dumps(own), nx=True)
        found = self._loaded(self._redis.get(f"{self._name}about"))
        if found != own:
            other = found if isinstance(found, dict) else {}
            unlike = [f"{key} {other.get(key)} (here {own[key]})" for key in own if
                      other.get(key) != own[key]]  # fmt: skip
            raise self._foreign(f"holds signatures of another kind: {', '.join(unlike)}")

    # ------------------------------------------------------------------ reading

    def candidates(self, marks: Signatures) -> list[set[bytes]]:
        """For each signature the classes that share a band with it."""
        found: list[set[bytes]] = [set() for _ in range(len(marks))]
        with self._talking():
            for start in range(0, len(marks), _AT_ONCE):
                some = marks[start : start + _AT_ONCE]
                for (first, end), table in zip(
                    self._lsh.hashranges, self._lsh.hashtables, strict=True
                ):
                    # As datasketch does it for one signature, for many in one exchange.
                    bands = [one.tobytes() for one in some[:, first:end].byteswap()]
                    for at, keys in enumerate(table.getmany(*bands), start):
                        found[at] |= keys
        return found

    def rows(self, keys: Collection[bytes]) -> dict[bytes, StoredRow]:
        """The rows of those of these classes that are stored whole."""
        told = self._fetched("rows", keys)
        return {key: self._row(value) for key, value in told.items()}

    def sets(self, keys: Collection[bytes]) -> dict[bytes, Hashes]:
        """The shingle sets of these classes."""
        found: dict[bytes, Hashes] = {}
        for key, value in self._fetched("sets", keys).items():
            if len(value) % 8:
                raise self._foreign("holds a set that is none")
            found[key] = np.unique(np.frombuffer(value, dtype="<u8").astype(np.uint64))
        return found

    def _fetched(self, table: str, keys: Collection[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        ordered = sorted(keys)
        with self._talking():
            for start in range(0, len(ordered), _AT_ONCE):
                some = ordered[start : start + _AT_ONCE]
                values = self._redis.hmget(f"{self._name}{table}", some)
                pairs = zip(some, values, strict=True)
                found.update((key, value) for key, value in pairs if value is not None)
        return found

    def _row(self, value: bytes) -> StoredRow:
        match self._loaded(value):
            case [str(dataset), str(path), int(line)]:
                return StoredRow(dataset, path, line)
        raise self._foreign("holds a row that is none")

    def _loaded(self, value: bytes) -> Any:
        try:
            return orjson.loads(value or b"")
        except orjson.JSONDecodeError as error:
            raise self._foreign("holds what is no JSON") from error

    # ------------------------------------------------------------------ writing

    def owned(self, dataset: str, paths: Collection[str]) -> dict[str, set[bytes]]:
        """The classes whose rows stand in these files of a dataset."""
        with self._talking():
            return {path: set(self._redis.smembers(self._owner(dataset, path))) for path in paths}

    def forget(self, dataset: str, gone: Mapping[str, set[bytes]]) -> None:
        """Take out classes whose rows stood in these files."""
        with self._talking():
            for path, keys in gone.items():
                rows = self.rows(keys)
                for key in sorted(keys):
                    owner = rows.get(key)
                    if owner is None or (owner.dataset, owner.path) == (dataset, path):
                        self._redis.hdel(f"{self._name}rows", key)
                        if key in self._lsh:
                            self._lsh.remove(key)
                        self._redis.hdel(f"{self._name}sets", key)
                    self._redis.srem(self._owner(dataset, path), key)

    def store(
        self,
        keys: Sequence[bytes],
        sets: Sequence[Hashes],
        marks: Signatures,
        rows: Sequence[StoredRow],
    ) -> None:
        """Have these classes, each with its row; one that is there keeps its bands and its set."""
        from datasketch import MinHash

        there = self.rows(keys)
        fresh = [at for at, key in enumerate(keys) if key not in there]
        with self._talking():
            pipe = self._redis.pipeline(transaction=False)
            for key, row in zip(keys, rows, strict=True):
                pipe.sadd(self._owner(row.dataset, row.path), key)
            for at in fresh:
                pipe.hset(f"{self._name}sets", keys[at], sets[at].astype("<u8").tobytes())
            pipe.execute()
            # What a killed run left of a class is written whole again: bands are sets, and the
            # list of a class's bands begins anew.
            if fresh:
                self._lsh.keys.remove(*(keys[at] for at in fresh))
            with self._lsh.insertion_session(buffer_size=_AT_ONCE) as session:
                for at in fresh:
                    mark = MinHash(
                        num_perm=self._drop.permutations,
                        seed=self._drop.seed,
                        hashvalues=marks[at],
                        scheme="affine32",
                    )
                    session.insert(keys[at], mark, check_duplication=False)
            pipe = self._redis.pipeline(transaction=False)
            for key, row in zip(keys, rows, strict=True):
                value = orjson.dumps([row.dataset, row.path, row.line])
                pipe.hset(f"{self._name}rows", key, value)
            pipe.execute()

    def _owner(self, dataset: str, path: str) -> bytes:
        return f"{self._name}of:{dataset}:{path}".encode("utf-8", "surrogatepass")

    # ------------------------------------------------------------------ words

    @contextmanager
    def _talking(self) -> Iterator[None]:
        try:
            yield
        except (self._failures, OSError) as error:
            what = " ".join(str(error).split())[:200] or type(error).__name__
            raise self._refused(
                "FT431",
                f"the index at {self._place} does not answer: {what}",
                "is Redis running there, and does it take the password of FTDSL_INDEX_PASSWORD?",
            ) from error

    def _missing(self, library: str) -> Refused:
        return self._refused(
            "FT430",
            f"an index needs the library `{library}`, which is not installed",
            "install it with `pip install 'ftdsl[index]'`",
        )

    def _foreign(self, what: str) -> Refused:
        return self._refused(
            "FT433",
            f"the index `{self._drop.index}` at {self._place} {what}",
            "name another index, or write the line as it was when the index was begun",
        )

    def _refused(self, code: str, message: str, help_: str) -> Refused:
        return Refused(Diagnostic(code, message, self._span, help=help_))


@lru_cache(maxsize=4)
def index_at(url: str, drop: DropDef) -> StoredIndex:
    """The index of a line: one connection for all blocks."""
    return StoredIndex(url, drop)
