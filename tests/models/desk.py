"""A context for steps under test: real folders, no engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ftdsl.engine.context import Policy
from ftdsl.results.outputs import StepOutput


@dataclass
class Bar:
    """Counts what a progress bar was told."""

    done: int = 0

    def advance(self, amount: int = 1) -> None:
        self.done += amount

    def note(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class Desk:
    """``published`` are the folders of finished steps by id; ``on_checkpoint`` may raise."""

    root: Path
    work: Path
    cache: Path
    policy: Policy = field(default_factory=Policy)
    outputs: Mapping[str, StepOutput] = field(default_factory=dict)
    published: dict[str, Path] = field(default_factory=dict)
    on_checkpoint: Callable[[], None] = lambda: None
    bar: Bar = field(default_factory=Bar)

    def artifacts(self, step_id: str) -> Path:
        return self.published[step_id]

    def progress(self, label: str, total: int | None = None, unit: str = "rows") -> Bar:  # noqa: ARG002
        return self.bar

    def checkpoint(self) -> None:
        self.on_checkpoint()


def desk(folder: Path, policy: Policy | None = None) -> Desk:
    """A desk whose project root is ``folder``."""
    work, cache = folder / ".work", folder / ".cache"
    work.mkdir(exist_ok=True)
    cache.mkdir(exist_ok=True)
    return Desk(folder, work, cache, policy or Policy())
