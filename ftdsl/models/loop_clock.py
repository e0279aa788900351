"""How late an event loop is: the time that it spends on work instead of looking at its sockets."""

from __future__ import annotations

import asyncio

_TICK = 0.01


class LoopClock:
    """``lag`` grows by each delay with which the loop gets to a callback that was due. What an
    answer's time owes to this process is at most the lag of the time in which it was awaited."""

    def __init__(self) -> None:
        self.lag = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to tick, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + _TICK
        self._handle = self._loop.call_at(self._due, self._tick)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def _tick(self) -> None:
        now = self._loop.time()
        self.lag += max(0.0, now - self._due)
        self._due = now + _TICK
        self._handle = self._loop.call_at(self._due, self._tick)
