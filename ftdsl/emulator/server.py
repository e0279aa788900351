"""The HTTP side: routes, faults, and nothing but loopback."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ftdsl.emulator.errors import Refusal, closed, out_of_quota
from ftdsl.emulator.faults import Kind, Route, Script
from ftdsl.emulator.platform import Platform

_LARGEST_BODY = 600_000_000
_BEFORE: frozenset[Kind] = frozenset({"drop", "500", "429", "quota", "403"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived. ``ids`` are the names in its path."""

    method: str
    path: str
    ids: tuple[str, ...]
    query: Mapping[str, str]
    body: bytes
    content_type: str

    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            raise Refusal(400, "We could not parse the JSON body of your request.") from None
        if not isinstance(found, dict):
            raise Refusal(400, "The body must be an object.")
        return found

    def form(self) -> dict[str, tuple[str, bytes]]:
        """Fields of a multipart body (RFC 7578): name → (file name, content)."""
        boundary = re.search(r'boundary="?([^";]+)"?', self.content_type)
        if boundary is None:
            raise Refusal(400, "Expected multipart/form-data.")
        found = {}
        for part in self.body.split(b"--" + boundary[1].encode())[1:-1]:
            head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            name = re.search(rb'[ ;]name="([^"]*)"', head)
            file = re.search(rb'filename="([^"]*)"', head)
            if name is not None:
                key = name[1].decode()
                found[key] = (file[1].decode() if file else "", content.removesuffix(b"\r\n"))
        return found


Action = Callable[[Platform, Asked], dict[str, Any] | bytes]


def _upload(platform: Platform, asked: Asked) -> dict[str, Any]:
    form = asked.form()
    if "file" not in form or "purpose" not in form:
        raise Refusal(400, "Missing required parameter: 'file' or 'purpose'.")
    name, content = form["file"]
    return platform.add_file(name, form["purpose"][1].decode(), content)


def _part(platform: Platform, asked: Asked) -> dict[str, Any]:
    form = asked.form()
    if "data" not in form:
        raise Refusal(400, "Missing required parameter: 'data'.")
    return platform.add_part(asked.ids[0], form["data"][1])


_NAME = "([^/]+)"
_ROUTES: tuple[tuple[str, str, Route, Action], ...] = (
    ("POST", "/files", "upload", _upload),
    ("GET", "/files", "files", lambda p, a: p.list_files(a.query)),
    ("GET", f"/files/{_NAME}", "files", lambda p, a: p.file(a.ids[0]).shown()),
    ("DELETE", f"/files/{_NAME}", "files", lambda p, a: p.delete_file(a.ids[0])),
    ("GET", f"/files/{_NAME}/content", "content", lambda p, a: p.file(a.ids[0]).content),
    ("POST", "/uploads", "upload", lambda p, a: p.start_upload(a.json())),
    ("POST", f"/uploads/{_NAME}/parts", "part", _part),
    (
        "POST", f"/uploads/{_NAME}/complete", "complete",
        lambda p, a: p.complete_upload(a.ids[0], a.json()),
    ),
    ("POST", f"/uploads/{_NAME}/cancel", "cancel", lambda p, a: p.cancel_upload(a.ids[0])),
    ("POST", "/fine_tuning/jobs", "create", lambda p, a: p.create_job(a.json())),
    ("GET", "/fine_tuning/jobs", "list", lambda p, a: p.list_jobs(a.query)),
    ("GET", f"/fine_tuning/jobs/{_NAME}", "retrieve", lambda p, a: p.show_job(a.ids[0])),
    (
        "GET", f"/fine_tuning/jobs/{_NAME}/events", "events",
        lambda p, a: p.events(a.ids[0], a.query),
    ),
    (
        "GET", f"/fine_tuning/jobs/{_NAME}/checkpoints", "checkpoints",
        lambda p, a: p.checkpoints(a.ids[0], a.query),
    ),
    ("POST", f"/fine_tuning/jobs/{_NAME}/cancel", "cancel", lambda p, a: p.act(a.ids[0], "cancel")),
    ("POST", f"/fine_tuning/jobs/{_NAME}/pause", "pause", lambda p, a: p.act(a.ids[0], "pause")),
    ("POST", f"/fine_tuning/jobs/{_NAME}/resume", "resume", lambda p, a: p.act(a.ids[0], "resume")),
    ("GET", f"/models/{_NAME}", "model", lambda p, a: p.model(a.ids[0])),
    ("POST", "/chat/completions", "chat", lambda p, a: p.chat(a.json())),
)  # fmt: skip


