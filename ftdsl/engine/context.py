"""What a running step may ask of the engine, and the two ways it can stop early.

Step folders import this module and nothing else of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.results.models import StepOutput


class Refused(Exception):
    """The step cannot answer: the diagnostic says what, why and how to mend it.

    ``exit_code`` is 2 (cannot answer) or 4 (budget or permission). The only exception, besides
    ``Stopped``, that a step lets out on purpose; the engine turns it into a result.
    """

    def __init__(self, diagnostic: Diagnostic, exit_code: int = 2) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
        self.exit_code = exit_code


class Stopped(Exception):
    """A signal asked the run to stop; what was done is kept and the run can be resumed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator allows. A spec can never widen it. ``baseline`` tells whether rows that a
    baseline knows are excused, ``use_proxy`` whether models are asked by way of the proxy that the
    environment names."""

    offline: bool = False
    allowed_hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "::1"})
    allowed_externs: frozenset[str] = frozenset()
    workers: int = 2
    baseline: bool = True
    use_proxy: bool = False


class Progress(Protocol):
    """One bar. ``advance`` is cheap enough to call for every block of rows."""

    def advance(self, amount: int = 1) -> None: ...

    def note(self, text: str) -> None:
        """A short text beside the bar, such as the current loss."""
        ...

    def close(self) -> None: ...


class Context(Protocol):
    """Handed to every step function.

    ``root`` is the project root (read only); ``work`` is this step's own folder, already made, kept
    across interruptions until the step finishes and then published atomically as its artifacts.
    """

    @property
    def root(self) -> Path: ...

    @property
    def work(self) -> Path: ...

    @property
    def cache(self) -> Path:
        """A folder for content-addressed things that outlive the step (tokenised rows, answers,
        unpacked models). Nothing in it decides an outcome; deleting it is always safe."""
        ...

    @property
    def policy(self) -> Policy: ...

    @property
    def outputs(self) -> Mapping[str, StepOutput]:
        """Outputs of the steps this one needs, by step id."""
        ...

    def artifacts(self, step_id: str) -> Path:
        """The published folder of a step this one needs."""
        ...

    def progress(self, label: str, total: int | None = None, unit: str = "rows") -> Progress: ...

    def checkpoint(self) -> None:
        """Raise ``Stopped`` when a signal has asked the run to stop. Call it between blocks."""
        ...
