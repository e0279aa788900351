"""One HTTP/1.1 connection: a request goes out, and its response comes back bounded and timed.

The bytes are parsed by llhttp (``httptools``); what is here is what a response may be.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httptools

from ftdsl.models.failure import Failed

LARGEST = 16 * 1024 * 1024
"""Bytes of a response body. The longest answer of any model is a small part of it."""

_LARGEST_HEAD = 256 * 1024
_CUT = "the connection failed: the response ended before it was whole"
_NO_HTTP = "the reply is not HTTP"

OnBytes = Callable[[bytes, float], None]


@dataclass(frozen=True, slots=True)
class Received:
    """A response: the headers of an error by lower-case name, the whole body, and seconds from the
    request on the socket to the body's end, without what it took to connect."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Connection(asyncio.Protocol):
    """Made by an event loop's ``create_connection``; one request at a time."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._waiting: asyncio.Future[Received] | None = None
        self.lost: asyncio.Future[None] = loop.create_future()
        self.idle_since = 0.0
        self.reusable = True
        self._begin(None)

    def _begin(self, on_bytes: OnBytes | None) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._on_bytes = on_bytes
        self._headers: list[tuple[bytes, bytes]] = []
        self._blocks: list[bytes] = []
        self._told = 0
        self._size = self._head = 0
        self._status = 0
        self._sized = self._extra = False
        self._failure: Failed | None = None
        self.sent_at = 0.0

    async def request(self, data: bytes, on_bytes: OnBytes | None) -> Received:
        """Send ``data`` and wait for the response. Raises ``Failed``; a connection whose request
        did not end well is closed, and so is one that the task is cancelled on."""
        if self.lost.done():
            raise Failed("the connection failed: the server closed it", unreachable=True)
        self._begin(on_bytes)
        self._waiting = self._loop.create_future()
        self.sent_at = time.perf_counter()
        self.transport.write(data)
        whole = False
        try:
            found = await self._waiting
            whole = True
            return found
        finally:
            self._waiting = None
            if not (whole and self.reusable):
                self.transport.abort()

    # ------------------------------------------------------------------ what the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.reusable = False
            self.transport.abort()  # nobody asked for this
            return
        self._head += 0 if self._status else len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._failure = self._failure or Failed(_NO_HTTP, unreachable=True, processed=True)
        if self._extra:
            self.reusable = False
            return
        if self._head > _LARGEST_HEAD and not self._status:
            self._failure = Failed(_NO_HTTP, unreachable=True, processed=True)
        self._tell()
        if self._failure is not None:
            self._fail(self._failure)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.reusable = False
        if not self.lost.done():
            self.lost.set_result(None)
        if self._waiting is None or self._waiting.done():
            return
        if error is None and self._status and not self._sized:
            self._end()  # a body without a length ends with its connection
        elif error is not None:
            self._fail(_broken(f"the connection failed: {error}"))
        elif self._head or self._status:
            self._fail(_broken(_CUT))
        else:
            self._fail(_broken("the connection failed: the server closed it without an answer"))

    # ------------------------------------------------------------------ what the parser calls

    def on_message_begin(self) -> None:
        # A second response to one request would be taken for the answer to the next.
        self._extra = self._waiting is None or self._waiting.done()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            return  # an interim response; the real one follows
        self._status = status
        headers = dict(self._headers)
        length = headers.get(b"content-length")
        self._sized = length is not None or b"chunked" in headers.get(b"transfer-encoding", b"")
        if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            why = "the server compressed its answer, though it was asked not to"
            self._failure = Failed(why, again=False, processed=True)
        elif length is not None and int(length) > LARGEST:
            self._failure = _too_large()

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > LARGEST:
            self._failure = _too_large()
        elif self._failure is None:
            self._blocks.append(data)

    def on_message_complete(self) -> None:
        if self._extra:
            self.reusable = False
            return
        if not self._status:
            self._headers = []
            return
        self.reusable = self._parser.should_keep_alive()
        if self._failure is None:
            self._tell()
            self._end()

    # ------------------------------------------------------------------ how it ends

    def _tell(self) -> None:
        """Give the pieces of a good response to whoever follows it."""
        if self._on_bytes is None or self._status != 200:
            return
        seconds = time.perf_counter() - self.sent_at
        new, self._told = self._blocks[self._told :], len(self._blocks)
        try:
            for block in new:
                self._on_bytes(block, seconds)
        except Failed as failure:
            self._failure = self._failure or failure

    def _end(self) -> None:
        if self._failure is not None:
            self._fail(self._failure)
            return
        if self._waiting is None or self._waiting.done():
            return
        seconds = time.perf_counter() - self.sent_at
        headers = {} if self._status == 200 else _readable(self._headers)
        body = self._blocks[0] if len(self._blocks) == 1 else b"".join(self._blocks)
        self._waiting.set_result(Received(self._status, headers, body, seconds))

    def _fail(self, failure: Failed) -> None:
        self.reusable = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(failure)
        self.transport.abort()


def _broken(why: str) -> Failed:
    return Failed(why, unreachable=True, processed=True)


def _too_large() -> Failed:
    why = f"the answer is larger than {LARGEST // 2**20} MiB"
    return Failed(why, again=False, processed=True)


def _readable(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
