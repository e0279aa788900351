"""How late an event loop may be: since when it has been at work without waiting for its sockets."""

from __future__ import annotations

import asyncio
import selectors
import time

_WAITED = 2e-5  # seconds: a shorter look at the sockets found them ready


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
    """An event loop that can say how long it has been busy. Bytes that it finds on a socket came
    at most that long before."""

    def __init__(self) -> None:
        self._watched = _Watched()
        super().__init__(self._watched)

    def busy_for(self) -> float:
        """Seconds since the loop last waited for its sockets."""
        return time.perf_counter() - self._watched.idle_until


def busy_for() -> float:
    """``WatchedLoop.busy_for`` of the running loop; 0 of one that is not watched."""
    loop = asyncio.get_running_loop()
    return loop.busy_for() if isinstance(loop, WatchedLoop) else 0.0
