"""SHA-256, lines and chunks of files, remembered while inode, size and times stay the same.

The memory is a cache: deleting it is always safe. A file that was touched within the clock's tick
before it was hashed could change again and leave its times as they are (git calls such an entry
racily clean). Where times are kept to the nanosecond the tick is waited out, which takes a few
hundredths of a second at most; elsewhere such a file is hashed again next time.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ftdsl.data.cutting import Cut, Cutter, is_packed

DIGESTS_FILE = "digests.json"
"""Its name in the engine's cache folder."""
_BLOCK = 1 << 20
_MOST_WAITING = 8
"""Blocks: how far the reader may be ahead of the digest."""
_TICK_NS = 30_000_000
_COARSE_TICK_NS = 2_000_000_000
_SECOND_NS = 1_000_000_000
_FORMAT = "ftdsl.digests/3"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """``size`` in bytes; ``lines`` counts ``\\n``, and a last line without one. ``chunks`` is None
    where they were not asked for, or where the file is packed."""

    sha256: str
    size: int
    lines: int
    chunks: tuple[Cut, ...] | None = None


class FileDigests:
    """Digests of files, with their memory in ``path`` (made on ``save``)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, list[Any]] = _load(path)
        self._changed = False

    def facts(self, file: Path, cut: bool = False) -> FileFacts:
        """Digest, size and lines of a regular file, and its chunks with ``cut``; raises
        ``OSError``."""
        name = os.path.abspath(file)  # noqa: PTH100 - resolve() would cost a walk of the path
        entry = self._entries.get(name)
        stamp = _stamp(file)
        if entry is not None and entry[:5] == stamp and (entry[7] is not None or not cut):
            return _facts(entry)
        if (wait := _until_settled(stamp)) > 0:
            time.sleep(wait / _SECOND_NS)
            stamp = _stamp(file)
        settled = _until_settled(stamp) == 0
        found = _read(file, cut)
        if settled and _stamp(file) == stamp:
            chunks = found.chunks
            if chunks is None and cut:
                chunks = ()
            listed = None if chunks is None else [[c.size, c.lines, c.digest] for c in chunks]
            self._entries[name] = [*stamp, found.sha256, found.lines, listed]
            self._changed = True
        return found

    def save(self) -> None:
        """Write the memory atomically; a folder that cannot be written loses it, no more."""
        if not self._changed:
            return
        body = json.dumps({"schema": _FORMAT, "files": self._entries}, sort_keys=True)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".digests-")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(body)
            Path(temporary).replace(self._path)
        except OSError:
            return
        self._changed = False


def _stamp(file: Path) -> list[int]:
    """Size, modification and change time in nanoseconds, inode, device."""
    status = file.stat()
    return [
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_dev,
    ]


def _until_settled(stamp: list[int]) -> int:
    """Nanoseconds until the file's times cannot hide another change; below 0 where that is not
    worth waiting for."""
    now, latest = time.time_ns(), max(stamp[1], stamp[2])
    if all(times % _SECOND_NS for times in stamp[1:3]):
        left = latest + _TICK_NS - now
        return max(left, 0) if left <= _TICK_NS else -1
    return 0 if latest + _COARSE_TICK_NS < now else -1


def _read(file: Path, cut: bool) -> FileFacts:
    """Reads the file once. The digest of the whole and those of the chunks cost as much as each
    other and nearly all there is to do, so each has a thread."""
    size, lines, last = 0, 0, b"\n"
    cutter: Cutter | None = None
    with _Digest() as whole, file.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            whole.feed(block)
            if not size and cut and not is_packed(block):
                cutter = Cutter()
            size += len(block)
            if cutter is not None:
                cutter.feed(block)
            else:
                lines += block.count(b"\n")
                last = block[-1:]
    if cutter is None:
        return FileFacts(whole.hex(), size, lines + (last != b"\n"))
    chunks = cutter.end()
    return FileFacts(whole.hex(), size, sum(chunk.lines for chunk in chunks), chunks)


class _Digest:
    """SHA-256 of what it is fed, in a thread from the second block on: most files are one."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()
        self._blocks: SimpleQueue[bytes | None] = SimpleQueue()
        self._room = threading.Semaphore(_MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._fed = False

    def __enter__(self) -> _Digest:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._blocks.put(None)
            self._thread.join()

    def feed(self, block: bytes) -> None:
        """Take in more of the file; waits while too much of it waits."""
        if not self._fed:
            self._fed = True
            self._sha.update(block)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._room.acquire()
        self._blocks.put(block)

    def _run(self) -> None:
        while (block := self._blocks.get()) is not None:
            self._sha.update(block)
            self._room.release()

    def hex(self) -> str:
        """The digest, once the context has ended."""
        return self._sha.hexdigest()


def _facts(entry: list[Any]) -> FileFacts:
    chunks = None if not entry[7] else tuple(Cut(*chunk) for chunk in entry[7])
    return FileFacts(entry[5], entry[0], entry[6], chunks)


def _load(path: Path) -> dict[str, list[Any]]:
    try:
        stored = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(stored, dict) or stored.get("schema") != _FORMAT:
        return {}
    files = stored.get("files")
    if not isinstance(files, dict):
        return {}
    return {name: entry for name, entry in files.items() if _is_entry(entry)}


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 8
        and isinstance(entry[5], str)
        and all(isinstance(entry[i], int) for i in (0, 1, 2, 3, 4, 6))
        and (entry[7] is None or _are_chunks(entry[7], entry[0]))
    )


def _are_chunks(chunks: object, size: int) -> bool:
    return isinstance(chunks, list) and (
        not chunks or (all(map(_is_chunk, chunks)) and sum(chunk[0] for chunk in chunks) == size)
    )


def _is_chunk(chunk: object) -> bool:
    return isinstance(chunk, list) and list(map(type, chunk)) == [int, int, str]
