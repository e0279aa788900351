"""Parts of a dataset shared out among worker processes, and the answers in the parts' order."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import orjson

from ftdsl.data.rows import Part
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.gathering import Answers
from ftdsl.quality.worker import answers_name, part_to_json, read_answers, stored_answers

_PROGRAM = "import gc; gc.disable(); from ftdsl.quality.worker import main; main()"
_PATIENCE = 0.2
_WAITING = 2
"""Tasks that a worker holds at a time, so that it never waits for the next."""
_READ = 1 << 20
_AHEAD = 16
"""Parts a worker may be ahead of the one whose answers are wanted next; the rest waits unread."""

Task = tuple[Part, Collection[int]]
"""A part and the rules to ask."""


class Workers:
    """A few worker processes, ended when the ``with`` block is left in whatever way."""

    def __init__(self, count: int, step: CheckStep, root: Path, work: Path) -> None:
        self._step = step
        self._opening = orjson.dumps(
            {"step": step.model_dump_json(), "root": str(root), "work": str(work)},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        self._work = work
        self._count = count
        self._held: Counter[int] = Counter()
        self._inboxes: dict[int, _Inbox] = {}
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Workers:
        for _ in range(self._count):
            # A session of its own: Ctrl-C is for the run to answer, not for its workers.
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            self.processes.append(process)
            self._inboxes[process.pid] = _Inbox()
            self._send(process, self._opening)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self.processes:
            if error is not None:
                process.kill()
            for pipe in (process.stdin, process.stdout):
                _close(pipe)
            process.wait()

    def answers(
        self,
        tasks: Iterator[Task],
        checkpoint: Callable[[], None],
        own: Callable[[Task], list[Answers]] | None = None,
    ) -> Iterator[Iterator[Answers]]:
        """The answers about each task's part, in the order of the tasks. ``checkpoint`` is called
        at least five times a second. With ``own`` this process is a worker too: it is what
        answers one task here. Raises Refused for what a worker refuses, FT359 for a worker that
        died."""
        numbered = enumerate(tasks)
        done: dict[int, Iterator[Answers]] = {}
        handed = following = 0
        with selectors.DefaultSelector() as ready:
            for process in self.processes:
                assert process.stdout is not None
                ready.register(process.stdout, selectors.EVENT_READ, process)
            while True:
                handed += self._hand_out(numbered, following + _AHEAD * self._count - handed)
                mine = None
                if own is not None and handed < following + _AHEAD * self._count:
                    mine = next(numbered, None)
                handed += mine is not None
                if following == handed:
                    return
                checkpoint()
                for key, _ in ready.select(_PATIENCE if mine is None else 0):
                    done.update(self._received(key.data))
                if mine is not None and own is not None:
                    done[mine[0]] = iter(own(mine[1]))
                while following in done:
                    yield done.pop(following)
                    following += 1

    def _hand_out(self, tasks: Iterator[tuple[int, Task]], most: int) -> int:
        """Give tasks to the workers that hold the fewest; how many were given."""
        given = 0
        while given < most:
            process = min(self.processes, key=lambda one: self._held[one.pid])
            if self._held[process.pid] >= _WAITING:
                break
            task = next(tasks, None)
            if task is None:
                break
            index, (part, asked) = task
            told = part_to_json(index, part, asked)
            self._send(process, orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
            self._held[process.pid] += 1
            given += 1
        return given

    def _send(self, process: subprocess.Popen[bytes], line: bytes) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
        except BrokenPipeError:
            raise self._died(process) from None

    def _received(
        self, process: subprocess.Popen[bytes]
    ) -> Iterator[tuple[int, Iterator[Answers]]]:
        """The number of each task that has been answered meanwhile, and the answers."""
        assert process.stdout is not None
        data = os.read(process.stdout.fileno(), _READ)
        if not data:
            raise self._died(process)
        for told, answers in self._inboxes[process.pid].take(data):
            self._held[process.pid] -= 1
            if "refused" in told:
                code, message, help, place, exit_code = told["refused"]
                raise Refused(Diagnostic(code, message, Span(*place), help=help), exit_code)
            index = told["index"]
            if "stored" in told:
                yield index, stored_answers(self._work / answers_name(index))
            else:
                yield index, iter([answers])

    @property
    def _span(self) -> Span:
        dataset = self._step.dataset
        sources = [one for one in dataset.sources if one.span is not None]
        return (sources[0].span if sources else dataset.span) or Span("", 0, 0)

    def _died(self, process: subprocess.Popen[bytes]) -> Refused:
        status = process.wait()
        how = f"signal {-status}" if status < 0 else f"status {status}"
        message = f"a worker process ended with {how} while it read `{self._step.dataset.name}`"
        help = "it may have run out of memory; run again with fewer workers"
        return Refused(Diagnostic("FT359", message, self._span, help=help))


class _Inbox:
    """What one worker has sent so far. Reading never waits for the rest of a message."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._head: dict[str, Any] | None = None

    def take(self, data: bytes) -> Iterator[tuple[dict[str, Any], Answers]]:
        """The messages that ``data`` completes."""
        self._data += data
        while True:
            if self._head is None:
                end = self._data.find(b"\n")
                if end < 0:
                    return
                self._head = orjson.loads(self._data[:end])
                del self._data[: end + 1]
            head = self._head
            if len(self._data) < sum(size for _, size in head["sizes"]):
                return
            self._head = None
            answers = read_answers(head, BytesIO(self._data))
            del self._data[: sum(map(len, answers.values()))]
            yield head, answers


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except BrokenPipeError:
        return
