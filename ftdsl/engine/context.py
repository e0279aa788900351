"""What a running step may ask of the engine, and the two ways it can stop early.

Step folders import this module and nothing else of the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.engine.spending import Ledger
from ftdsl.results.outputs import StepOutput

if TYPE_CHECKING:
    from ftdsl.models.pacing import Host


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
    environment names. ``engine`` is where row work runs (``local`` or ``ray``), and ``ray`` the
    address of a Ray cluster, "" for one that is started for the run. ``index`` is the address of
    the index in which dedup stores rows, "" for none. ``ledger`` has what this run may spend and
    what it has spent by now, ``hosts`` how each host fares that is asked."""

    offline: bool = False
    allowed_hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "::1"})
    allowed_externs: frozenset[str] = frozenset()
    workers: int = 2
    baseline: bool = True
    use_proxy: bool = False
    engine: str = "local"
    ray: str = ""
    index: str = ""
    ledger: Ledger = field(default_factory=Ledger, compare=False, repr=False)
    hosts: dict[str, Host] = field(default_factory=dict, compare=False, repr=False)


class Progress(Protocol):
    """One bar. ``advance`` is cheap enough to call for every block of rows."""

    def advance(self, amount: int = 1) -> None: ...

    def note(self, text: str) -> None:
        """A short text beside the bar, such as the current loss."""
        ...

    def close(self) -> None: ...


class Station(Protocol):
    """An object that stays where the engine put it."""

    def ask(self, method: str, *arguments: Any) -> Any:
        """The handle of ``object.method(*arguments)``. A method that is asked twice must do as if
        it had been asked once: a worker may die when it has answered."""
        ...


class Engine(Protocol):
    """Where row work runs: pure functions of blocks of rows, and of what they came to.

    A *handle* stands for a value that may lie elsewhere. It may be an argument of further calls,
    which get the value: what blocks hand one another never passes through the run's own process.
    Functions are those of a module, values are arrays, bytes and frozen models. Results do not
    depend on the engine: all that is merged is merged in the order of the blocks.
    """

    @property
    def distributed(self) -> bool:
        """Whether blocks may lie on several machines."""
        ...

    @property
    def width(self) -> int:
        """How many calls run at a time."""
        ...

    def map(
        self,
        function: Callable[..., Any],
        blocks: Iterable[tuple[Any, ...]],
        checkpoint: Callable[[], None],
    ) -> Iterator[Any]:
        """``function(*block)`` of each block, in their order. Only a few are asked for ahead."""
        ...

    def submit(self, function: Callable[..., Any], *arguments: Any, pieces: int = 1) -> Any:
        """The handle of ``function(*arguments)``; a list of handles where the function returns a
        list of this many ``pieces``, two or more."""
        ...

    def place(self, kind: Callable[..., Any], *arguments: Any) -> Station:
        """An object ``kind(*arguments)`` that stays at one place. Where that place is lost it is
        made again from the same arguments."""
        ...

    def gather(self, handles: Sequence[Any], checkpoint: Callable[[], None]) -> list[Any]:
        """What the handles stand for. Raises Refused, and what a function refused."""
        ...


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
    def engine(self) -> Engine:
        """Where row work runs."""
        ...

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


@dataclass(frozen=True)
class Aside:
    """The context ``within`` with a ``folder`` of its own: for what a step does on the side."""

    within: Context
    folder: Path

    @property
    def root(self) -> Path:
        return self.within.root

    @property
    def work(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    @property
    def cache(self) -> Path:
        return self.within.cache

    @property
    def policy(self) -> Policy:
        return self.within.policy

    @property
    def engine(self) -> Engine:
        return self.within.engine

    @property
    def outputs(self) -> Mapping[str, StepOutput]:
        return self.within.outputs

    def artifacts(self, step_id: str) -> Path:
        return self.within.artifacts(step_id)

    def progress(self, label: str, total: int | None = None, unit: str = "rows") -> Progress:
        return self.within.progress(label, total, unit)

    def checkpoint(self) -> None:
        self.within.checkpoint()
