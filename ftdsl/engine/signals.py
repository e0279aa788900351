"""How a signal stops a run: asked once it finishes what it is at, asked twice it stops at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from ftdsl.engine.context import Stopped

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GRACE_SECONDS = 4.0


class StopRequest:
    """While entered, SIGINT and SIGTERM only set ``signal``; ``checkpoint`` then raises.

    A second signal, or a SIGTERM that no checkpoint answered within four seconds, interrupts the
    step where it stands (``KeyboardInterrupt``): what is on disk is whole at any moment. Outside
    the main thread signals cannot be caught, and none is.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        return self.signal is not None

    def checkpoint(self) -> None:
        """Raise ``Stopped`` if a signal came."""
        if self.signal is not None:
            raise Stopped

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if hasattr(signal, "SIGALRM") and signal.SIGALRM in self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
        if number == signal.SIGTERM and hasattr(signal, "SIGALRM"):
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._note)
            signal.setitimer(signal.ITIMER_REAL, _GRACE_SECONDS)
