"""A chat model on loopback that answers at once, or after a stated time.

``python -m benchmarks.loopback MILLISECONDS`` prints its port, and on each line of input how many
requests came, when the first of them, and how long the answers took by its own clock.

It speaks just enough HTTP to be asked by any client, and takes little CPU, so that what a benchmark
measures is the client.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, NamedTuple


def _completion() -> bytes:
    body = json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "right"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13},
        }
    ).encode()
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


_ANSWER = _completion()


class Answering(asyncio.Protocol):
    """One connection. ``took`` and ``first`` are of all of them."""

    took: ClassVar[list[float]] = []
    first = 0.0
    delay = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (request := self._whole()) is not None:
            del request
            cls = type(self)
            cls.first = cls.first or time.time()
            came = time.perf_counter()
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self._answer, came)
            else:
                self._answer(came)

    def _whole(self) -> bytes | None:
        head, gap, rest = self._rest.partition(b"\r\n\r\n")
        if not gap:
            return None
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if len(rest) < length:
            return None
        self._rest = rest[length:]
        return rest[:length]

    def _answer(self, came: float) -> None:
        if not self._transport.is_closing():
            self._transport.write(_ANSWER)
        self.took.append(time.perf_counter() - came)


async def _serve(delay: float) -> None:
    Answering.delay = delay
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        told = {"asked": len(Answering.took), "first": Answering.first}
        middle = statistics.median(Answering.took) if Answering.took else 0.0
        print(json.dumps(told | {"took": middle}), flush=True)
        Answering.took.clear()
        Answering.first = 0.0


class Asked(NamedTuple):
    """``first`` is when the first request came, in seconds of the epoch; ``took`` is the median
    time of an answer by the server's own clock, which is late on a busy machine."""

    count: int
    first: float
    took: float


@dataclass
class Loopback:
    """A running server. ``url`` ends in ``/v1``."""

    url: str
    process: subprocess.Popen[str]

    def asked(self) -> Asked:
        """What came since the last call."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        return Asked(told["asked"], told["first"], told["took"])


@contextmanager
def loopback(milliseconds: float = 0.0) -> Iterator[Loopback]:
    """A server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.loopback", str(milliseconds)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield Loopback(f"http://127.0.0.1:{port}/v1", process)
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) / 1000))
