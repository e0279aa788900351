"""What a command takes from its cold start to its exit."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """``wall`` and ``cpu`` (user and system, children that it waited for too) in seconds;
    ``peak`` is its own largest resident size in bytes."""

    wall: float
    cpu: float
    peak: float
    code: int


def taken(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Taken:
    """Run ``command`` without input or output."""
    silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    started = time.perf_counter()
    given = {**os.environ, **(environment or {})}
    child = os.posix_spawn(command[0], list(command), given, file_actions=silent)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - started
    cpu = usage.ru_utime + usage.ru_stime
    return Taken(wall, cpu, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status))
