"""How the worker process is started, followed and ended."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter, ValidationError

from ftdsl.engine.context import Stopped
from ftdsl.training.local.job import Event

_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "HF_HOME",
    "CUDA_VISIBLE_DEVICES",
)
_FIXED = {
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin halve the speed of a machine that is shared
    "PYTHONHASHSEED": "0",
    "PYTHONSAFEPATH": "1",  # nothing in the working folder may stand in for a module
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "WANDB_DISABLED": "true",
}
_LOOK = 0.2  # seconds between two looks at the signal
_STOP_GRACE = 90.0  # seconds for the step in hand and a checkpoint, once asked to stop
_END_GRACE = 10.0

_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


class WorkerDied(Exception):
    """The worker ended without saying why. ``log`` is the end of its standard error."""

    def __init__(self, why: str, log: str) -> None:
        super().__init__(why)
        self.log = log


def worker_events(
    job: Path, threads: int, checkpoint: Callable[[], None], processes: int = 1
) -> Iterator[Event]:
    """Start a worker on the job file, or several that torchrun brings together, and yield what it
    tells until it ends; it is ended for certain when the caller stops asking.

    ``checkpoint`` is called several times a second. When it raises ``Stopped``, the worker is
    asked to stop, its last events are yielded, and ``Stopped`` goes on once it has ended. Raises
    ``WorkerDied``.
    """
    with tempfile.TemporaryFile() as log:
        process = _start(job, threads, log, processes)
        try:
            yield from _follow(process, checkpoint)
            if process.wait(_END_GRACE) != 0:
                raise WorkerDied(_why(process.returncode), _tail(log))
        finally:
            _end(process)


def _start(job: Path, threads: int, log: IO[bytes], processes: int) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= _FIXED | {"OMP_NUM_THREADS": str(max(1, threads // processes))}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[3])
    program = ["-m", "ftdsl.training.local.worker", str(job)]
    if processes > 1:
        launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        program = [*launch, *program]
    # A session of its own: the terminal's Ctrl-C is for us, who then let the worker write a
    # checkpoint.
    return subprocess.Popen(
        [sys.executable, "-P", *program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
        start_new_session=True,
    )


def _follow(process: subprocess.Popen[bytes], checkpoint: Callable[[], None]) -> Iterator[Event]:
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    stopped: Stopped | None = None
    until = float("inf")
    while True:
        try:
            line = lines.get(timeout=_LOOK)
        except queue.Empty:
            line = b""
        if line is None:
            break
        if line.strip():
            try:
                yield _EVENTS.validate_json(line)
            except ValidationError as error:
                raise WorkerDied("it said something that is no event", str(error)) from error
        if stopped is None:
            try:
                checkpoint()
            except Stopped as error:
                stopped = error
                until = time.monotonic() + _STOP_GRACE
                _ask_to_stop(process)
        elif time.monotonic() > until:
            raise stopped
    if stopped is not None:
        raise stopped


def _read(process: subprocess.Popen[bytes], lines: queue.SimpleQueue[bytes | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


def _ask_to_stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(b"stop\n")
        process.stdin.flush()
    except BrokenPipeError:
        return  # it has ended already


def _why(status: int) -> str:
    if status == -signal.SIGKILL:
        return "it was killed (by the system, when memory ran out, or by hand)"
    if status < 0:
        return f"it was ended by the signal {signal.Signals(-status).name}"
    return f"it ended with status {status}"


def _tail(log: IO[bytes], size: int = 2000) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - size))
    return log.read().decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                continue
