"""How a host is reached by way of the operator's proxy: plainly, or through a tunnel for TLS."""

from __future__ import annotations

import asyncio
import base64
import ssl
from urllib.parse import unquote, urlsplit

from ftdsl.models.connection import Connection

_LARGEST_HEAD = 64 * 1024


class ProxyAnswered(Exception):
    """The proxy makes no tunnel; the text is its status."""


def basic(proxy: str) -> str:
    """The value of ``Proxy-Authorization`` that the address of a proxy asks for, or ""."""
    parts = urlsplit(proxy)
    if parts.username is None:
        return ""
    given = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(given.encode()).decode()}"


async def through(proxy: str, tunnel: tuple[str, int, ssl.SSLContext] | None) -> Connection:
    """A connection to the proxy itself, or through it to a host and port, with TLS to that host.
    Raises OSError and ``ProxyAnswered``."""
    loop = asyncio.get_running_loop()
    parts = urlsplit(proxy)
    at, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    context = ssl.create_default_context() if secure else None
    if tunnel is None:
        _, plain = await loop.create_connection(Connection, at, port, ssl=context)
        return plain
    host, to, trusted = tunnel
    raw, asked = await loop.create_connection(_Asked, at, port, ssl=context)
    target = f"[{host}]:{to}" if ":" in host else f"{host}:{to}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", "User-Agent: ftdsl"]
    if given := basic(proxy):
        lines.append(f"Proxy-Authorization: {given}")
    raw.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    inner = None
    try:
        await asked.answered
        found = Connection()
        inner = await loop.start_tls(raw, found, trusted, server_hostname=host)
    finally:
        if inner is None:
            raw.abort()
    assert inner is not None, "the loop gives a transport"
    found.connection_made(inner)
    return found


class _Asked(asyncio.Protocol):
    """Waits for a proxy to say that the tunnel stands."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self.answered.done() or (
            b"\r\n\r\n" not in self._head and len(self._head) < _LARGEST_HEAD
        ):
            return
        words = self._head.split(b"\r\n", 1)[0].split()
        status = words[1].decode("latin-1")[:3] if len(words) > 1 else "?"
        if status == "200":
            self.answered.set_result(None)
        else:
            self.answered.set_exception(ProxyAnswered(status))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.answered.done():
            self.answered.set_exception(error or ConnectionResetError("the proxy hung up"))
