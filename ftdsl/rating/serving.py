"""The page on this machine, for those who want no files: loopback, a token, nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qs, urlsplit

from ftdsl.rating.page import policy

_LARGEST_BODY = 8 * 1024 * 1024


@dataclass(slots=True)
class Desk:
    """Where ratings are handed in. ``take`` keeps the lines of one request, and returns what is
    wrong with them or ""; requests are taken one at a time."""

    page: str
    take: Callable[[bytes], str]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    port: int = 0
    lock: Lock = field(default_factory=Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser on this machine calls it: a name from elsewhere that was made to point
        here (DNS rebinding) is none of these."""
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})


@contextmanager
def served(desk: Desk, port: int = 0) -> Iterator[Desk]:
    """Serve ``desk`` on 127.0.0.1 until the block ends; ``port`` 0 takes a free one."""
    handler = type("Handler", (_Handler,), {"desk": desk})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    desk.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield desk
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    desk: Desk
    protocol_version = "HTTP/1.1"
    server_version = "ftdsl"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        given = parse_qs(address.query).get("token", [""])[0]
        if self._is_foreign() or not self._may(given):
            return
        if address.path != "/":
            self._send(404, "there is nothing here")
            return
        self._send(200, self.desk.page, "text/html; charset=utf-8")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        body = b""
        if length.isdecimal() and int(length) <= _LARGEST_BODY:
            body = self.rfile.read(int(length))
        else:
            self.close_connection = True
        if self._is_foreign(writes=True) or not self._may(self.headers.get("X-Ftdsl-Token", "")):
            return
        if urlsplit(self.path).path != "/ratings":
            self._send(404, "there is nothing here")
        elif not body:
            self._send(413, "no ratings, or too many at once")
        else:
            with self.desk.lock:
                wrong = self.desk.take(body)
            self._send(400 if wrong else 200, wrong or "kept")

    def _is_foreign(self, *, writes: bool = False) -> bool:
        """Turn away a request that is made for another name or by another page."""
        origin = self.headers.get("Origin")
        own = {f"http://{host}" for host in self.desk.hosts}
        is_ours = self.headers.get("Host", "") in self.desk.hosts
        is_ours &= origin in own if writes or origin is not None else True
        if not is_ours:
            self._send(403, "not from here")
        return not is_ours

    def _may(self, token: str) -> bool:
        good = compare_digest(token.encode(), self.desk.token.encode())
        if not good:
            self._send(403, "open the address that ftdsl printed: it holds the token")
        return good

    def _send(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        data = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header(
            "Content-Security-Policy", policy(server=True) + "; frame-ancestors 'none'"
        )
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()
        try:
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing is logged: the address holds the token."""
