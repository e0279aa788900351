"""What was made of chunks of rows, kept in a file between runs: shingles, signatures, digests; and
what was found of all rows together, under a name.

Arrays are kept under the digest of the chunk, and lie in the file as the passes over them read
them: the ``values`` of sets come last in a record, and are read only where they are needed. It is a
cache: a file that cannot be opened, locked, read or written keeps nothing and loses no more. What
comes before the values has a sum of its words, since a power failure can leave pages half written;
the values are held against the ``sums`` of their sets. The records that are no longer used go when
they outweigh the others; the files of other specs go, the oldest first, when all together are over
the bound.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import orjson
from numpy.typing import NDArray

from ftdsl.data.rows import Part
from ftdsl.dedup.clause import Arrays
from ftdsl.dedup.ragged import offsets_of
from ftdsl.dedup.sets import Stored

FOLDER = "shingles"
SUFFIX = ".sets"
BOUND = 2 << 30
"""Bytes of all files together."""
_MAGIC = b"ftdsl.dedup/sets/2"
_HEADER = struct.Struct("<QQ16sQQ")
"""Bytes of the record, sum of the words of its head, key, bytes of what names its arrays, bytes of
the head (these names and all arrays but the values)."""
_SLACK = 16 << 20
_MOST_NAMES = 1 << 16
_TYPES = frozenset({"<i8", "<u8", "<u4", "<f8", "|u1"})
_LAST = "values"


@dataclass(frozen=True, slots=True)
class _Record:
    start: int
    size: int
    head: int


class KeptSets:
    """Open with ``with``. ``key`` names all that decides the arrays besides the chunks' bytes."""

    def __init__(self, cache: Path, key: str, bound: int = BOUND) -> None:
        self._path = cache / FOLDER / f"{key}{SUFFIX}"
        self._bound = bound
        self._file: BinaryIO | None = None
        self._records: dict[bytes, _Record] = {}
        self._places: dict[bytes, list[Stored | None]] = {}
        self._end = 0
        self._grounds = b""

    def __enter__(self) -> KeptSets:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _opened(self._path)
            if self._file is not None:
                self._index(self._file)
        except OSError:
            self._give_up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._file is not None and kind is None:
                self._compact(self._file)
                _let_go(self._path, self._bound)
        except OSError:
            pass
        self._give_up()

    def _give_up(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
        self._records = {}

    def _index(self, file: BinaryIO) -> None:
        """Find all whole records; what follows the last of them is cut off."""
        size, at = os.fstat(file.fileno()).st_size, _padded(len(_MAGIC))
        if os.pread(file.fileno(), len(_MAGIC), 0) != _MAGIC:
            file.truncate(0)
            os.pwrite(file.fileno(), _MAGIC.ljust(at, b"\0"), 0)
            size = at
        while at + _HEADER.size <= size:
            length, _, key, names, head = _HEADER.unpack(os.pread(file.fileno(), _HEADER.size, at))
            if length % 8 or names > _MOST_NAMES or not _HEADER.size < length <= size - at:
                break
            self._records[key] = _Record(at, length, head)
            at += length
        file.truncate(at)
        self._end = at

    def stand_on(self, grounds: Sequence[bytes]) -> None:
        """What else decides the arrays of chunks, where that is known late."""
        self._grounds = b"".join(grounds)

    def _key(self, part: Part) -> bytes:
        key = chunk_key(part)
        return blake2b(key + self._grounds, digest_size=16).digest() if self._grounds else key

    def has(self, part: Part) -> bool:
        """Whether the arrays of a chunk are kept."""
        return bool(part.digest) and self._key(part) in self._records

    def places(self, part: Part) -> list[Stored | None] | None:
        """Where the ``values`` of a chunk's arrays lie; None where it is not kept."""
        return self._places.get(self._key(part)) if part.digest else None

    def get(self, part: Part) -> list[Arrays] | None:
        """The arrays of a chunk without ``values``; None where they are damaged."""
        return self._read(self._key(part))

    def put(self, part: Part, arrays: Sequence[Arrays]) -> list[Stored | None] | None:
        """Keep the arrays of a chunk, and say where their ``values`` lie; None where there is no
        room, or no file."""
        return self._write(self._key(part), arrays)

    def recall(self, name: str) -> Arrays | None:
        """What is kept under a name; None where nothing is, or it is damaged."""
        found = self._read(_named(name))
        return None if found is None else found[0]

    def remember(self, name: str, arrays: Arrays) -> None:
        """Keep arrays (none of them ``values``) under a name, in the place of those before."""
        self._write(_named(name), [arrays])

    def forget(self) -> None:
        """Something is damaged: nothing of the file is trusted."""
        self._records, self._places, self._end = {}, {}, _padded(len(_MAGIC))
        if self._file is not None:
            self._file.truncate(self._end)

    def _read(self, key: bytes) -> list[Arrays] | None:
        record = self._records.get(key)
        if self._file is None or record is None:
            return None
        try:
            data = os.pread(self._file.fileno(), _HEADER.size + record.head, record.start)
        except OSError:
            data = b""
        found = _unpacked(data, key, record.size)
        if found is None:
            del self._records[key]
            return None
        arrays, starts = found
        self._places[key] = _stored(self._file, record.start, arrays, starts)
        return arrays

    def _write(self, key: bytes, arrays: Sequence[Arrays]) -> list[Stored | None] | None:
        if self._file is None:
            return None
        pieces, starts, head = _packed(key, arrays)
        size = sum(map(len, pieces))
        if self._end + size > self._bound:
            return None
        try:
            at = self._end
            for piece in pieces:
                done = 0
                while done < len(piece):
                    done += os.pwrite(self._file.fileno(), piece[done:], at + done)
                at += done
        except OSError:
            return None
        self._records[key] = _Record(self._end, size, head)
        self._places[key] = _stored(self._file, self._end, arrays, starts)
        self._end += size
        return self._places[key]

    def _compact(self, file: BinaryIO) -> None:
        """Let the records go that this run had no use for, once they are more than the others."""
        used = [record for key, record in self._records.items() if key in self._places]
        live = sum(record.size for record in used)
        if self._end <= 2 * live + _SLACK:
            return
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".sets-")
        with os.fdopen(handle, "wb") as fresh:
            fresh.write(_MAGIC.ljust(_padded(len(_MAGIC)), b"\0"))
            for record in used:
                fresh.write(os.pread(file.fileno(), record.size, record.start))
        Path(temporary).replace(self._path)