@dataclass(slots=True)
class Emulator:
    """A platform, the faults that its requests meet, and where it listens. ``patience`` is how
    long a ``slow`` answer takes, in seconds."""

    platform: Platform
    script: Script = field(default_factory=Script)
    patience: float = 2.0
    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)

    def count(self, method: str, path: str) -> int:
        """How many requests had this method and exactly this path below ``/v1``."""
        return self.requests.count((method, path))


@contextmanager
def running(emulator: Emulator, port: int = 0) -> Iterator[Emulator]:
    """Serve on 127.0.0.1 until the block ends; ``url`` is set. ``port`` 0 takes a free one."""
    handler = type("Handler", (_Handler,), {"emulator": emulator})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    emulator.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield emulator
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    emulator: Emulator
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST_BODY:
            self._send(413, {"error": {"message": "too large"}})
            return
        body = self.rfile.read(length)
        address = urlsplit(self.path)
        path = address.path.removeprefix("/v1")
        self.emulator.requests.append((self.command, path))
        for method, pattern, route, action in _ROUTES:
            match = re.fullmatch(pattern, path)
            if method == self.command and match is not None:
                asked = Asked(
                    method, path, match.groups(), dict(parse_qsl(address.query)), body,
                    self.headers.get("Content-Type") or "",
                )  # fmt: skip
                self._answer(route, action, asked)
                return
        self._send(404, {"error": {"message": f"Invalid URL ({self.command} {address.path})"}})

    do_GET = do_POST = do_DELETE = _serve

    def _answer(self, route: Route, action: Action, asked: Asked) -> None:
        fault = self.emulator.script.next(route)
        if fault in _BEFORE:
            self._fail_before(fault)
            return
        try:
            status, found = 200, action(self.emulator.platform, asked)
        except Refusal as refusal:
            status, found = refusal.status, refusal.body
        self._after(fault, status, found)

    def _fail_before(self, fault: Kind | None) -> None:
        match fault:
            case "drop":
                self._cut()
            case "429":
                error = {"message": "Rate limit reached", "type": "requests", "code": "rate_limit"}
                self._send(429, {"error": error}, {"Retry-After": "0"})
            case "quota":
                self._send(429, out_of_quota().body)
            case "403":
                self._send(403, closed().body)
            case _:
                self._send(500, {"error": {"message": "The server had an error."}})

    def _after(self, fault: Kind | None, status: int, found: dict[str, Any] | bytes) -> None:
        match fault:
            case "lost":
                self._cut()
            case "500-after":
                self._send(500, {"error": {"message": "The server had an error."}})
            case "html":
                self._send(200, b"<html><body>502 Bad Gateway</body></html>", {}, "text/html")
            case "truncated":
                self._send(status, found, cut=True)
            case _:
                if fault == "slow":
                    time.sleep(self.emulator.patience)
                self._send(status, found)

    def _send(
        self,
        status: int,
        found: dict[str, Any] | bytes,
        headers: Mapping[str, str] | None = None,
        kind: str = "",
        *,
        cut: bool = False,
    ) -> None:
        data = found if isinstance(found, bytes) else json.dumps(found).encode()
        if not kind:
            kind = "application/octet-stream" if data is found else "application/json"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(data[: len(data) // 2] if cut else data)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            return
        if cut:
            self._cut()

    def _cut(self) -> None:
        """Close the connection for good, so that the other side notices."""
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def log_message(self, *_: Any) -> None:
        """Nothing is logged: request lines hold names of files."""
