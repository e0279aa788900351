"""How late an event loop may be: busy since when, and how late it wakes when it has slept."""

from __future__ import annotations

import asyncio
import selectors
import time

_WAITED = 2e-5  # seconds: a shorter look at the sockets found them ready
_TICK = 0.02
_WEIGHT = 0.1  # of the last tick in the mean


class _Watched(selectors.DefaultSelector):
    """Notes when the loop last had nothing to do."""

    idle_until = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        before = time.perf_counter()
        found = super().select(timeout)
        now = time.perf_counter()
        if now - before > _WAITED:
            self.idle_until = now
        return found


class WatchedLoop(asyncio.SelectorEventLoop):
    """An event loop that can say how late it may have seen what it now finds on a socket.

    Either it was busy with other answers, or the system had other work than to wake it: a tick that
    is due each 20 ms tells how late it wakes at present.
    """

    def __init__(self) -> None:
        self._watched = _Watched()
        self._late = 0.0
        super().__init__(self._watched)

    def run_forever(self) -> None:
        self._due = self.time() + _TICK
        self._handle = self.call_at(self._due, self._tick)
        try:
            super().run_forever()
        finally:
            self._handle.cancel()

    def late_by(self) -> float:
        """Seconds by which it may be late."""
        return max(time.perf_counter() - self._watched.idle_until, self._late)

    def _tick(self) -> None:
        now = self.time()
        self._late += _WEIGHT * (now - self._due - self._late)
        self._due = now + _TICK
        self._handle = self.call_at(self._due, self._tick)


def late_by() -> float:
    """``WatchedLoop.late_by`` of the running loop; 0 of one that is not watched."""
    loop = asyncio.get_running_loop()
    return loop.late_by() if isinstance(loop, WatchedLoop) else 0.0
