"""The engines of one run: each is opened when a step first asks for it, and closed with the run."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType

from ftdsl.engine.context import Engine, Policy
from ftdsl.engine.local import LocalEngine


class Engines:
    """Open with ``with``."""

    def __init__(self) -> None:
        self._closing = ExitStack()
        self._open: dict[str, Engine] = {"local": LocalEngine()}

    def __enter__(self) -> Engines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def have(self, name: str, engine: Engine) -> None:
        """Use an engine that is open already; it is closed by whoever opened it."""
        self._open[name] = engine

    def wanted(self, policy: Policy) -> Engine:
        """The engine that the operator named. Raises Refused (FT420-FT423)."""
        if policy.engine not in self._open:
            from ftdsl.engine.ray_engine import RayEngine

            self._open[policy.engine] = self._closing.enter_context(RayEngine(policy))
        return self._open[policy.engine]
