"""A unified diff written while a file is rewritten: three lines of context, as `patch` takes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

CONTEXT = 3
_NO_END = b"\\ No newline at end of file\n"

Pair = tuple[bytes, list[bytes]]
"""A line of the old file and the lines that take its place, all with their line ends."""


def unified(path: str, pairs: Iterable[Pair]) -> Iterator[bytes]:
    """The diff of one file; nothing where no line changed. Memory stays at one hunk."""
    head = f"--- a/{path}\n+++ b/{path}\n".encode()
    for hunk in _hunks(pairs):
        yield head + hunk
        head = b""


def binary(path: str) -> bytes:
    """What a diff says of a file that is no text."""
    return f"Binary files a/{path} and b/{path} differ\n".encode()


def _hunks(pairs: Iterable[Pair]) -> Iterator[bytes]:
    before: deque[bytes] = deque(maxlen=CONTEXT)
    hunk: _Hunk | None = None
    old = new = 1
    for line, lines in pairs:
        same = len(lines) == 1 and lines[0] == line
        if not same:
            if hunk is None:
                hunk = _Hunk(old - len(before), new - len(before), before)
            hunk.change(line, lines)
        elif hunk is not None and hunk.keep(line):
            yield hunk.text()
            before.extend(hunk.tail())
            hunk = None
        if hunk is None and same:
            before.append(line)
        old, new = old + 1, new + len(lines)
        if not same:
            before.clear()
    if hunk is not None and hunk.changed:
        yield hunk.text()


class _Hunk:
    """One hunk on its way. It ends after twice the context of unchanged lines, so that two changes
    near each other share one."""

    def __init__(self, old: int, new: int, before: Iterable[bytes]) -> None:
        self._old, self._new = old, new
        self._lines = [b" " + one for one in before]
        self._counts = [len(self._lines)] * 2
        self._removed: list[bytes] = []
        self._added: list[bytes] = []
        self._after: list[bytes] = []
        self.changed = False

    def change(self, line: bytes, lines: list[bytes]) -> None:
        """A line was replaced."""
        self._settle()
        self._removed.append(b"-" + line)
        self._added += [b"+" + one for one in lines]
        self._counts[0] += 1
        self._counts[1] += len(lines)
        self.changed = True

    def keep(self, line: bytes) -> bool:
        """A line stayed; True where the hunk ends with it."""
        self._after.append(line)
        return len(self._after) > 2 * CONTEXT

    def tail(self) -> list[bytes]:
        """The unchanged lines after the last change."""
        return self._after[:-1]

    def _settle(self) -> None:
        if not self._after:
            return
        self._flush()
        self._lines += [b" " + one for one in self._after]
        self._counts = [count + len(self._after) for count in self._counts]
        self._after = []

    def _flush(self) -> None:
        self._lines += [*self._removed, *self._added]
        self._removed, self._added = [], []

    def text(self) -> bytes:
        """The hunk with its head."""
        self._flush()
        kept = self._after[:CONTEXT]
        lines = [*self._lines, *(b" " + one for one in kept)]
        old, new = (count + len(kept) for count in self._counts)
        head = f"@@ -{_range(self._old, old)} +{_range(self._new, new)} @@\n".encode()
        body = (one if one.endswith(b"\n") else one + b"\n" + _NO_END for one in lines)
        return head + b"".join(body)


def _range(start: int, count: int) -> str:
    """An empty range stands after the line before it."""
    return f"{start - 1 if count == 0 else start},{count}"
