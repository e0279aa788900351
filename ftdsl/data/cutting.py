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
        view, begun, at, end = memoryview(block), 0, 0, len(block)
        while at < end:
            # The line in which the least size is reached only tells where the first line begins
            # that may be chosen.
            skip = 0 if self._choosing else max(0, self._least - self._size - 1)
            stop = block.find(b"\n", at + skip) + 1 or end
            self._size += stop - at
            if self._choosing:
                self._crc = crc32(view[at:stop], self._crc)
                self._length += stop - at
            at = stop
            if block[at - 1] != _END:
                break
            if self._ends():
                self._take(block, begun, at)
                self._cut()
                begun = at
            elif self._size >= self._least:
                self._choosing = True
                self._crc = self._length = 0
        if begun < end:
            self._take(block, begun, end)

    def _ends(self) -> bool:
        chosen = self._choosing and self._crc * self._mean < self._length << 32
        return chosen or self._size >= self._most

    def _take(self, block: bytes, begun: int, end: int) -> None:
        self._sha.update(memoryview(block)[begun:end])
        self._lines += block.count(b"\n", begun, end)
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


def is_packed(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is gzip or Zstandard: its lines are not its own."""
    return head.startswith(_PACKED)
