"""The engine of one machine: what is asked for is done at once, in the run's own process.

Worker processes of the check step (``quality.workers``) are its own: they share out one function
over parts of files, and nothing that they find is handed on from one to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ftdsl.engine.context import Station


class LocalEngine:
    """Handles are the values themselves."""

    distributed = False
    width = 1

    def map(
        self,
        function: Callable[..., Any],
        blocks: Iterable[tuple[Any, ...]],
        checkpoint: Callable[[], None],
    ) -> Iterator[Any]:
        for block in blocks:
            checkpoint()
            yield function(*block)

    def submit(self, function: Callable[..., Any], *arguments: Any, pieces: int = 1) -> Any:
        del pieces
        return function(*arguments)

    def place(self, kind: Callable[..., Any], *arguments: Any) -> Station:
        return _Here(kind(*arguments))

    def gather(self, handles: Sequence[Any], checkpoint: Callable[[], None]) -> list[Any]:
        checkpoint()
        return list(handles)


class _Here:
    def __init__(self, held: Any) -> None:
        self._held = held

    def ask(self, method: str, *arguments: Any) -> Any:
        return getattr(self._held, method)(*arguments)
