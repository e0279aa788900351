"""How a request reaches a host and what comes back: bounded, timed, and never anywhere else.

Imports the HTTP library, so it is imported only where requests are made.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp

from ftdsl.models.failure import Failed, Rejected
from ftdsl.models.hosts import Endpoint

LARGEST = 16 * 1024 * 1024
"""Bytes of a response body. The longest answer of any model is a small part of it."""

_CONNECT = 10.0  # seconds to connect


@dataclass(frozen=True, slots=True)
class Received:
    """A response: lower-case headers, the whole body, and seconds from the request on the socket to
    the body's end, without what it took to connect."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Transport:
    """An open pool of connections to one endpoint; use ``transport`` to make one."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: Endpoint, timeout: float) -> None:
        self._session = session
        self._timeout = timeout
        self._base = endpoint.url
        self._proxy = endpoint.proxy

    async def post(
        self, path: str, body: bytes, on_bytes: Callable[[bytes, float], None] | None = None
    ) -> Received:
        """Send ``body`` and read the response. ``on_bytes`` is given each piece of a successful
        body as it arrives, with the seconds since the request was sent. Raises ``Failed`` for what
        is no complete response, and ``Rejected`` for a certificate that is not trusted."""
        timing = _Timing(time.perf_counter())
        try:
            async with self._session.post(
                self._base + path,
                data=body,
                allow_redirects=False,  # a redirect could carry the cases and the key elsewhere
                proxy=self._proxy,
                trace_request_ctx=timing,
            ) as response:
                data = await _bounded(response, timing, on_bytes)
                return Received(response.status, _Lowered(response.headers), data, timing.since())
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _failure(error, timing, self._timeout) from error


@asynccontextmanager
async def transport(
    endpoint: Endpoint, concurrency: int, timeout: float
) -> AsyncIterator[Transport]:
    """Connections to ``endpoint``, at most ``concurrency`` at once; ``timeout`` is in seconds, for
    one request from its start to the last byte of its response."""
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # a small body must not unfold to a huge one
        "Content-Type": "application/json",
        "User-Agent": "ftdsl",
    }
    if endpoint.key is not None:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    async with aiohttp.ClientSession(
        headers=headers,
        connector=aiohttp.TCPConnector(limit=concurrency, keepalive_timeout=30),
        timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(_CONNECT, timeout)),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,  # neither proxies nor a .netrc
        trace_configs=[_connection_times()],
    ) as session:
        yield Transport(session, endpoint, timeout)


class _Timing:
    """When one request began; time spent on making a connection does not count."""

    __slots__ = ("connected", "start")

    def __init__(self, start: float) -> None:
        self.start = start
        self.connected = True

    def since(self) -> float:
        return time.perf_counter() - self.start


def _connection_times() -> aiohttp.TraceConfig:
    async def dials(_: Any, trace: SimpleNamespace, __: Any) -> None:
        trace.trace_request_ctx.connected = False

    async def connected(_: Any, trace: SimpleNamespace, __: Any) -> None:
        trace.trace_request_ctx.connected = True
        trace.trace_request_ctx.start = time.perf_counter()

    config = aiohttp.TraceConfig()
    config.on_connection_create_start.append(dials)
    config.on_connection_create_end.append(connected)
    return config


class _Lowered(dict[str, str]):
    """Headers by lower-case name, made from those of a response."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__((name.lower(), value) for name, value in headers.items())


async def _bounded(
    response: aiohttp.ClientResponse,
    timing: _Timing,
    on_bytes: Callable[[bytes, float], None] | None,
) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        response.close()
        why = "the server compressed its answer, though it was asked not to"
        raise Failed(why, again=False, processed=True)
    length = response.content_length
    told = on_bytes if response.status == 200 else None
    if told is None and length is not None and length <= LARGEST:
        return await response.read()
    blocks: list[bytes] = []
    left = LARGEST
    async for block in response.content.iter_any():
        left -= len(block)
        if left < 0:
            response.close()
            why = f"the answer is larger than {LARGEST // 2**20} MiB"
            raise Failed(why, again=False, processed=True)
        blocks.append(block)
        if told is not None:
            told(block, timing.since())
    return b"".join(blocks)


def _failure(error: Exception, timing: _Timing, timeout: float) -> Exception:
    """What the library's error means here."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return Rejected("certificate", str(error))
    sent = timing.connected and not isinstance(error, aiohttp.ClientConnectorError)
    if isinstance(error, TimeoutError):
        why = f"no answer within {timeout:g} s"
    elif isinstance(error, aiohttp.ClientHttpProxyError):
        why = f"the proxy answered HTTP {error.status}"
    elif isinstance(error, aiohttp.ClientPayloadError):
        why = "the connection failed: the response ended before it was whole"
    elif isinstance(error, aiohttp.ServerDisconnectedError):
        why = "the connection failed: the server closed it without an answer"
    elif isinstance(error, aiohttp.ClientResponseError):
        why = "the reply is not HTTP"
    else:
        why = f"the connection failed: {error}"
    return Failed(why, unreachable=True, processed=sent)
