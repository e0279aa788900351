"""How a request reaches a host and what comes back: bounded, timed, and never anywhere else.

Imports the HTTP library, so it is imported only where requests are made.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from ftdsl.models.failure import Failed, Rejected
from ftdsl.models.hosts import Endpoint

LARGEST = 16 * 1024 * 1024
"""Bytes of a response body. The longest answer of any model is a small part of it."""

_CONNECT = 10.0  # seconds to connect


@dataclass(frozen=True, slots=True)
class Received:
    """A response: the headers of an error by lower-case name, the whole body, and seconds from the
    request on the socket to the body's end, without what it took to connect."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Transport:
    """An open pool of connections to one endpoint; use ``transport`` to make one."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: Endpoint, timeout: float) -> None:
        self._session = session
        self._timeout = timeout
        self._urls: dict[str, URL] = {}
        self._base = endpoint.url
        self._proxy = endpoint.proxy

    async def post(
        self, path: str, body: bytes, on_bytes: Callable[[bytes, float], None] | None = None
    ) -> Received:
        """Send ``body`` and read the response. ``on_bytes`` is given each piece of a successful
        body as it arrives, with the seconds since the request was sent. Raises ``Failed`` for what
        is no complete response, and ``Rejected`` for a certificate that is not trusted."""
        url = self._urls.get(path) or self._urls.setdefault(path, URL(self._base + path))
        timing = _Timing()
        _TIMING.set(timing)
        try:
            async with self._session.post(
                url,
                data=body,
                allow_redirects=False,  # a redirect could carry the cases and the key elsewhere
                proxy=self._proxy,
            ) as response:
                data = await _bounded(response, timing, on_bytes)
                seconds = timing.since()
                headers = {} if response.status == 200 else _lowered(response.headers)
                return Received(response.status, headers, data, seconds)
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
        connector=_Timed(limit=concurrency, keepalive_timeout=30),
        timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(_CONNECT, timeout)),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,  # neither proxies nor a .netrc
    ) as session:
        yield Transport(session, endpoint, timeout)


class _Timing:
    """When one request had its connection; 0 before it had one."""

    __slots__ = ("start",)

    def __init__(self) -> None:
        self.start = 0.0

    def since(self) -> float:
        return time.perf_counter() - self.start


_TIMING: ContextVar[_Timing] = ContextVar("_TIMING")


class _Timed(aiohttp.TCPConnector):
    """Notes for the request of the running task when it was given a connection."""

    async def connect(self, *arguments: Any, **named: Any) -> Any:
        connection = await super().connect(*arguments, **named)
        _TIMING.get().start = time.perf_counter()
        return connection


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


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
    sent = timing.start > 0
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
