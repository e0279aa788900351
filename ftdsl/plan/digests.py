"""SHA-256 and line counts of files, remembered while a file's inode, size and times stay the same.

The memory is a cache: deleting it is always safe. A file that was touched less than two seconds
before it was hashed is hashed again next time, since it could change again within the clock's tick
and leave its times as they are (git calls such an entry racily clean).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 1 << 20
_RACY_NS = 2_000_000_000
_FORMAT = "ftdsl.digests/2"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """``size`` in bytes; ``lines`` counts ``\\n``, and a last line without one."""

    sha256: str
    size: int
    lines: int


class FileDigests:
    """Digests of files, with their memory in ``path`` (made on ``save``)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, list[int | str]] = _load(path)
        self._changed = False

    def facts(self, file: Path) -> FileFacts:
        """Digest, size and lines of a regular file; raises ``OSError``."""
        stamp = _stamp(file)
        name = os.path.abspath(file)  # noqa: PTH100 - resolve() would cost a walk of the path
        entry = self._entries.get(name)
        if entry is not None and entry[:5] == stamp:
            return FileFacts(str(entry[5]), stamp[0], int(entry[6]))
        started = time.time_ns()
        found = _hash(file)
        if max(stamp[1], stamp[2]) + _RACY_NS < started and _stamp(file) == stamp:
            self._entries[name] = [*stamp, found.sha256, found.lines]
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


def _hash(file: Path) -> FileFacts:
    sha, size, lines, last = hashlib.sha256(), 0, 0, b"\n"
    with file.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            sha.update(block)
            size += len(block)
            lines += block.count(b"\n")
            last = block[-1:]
    return FileFacts(sha.hexdigest(), size, lines + (last != b"\n"))


def _load(path: Path) -> dict[str, list[int | str]]:
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
        and len(entry) == 7
        and isinstance(entry[5], str)
        and all(isinstance(entry[i], int) for i in (0, 1, 2, 3, 4, 6))
    )
