"""How a local model is served while it is asked: starting, readiness, memory, and a sure end."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
_END_GRACE = 5.0


class ServerFailed(Exception):
    """The server did not come up. ``log`` is the end of what it said."""

    def __init__(self, why: str, log: str) -> None:
        super().__init__(why)
        self.log = log


@dataclass(frozen=True, slots=True)
class Served:
    """What is served: weights, an adapter over them, a chat template (a path; None keeps the one
    in the weights), ``context`` tokens for each of ``slots`` requests at once."""

    weights: Path
    adapter: Path | None = None
    template: Path | None = None
    context: int = 2048
    slots: int = 1
    alias: str = "local"

    @property
    def deadline(self) -> float:
        """Seconds until it must be ready: a minute, and half a minute for each GB."""
        return 60.0 + 30.0 * self.weights.stat().st_size / 1e9


@dataclass(slots=True)
class LocalServer:
    """A running server. ``key`` is drawn afresh for it: no other user of the machine can ask."""

    address: str
    key: str
    process: subprocess.Popen[bytes]
    seconds_to_ready: float

    def peak_memory(self) -> int | None:
        """Bytes of resident memory at its highest, or None where the system does not tell."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return None
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return None


def idle_threads() -> int:
    """Threads for llama.cpp: the cores that are idle now, at least one.

    Its threads spin while they wait for each other, so one thread too many on a busy machine is
    several times slower than one too few, while all cores of an idle one are 1.5 times faster
    than half of them.
    """
    cores = os.cpu_count() or 1
    try:
        busy = os.getloadavg()[0]
    except OSError:
        return 1
    return max(1, min(cores, round(cores - busy)))


@contextmanager
def running_server(
    served: Served, checkpoint: Callable[[], None], threads: int | None = None
) -> Iterator[LocalServer]:
    """Start a server and end it for certain. Raises ``ServerFailed``; ``checkpoint`` is called
    while waiting and may raise to give up."""
    key = secrets.token_urlsafe(24)
    with tempfile.TemporaryFile() as log:
        process = _start(log)
        try:
            start = time.monotonic()
            _configure(process, served, key, threads or idle_threads())
            address = _wait_ready(process, log, served.deadline, checkpoint)
            yield LocalServer(address, key, process, time.monotonic() - start)
        finally:
            _end(process)


def _start(log: IO[bytes]) -> subprocess.Popen[bytes]:
    package_root = Path(__file__).resolve().parents[2]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment["PYTHONPATH"] = str(package_root)
    # -P: nothing in the working folder may stand in for a module. A session of its own: the
    # terminal's Ctrl-C is for us, who then let the requests in flight finish.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "ftdsl.models.llama_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
        start_new_session=True,
    )


def _configure(process: subprocess.Popen[bytes], served: Served, key: str, threads: int) -> None:
    template = served.template.read_text("utf-8") if served.template is not None else None
    settings = {
        "model": str(served.weights),
        "adapter": str(served.adapter) if served.adapter is not None else None,
        "template": template,
        "context": served.context,
        "slots": served.slots,
        "alias": served.alias,
        "threads": threads,
        "key": key,
    }
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        return  # it died at once: the wait for its address says why


def _wait_ready(
    process: subprocess.Popen[bytes],
    log: IO[bytes],
    deadline: float,
    checkpoint: Callable[[], None],
) -> str:
    lines: list[bytes] = []
    assert process.stdout is not None
    reader = threading.Thread(
        target=lambda out: lines.append(out.readline()), args=(process.stdout,)
    )
    reader.daemon = True
    reader.start()
    until = time.monotonic() + deadline
    while reader.is_alive():
        reader.join(0.1)
        checkpoint()
        if time.monotonic() > until:
            raise ServerFailed(f"it was not ready within {deadline:.0f} s", _tail(log))
    if not lines or not lines[0].strip():
        process.wait(_END_GRACE)
        raise ServerFailed(f"it ended with status {process.returncode}", _tail(log))
    address: str = json.loads(lines[0])["address"]
    return address


def _tail(log: IO[bytes], size: int = 2000) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - size))
    return log.read().decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                continue
    try:
        process.wait(_END_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
