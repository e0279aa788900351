"""The engine of a Ray cluster: calls are Ray tasks, handles object references, stations actors.

Where a value lies, who needs it, what is done again when a worker or a machine dies: all of that is
Ray's. What this module adds is the order of results, refusals as values (an exception would lose
its diagnostic on the way), and words for what can go wrong with a cluster.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from types import TracebackType
from typing import Any

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Policy, Refused, Station

_PATIENCE = 0.2
_AHEAD = 3
"""Calls a core of the cluster that may be asked for before the first of them is answered."""
_RETRIES = 5
"""How often a call is made again when the worker that makes it dies."""
_PROBE = 5.0
"""Seconds in which the head of a cluster answers."""
_ANSWER = 60.0
"""Seconds in which a worker says what is installed there."""


class RayEngine:
    """Open with ``with``: starts a cluster on this machine, or joins that of ``policy.ray``."""

    distributed = True

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._tasks: dict[int, Any] = {}
        self.width = 1

    def __enter__(self) -> RayEngine:
        # Ray asks nobody before it tells its maker of the cluster. Nothing leaves this machine.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        # Without GPUs to hand out, what a worker sees of them stays as it is.
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            import ray
        except ModuleNotFoundError as error:
            raise _missing() from error
        self._ray = ray
        kept = signal.getsignal(signal.SIGTERM)
        try:
            _assert_answering(self._policy.ray, ray.util.get_node_ip_address())
            ray.init(**self._address(), log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, TimeoutError, ValueError, RuntimeError, OSError) as error:
            raise _unreachable(self._policy.ray, error) from error
        except SystemExit as error:
            # So Ray says that a cluster that it knew of is gone.
            raise _unreachable(self._policy.ray, ConnectionError("it is gone")) from error
        finally:
            # Ray puts a handler of its own, which would end the run without its record.
            if kept is not None:
                _restore(kept)
        try:
            self.width = max(1, int(ray.cluster_resources().get("CPU", 1)))
            self._assert_alike()
        except Refused:
            ray.shutdown()
            raise
        return self

    def _address(self) -> dict[str, Any]:
        if self._policy.ray:
            return {"address": self._policy.ray}
        return {
            "address": "local",
            "num_cpus": self._policy.workers,
            "include_dashboard": False,
            "_node_ip_address": "127.0.0.1",
        }

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ray.shutdown()

    def _assert_alike(self) -> None:
        """Every machine has the same ftdsl and Python: else results would depend on who answers."""
        here = _installed()
        asked = []
        for node in self._ray.nodes():
            if node["Alive"] and node["Resources"].get("CPU"):
                from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

                only = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                ask = self._ray.remote(_who_answers())
                told = ask.options(scheduling_strategy=only, num_cpus=0).remote()
                asked.append((node["NodeManagerAddress"], told))
        for place, told in asked:
            try:
                there = self._ray.get(told, timeout=_ANSWER)
            except self._ray.exceptions.RayError as error:
                raise _lost(error) from error
            if there != here:
                raise _differs(place, here, there)

    # ------------------------------------------------------------------ what a step asks

    def map(
        self,
        function: Callable[..., Any],
        blocks: Iterable[tuple[Any, ...]],
        checkpoint: Callable[[], None],
    ) -> Iterator[Any]:
        asked: deque[Any] = deque()
        left = iter(blocks)
        while True:
            while len(asked) < _AHEAD * self.width:
                block = next(left, None)
                if block is None:
                    break
                asked.append(self.submit(function, *block))
            if not asked:
                return
            (found,) = self.gather([asked.popleft()], checkpoint)
            yield found

    def submit(self, function: Callable[..., Any], *arguments: Any, pieces: int = 1) -> Any:
        if pieces not in self._tasks:
            task = self._ray.remote(_answer)
            self._tasks[pieces] = task.options(num_returns=pieces, max_retries=_RETRIES, num_cpus=1)
        return self._tasks[pieces].remote(function, pieces, *arguments)

    def place(self, kind: Callable[..., Any], *arguments: Any) -> Station:
        actor = self._ray.remote(_Stays)
        # No core of its own: it works only while it is asked, and tasks need all cores before.
        made = actor.options(num_cpus=0, max_restarts=_RETRIES, max_task_retries=_RETRIES)
        return _There(made.remote(kind, *arguments))

    def gather(self, handles: Sequence[Any], checkpoint: Callable[[], None]) -> list[Any]:
        waiting = list(dict.fromkeys(handles))
        try:
            while waiting:
                checkpoint()
                _, waiting = self._ray.wait(
                    waiting, num_returns=len(waiting), timeout=_PATIENCE, fetch_local=False
                )
            found = self._ray.get(list(handles))
        except self._ray.exceptions.RayTaskError:
            raise
        except self._ray.exceptions.RayError as error:
            raise _lost(error) from error
        for one in found:
            if isinstance(one, _Refusal):
                raise one.exception()
        return list(found)


class _There:
    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def ask(self, method: str, *arguments: Any) -> Any:
        return self._actor.ask.remote(method, *arguments)


# ---------------------------------------------------------------------- what runs on a worker


class _Refusal:
    """A refusal on its way from a worker; ``library`` where one is not installed there."""

    def __init__(self, diagnostic: Diagnostic | None, exit_code: int, library: str = "") -> None:
        self.diagnostic, self.exit_code, self.library = diagnostic, exit_code, library

    def exception(self) -> Refused | ModuleNotFoundError:
        if self.diagnostic is None:
            return ModuleNotFoundError(f"No module named {self.library!r}", name=self.library)
        return Refused(self.diagnostic, self.exit_code)


def _answer(function: Callable[..., Any], pieces: int, *arguments: Any) -> Any:
    handed_on = next((one for one in arguments if isinstance(one, _Refusal)), None)
    found = handed_on or _called(function, arguments)
    return [found] * pieces if pieces > 1 and isinstance(found, _Refusal) else found


def _called(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return function(*arguments)
    except Refused as refused:
        return _Refusal(refused.diagnostic, refused.exit_code)
    except ModuleNotFoundError as error:
        return _Refusal(None, 2, error.name or "")


class _Stays:
    """The actor around an object."""

    def __init__(self, kind: Callable[..., Any], *arguments: Any) -> None:
        self._held = kind(*arguments)

    def ask(self, method: str, *arguments: Any) -> Any:
        return _called(getattr(self._held, method), arguments)


def _installed() -> tuple[str, str, str]:
    return version("ftdsl"), ".".join(map(str, sys.version_info[:2])), version("numpy")


def _who_answers() -> Callable[[], tuple[str, str, str]]:
    """A function that a worker without ftdsl can run: Ray sends one of no module as it is."""

    def told() -> tuple[str, str, str]:
        import sys
        from importlib.metadata import PackageNotFoundError, version

        found = []
        for name in ("ftdsl", "numpy"):
            try:
                found.append(version(name))
            except PackageNotFoundError:
                found.append("")
        return found[0], ".".join(map(str, sys.version_info[:2])), found[1]

    return told


def _assert_answering(address: str, own: str) -> None:
    """Somebody listens at ``address``: Ray itself waits two minutes before it gives up."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    local = host in ("127.0.0.1", "localhost")
    for one in (host, own) if local else (host,):
        try:
            socket.create_connection((one, int(port)), _PROBE).close()
        except OSError:
            continue
        return
    raise ConnectionError("nothing answers there")


