"""Where a file of lines is cut into chunks: at ends of line that the content chooses.

A chunk ends at the first line past ``LEAST`` bytes whose CRC-32 is small for its length, so the
places depend on the bytes near them and on nothing else: an edited, inserted or deleted line
changes the chunk that it stands in, and now and then the next (content-defined chunking, as in
LBFS, over lines). The length counts so that chunks come out as large whether lines are long or
short.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from zlib import crc32

from ftdsl.data.compiled import compiled

LEAST = 3 << 18
"""Bytes of a chunk before the first line that may end it."""
MEAN = 1 << 18
"""Bytes that follow on average until a line does."""
MOST = 1 << 22
"""Bytes after which any line ends the chunk. Only a line that is longer makes one larger."""

_END = 10
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True, slots=True)
class Cut:
    """One chunk: its ``size`` in bytes, its lines (a last one without ``\\n`` too), and the first
    32 hex digits of the SHA-256 of its bytes."""

    size: int
    lines: int
    digest: str


class Cutter:
    """Cuts what it is fed, in blocks of any size; memory stays at one block."""

    def __init__(self, least: int = LEAST, mean: int = MEAN, most: int = MOST) -> None:
        self._least, self._mean, self._most = least, mean, most
        self._cuts: list[Cut] = []
        self._begin()

    def _begin(self) -> None:
        self._sha = hashlib.sha256()
        self._size = self._lines = 0
        self._choosing = self._unfinished = False
        self._crc = self._length = 0

    def feed(self, block: bytes) -> None:
        """Take in more of the file."""
        begun, at, end = 0, 0, len(block)
        while at < end:
            stop = self._chosen(block, at) if self._choosing else self._passed(block, at)
            self._size += (stop or end) - at
            if not stop:
                break
            at = stop
            if self._choosing or self._size >= self._most:
                self._take(block, begun, at)
                self._cut()
                begun = at
            else:
                self._choosing = True
        if begun < end:
            self._take(block, begun, end)

    def _passed(self, block: bytes, at: int) -> int:
        """After the line in which the least size is reached: it only tells where the first line
        begins that may be chosen. 0 where it does not end."""
        return block.find(b"\n", at + max(0, self._least - self._size - 1)) + 1

    def _chosen(self, block: bytes, at: int) -> int:
        """After the next line that may end the chunk; 0 where there is none."""
        state = (self._crc, self._length, self._mean, self._most - self._size)
        stop, self._crc, self._length = _choose(block, at, *state)
        return stop

    def _take(self, block: bytes, begun: int, end: int) -> None:
        view = memoryview(block)[begun:end]
        self._sha.update(view)
        self._lines += _count(view)
        self._unfinished = block[end - 1] != _END

    def _cut(self) -> None:
        self._cuts.append(Cut(self._size, self._lines, self._sha.hexdigest()[:32]))
        self._begin()

    def end(self) -> tuple[Cut, ...]:
        """The chunks, in order; none of an empty file."""
        if self._size:
            self._lines += self._unfinished
            self._cut()
        return tuple(self._cuts)


def choose(
    data: bytes, at: int, crc: int, length: int, mean: int, left: int
) -> tuple[int, int, int]:
    """What the compiled function of this name does."""
    view, first = memoryview(data), at
    while at < len(data):
        stop = data.find(b"\n", at) + 1
        crc = crc32(view[at : stop or len(data)], crc)
        length += (stop or len(data)) - at
        if not stop:
            break
        if crc * mean < length << 32 or stop - first >= left:
            return stop, crc, length
        at, crc, length = stop, 0, 0
    return 0, crc, length


_choose = choose if compiled is None else compiled.choose


def _count(view: memoryview) -> int:
    return bytes(view).count(b"\n") if compiled is None else int(compiled.count(view, _END))


def is_packed(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is gzip or Zstandard: its lines are not its own."""
    return head.startswith(_PACKED)
