"""Parts of a dataset shared out among worker processes, and their tallies in the parts' order."""

from __future__ import annotations

import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import orjson

from ftdsl.data.rows import Part
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.tally import Tally
from ftdsl.quality.worker import part_to_json

_MODULE = "ftdsl.quality.worker"
_PATIENCE = 0.2


class Workers:
    """A few worker processes, ended when the ``with`` block is left in whatever way."""

    def __init__(self, count: int, step: CheckStep, root: Path, work: Path) -> None:
        self._step = step
        self._opening = orjson.dumps(
            {"step": step.model_dump_json(), "root": str(root), "work": str(work)},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        self._count = count
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Workers:
        for _ in range(self._count):
            # A session of its own: Ctrl-C is for the run to answer, not for its workers.
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            self.processes.append(process)
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

    def tallies(
        self, parts: Iterator[Part], checkpoint: Callable[[], None]
    ) -> Iterator[tuple[int, Part, Tally]]:
        """(index, part, tally) in the order of ``parts``. ``checkpoint`` is called at least five
        times a second. Raises Refused for what a worker refuses, FT359 for a worker that died."""
        tasks = enumerate(parts)
        running: dict[int, Part] = {}
        done: dict[int, Tally] = {}
        following = 0
        with selectors.DefaultSelector() as ready:
            for process in self.processes:
                assert process.stdout is not None
                ready.register(process.stdout, selectors.EVENT_READ, process)
                self._next(process, tasks, running)
            while running or done:
                checkpoint()
                for key, _ in ready.select(_PATIENCE) if running else ():
                    process = key.data
                    answer = self._answer(process)
                    done[answer["index"]] = Tally.from_json(answer["tally"])
                    self._next(process, tasks, running)
                while following in done:
                    yield following, running.pop(following), done.pop(following)
                    following += 1

    def _next(
        self,
        process: subprocess.Popen[bytes],
        tasks: Iterator[tuple[int, Part]],
        running: dict[int, Part],
    ) -> None:
        task = next(tasks, None)
        if task is not None:
            running[task[0]] = task[1]
            line = orjson.dumps(part_to_json(*task), option=orjson.OPT_APPEND_NEWLINE)
            self._send(process, line)

    def _send(self, process: subprocess.Popen[bytes], line: bytes) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
        except BrokenPipeError:
            raise self._died(process) from None

    def _answer(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise self._died(process)
        answer: dict[str, Any] = orjson.loads(line)
        if "refused" in answer:
            code, message, help, place, exit_code = answer["refused"]
            raise Refused(Diagnostic(code, message, Span(*place), help=help), exit_code)
        return answer

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


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except BrokenPipeError:
        return