def _restore(kept: Any) -> None:
    try:
        signal.signal(signal.SIGTERM, kept)
    except ValueError:
        return  # not in the main thread, where nothing was put either


# ---------------------------------------------------------------------- words


def _missing() -> Refused:
    return _refused(
        "FT420",
        "`--engine ray` needs Ray, which is not installed",
        "install it with `pip install 'ftdsl[ray]'`, here and on the cluster",
    )


def _unreachable(address: str, error: Exception) -> Refused:
    what = " ".join(str(error).split())[:200] or type(error).__name__
    if not address:
        return _refused(
            "FT421",
            f"no Ray cluster could be started on this machine: {what}",
            "give it room in /dev/shm and memory, or run with `--engine local`",
        )
    return _refused(
        "FT421",
        f"there is no Ray cluster at {address} that can be joined: {what}",
        "is its head running, with the same versions of Ray and Python as here?",
    )


def _differs(place: str, here: tuple[str, ...], there: tuple[str, ...]) -> Refused:
    names = ("ftdsl", "Python", "NumPy")
    told = zip(names, here, there, strict=True)
    other = [f"{name} {b or 'not installed'} (here {a})" for name, a, b in told if a != b]
    return _refused(
        "FT423",
        f"the machine {place} of the cluster has {', '.join(other)}",
        "install the same versions on every machine: results must not depend on who answers",
    )


def _lost(error: Exception) -> Refused:
    what = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return _refused(
        "FT422",
        f"the Ray cluster lost a part of the work and could not do it again: {what}",
        "look at memory and disk of its machines; what was finished is kept, so run again",
    )


def _refused(code: str, message: str, help_: str) -> Refused:
    return Refused(Diagnostic(code, message, Span("", 0, 0), help=help_))
