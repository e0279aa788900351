"""How a request reaches a host and what comes back: bounded, timed, and never anywhere else.

A pool of HTTP/1.1 connections on the running event loop. Redirects are answers like any other,
since following one could carry the cases and the key elsewhere; there are no cookies, and the proxy
and the certificates are the operator's. Imported only where requests are made.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit

from ftdsl.models.connection import LARGEST as LARGEST
from ftdsl.models.connection import Connection, OnBytes
from ftdsl.models.connection import Received as Received
from ftdsl.models.failure import Failed, Rejected
from ftdsl.models.hosts import Endpoint
from ftdsl.models.tunnel import ProxyAnswered, basic, through

_CONNECT = 10.0  # seconds to connect
_KEPT = 30.0  # seconds that an idle connection is used again; servers close them soon after
_FALLBACK = 0.25  # seconds until the next address of a host is tried beside the first (RFC 8305)
_CLOSING = 1.0
_PORTS = {"http": 80, "https": 443}
_IN_A_PATH = "/%:@!$&'()*+,;=~-._"


class Transport:
    """Connections to one endpoint, as many as there are requests at once; use ``transport`` to make
    one."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        parts = urlsplit(endpoint.url)
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._proxy = endpoint.proxy
        path = quote(parts.path, safe=_IN_A_PATH)
        name = f"[{self._host}]" if ":" in self._host else self._host
        port = f":{parts.port}" if parts.port is not None else ""
        whole = self._proxy is not None and self._tls is None  # a proxy is told the whole address
        self._target = f"{parts.scheme}://{name}{port}{path}" if whole else path
        self._rest = _headers(f"{name}{port}", endpoint, whole)
        self._heads: dict[str, bytes] = {}
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()

    async def post(self, path: str, body: bytes, on_bytes: OnBytes | None = None) -> Received:
        """Send ``body`` and read the response. ``on_bytes`` is given each piece of a successful
        body as it arrives, with the seconds since the request was sent. Raises ``Failed`` for what
        is no complete response, and ``Rejected`` for a certificate that is not trusted."""
        head = self._heads.get(path) or self._heads.setdefault(path, self._head(path))
        connection = None
        try:
            async with asyncio.timeout(self._timeout):
                connection = self._kept() or await self._connected()
                found = await connection.request(
                    b"%b%d\r\n\r\n%b" % (head, len(body), body), on_bytes
                )
        except TimeoutError as error:
            sent = connection is not None
            why = f"no answer within {self._timeout:g} s"
            raise Failed(why, unreachable=True, processed=sent) from error
        except ssl.SSLError as error:
            raise Rejected("certificate", str(error)) from error
        except ProxyAnswered as error:
            raise Failed(f"the proxy answered HTTP {error}", unreachable=True) from error
        except OSError as error:
            raise Failed(f"the connection failed: {error}", unreachable=True) from error
        finally:
            if connection is not None:
                self._give_back(connection)
        return found

    def _head(self, path: str) -> bytes:
        return f"POST {self._target}{path} HTTP/1.1\r\n{self._rest}Content-Length: ".encode(
            "latin-1"
        )

    def _kept(self) -> Connection | None:
        """The connection used last that the server can be expected to know still."""
        oldest = self._loop.time() - _KEPT
        while self._idle:
            found = self._idle.pop()
            if found.reusable and found.idle_since > oldest:
                return found
            found.transport.abort()
        return None

    def _give_back(self, connection: Connection) -> None:
        if connection.reusable:
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
        else:
            self._open.discard(connection)

    async def _connected(self) -> Connection:
        try:
            async with asyncio.timeout(min(_CONNECT, self._timeout)):
                found = await self._connection()
        except TimeoutError as error:
            why = f"no connection within {min(_CONNECT, self._timeout):g} s"
            raise Failed(why, unreachable=True) from error
        self._open.add(found)
        return found

    async def _connection(self) -> Connection:
        if self._proxy is not None:
            tunnel = (self._host, self._port, self._tls) if self._tls is not None else None
            return await through(self._proxy, tunnel)
        _, found = await self._loop.create_connection(
            Connection,
            self._host,
            self._port,
            ssl=self._tls,
            happy_eyeballs_delay=_FALLBACK,
        )
        return found

    async def close(self) -> None:
        """Close all connections and wait until they are gone."""
        for connection in self._open:
            connection.transport.abort()
        if self._open:
            await asyncio.wait([one.lost for one in self._open], timeout=_CLOSING)


def _headers(host: str, endpoint: Endpoint, to_proxy: bool) -> str:
    headers = {
        "Host": host,
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # a small body must not unfold to a huge one
        "Content-Type": "application/json",
        "User-Agent": "ftdsl",
    }
    if endpoint.key is not None:
        key = "".join(one for one in endpoint.key if one.isprintable())  # a key is one line
        headers["Authorization"] = f"Bearer {key}"
    if to_proxy and endpoint.proxy is not None and (given := basic(endpoint.proxy)):
        headers["Proxy-Authorization"] = given
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


@asynccontextmanager
async def transport(endpoint: Endpoint, timeout: float) -> AsyncIterator[Transport]:
    """Connections to ``endpoint``; ``timeout`` is in seconds, for one request from its start to the
    last byte of its response."""
    line = Transport(endpoint, timeout)
    try:
        yield line
    finally:
        await line.close()