def chunk_key(part: Part) -> bytes:
    """A chunk as the rows see it: its bytes, whether it begins its file, the file's split."""
    name = f"{part.digest}{'^' if part.start == 0 else ''}{part.file.split or ''}"
    return blake2b(name.encode(), digest_size=16).digest()


def _named(name: str) -> bytes:
    return blake2b(f"all {name}".encode(), digest_size=16).digest()


def _stored(
    file: BinaryIO, start: int, arrays: Sequence[Arrays], starts: Sequence[int | None]
) -> list[Stored | None]:
    return [
        None
        if at is None
        else Stored(file, start + at, offsets_of(one["counts"]), one["sums"].reshape(-1, 2))
        for one, at in zip(arrays, starts, strict=True)
    ]


def _opened(path: Path) -> BinaryIO | None:
    """The file, which no other process uses meanwhile; None where that cannot be had."""
    try:
        import fcntl
    except ImportError:
        return None
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0)
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    os.utime(path)
    return file


def _let_go(own: Path, bound: int) -> None:
    """Delete the files of other specs, the oldest first, until the rest is within the bound."""
    files = [(path.stat(), path) for path in own.parent.glob(f"*{SUFFIX}")]
    total = sum(status.st_size for status, _ in files)
    for status, path in sorted(files, key=lambda one: (one[0].st_mtime_ns, one[1])):
        if total <= bound:
            return
        if path != own:
            path.unlink(missing_ok=True)
            total -= status.st_size


def _padded(size: int) -> int:
    return -(-size // 8) * 8


def _packed(key: bytes, arrays: Sequence[Arrays]) -> tuple[list[memoryview], list[int | None], int]:
    """The pieces of a record, where in it the values of each of the arrays begin, and the bytes of
    its head."""
    told = [[[name, one.dtype.str, one.size] for name, one in some.items()] for some in arrays]
    names = orjson.dumps(told)
    head = [memoryview(names.ljust(_padded(len(names)), b" "))]
    tail: list[memoryview] = []
    for some in arrays:
        for name, one in some.items():
            data = _bytes(one)
            if len(data) % 8:
                data = memoryview(bytes(data).ljust(_padded(len(data)), b"\0"))
            (tail if name == _LAST else head).append(data)
    size = sum(map(len, head))
    at = _HEADER.size + size
    starts: list[int | None] = []
    for some in arrays:
        starts.append(at if _LAST in some else None)
        at += _padded(some[_LAST].nbytes) if _LAST in some else 0
    whole = sum(map(_sum, head)) & 0xFFFFFFFFFFFFFFFF
    header = memoryview(_HEADER.pack(at, whole, key, len(names), size))
    return [header, *head, *tail], starts, size


def _bytes(array: NDArray[Any]) -> memoryview:
    """The bytes of an array, which are not copied."""
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return memoryview(flat.data).cast("B") if len(flat) else memoryview(b"")


def _sum(body: bytes | memoryview) -> int:
    return int(np.frombuffer(body, "<u8").sum(dtype=np.uint64))


def _unpacked(data: bytes, key: bytes, length: int) -> tuple[list[Arrays], list[int | None]] | None:
    """The arrays of a record of ``length`` bytes from its header and head, and where the values
    begin; None where it is damaged."""
    if len(data) < _HEADER.size:
        return None
    told, whole, own, size, head = _HEADER.unpack_from(data)
    body = memoryview(data)[_HEADER.size :]
    if (told, own, head) != (length, key, len(body)) or size > head or head % 8:
        return None
    if _sum(body) != whole:
        return None
    at, end = _HEADER.size + _padded(size), len(data)
    arrays: list[Arrays] = []
    starts: list[int | None] = []
    try:
        for some in orjson.loads(body[:size]):
            arrays.append({})
            starts.append(None)
            for name, kind, count in some:
                if kind not in _TYPES:
                    return None
                if name == _LAST:
                    starts[-1], end = end, end + _padded(8 * count)
                    continue
                arrays[-1][name] = np.frombuffer(data, kind, count, at)
                at += _padded(arrays[-1][name].nbytes)
    except (ValueError, TypeError):
        return None
    return (arrays, starts) if end == length else None
