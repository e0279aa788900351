"""A real HTTP server on loopback that answers chat completions, rightly or with a chosen fault."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ftdsl.models.transport import LARGEST

Reply = Callable[["Handler"], None]


def completion(text: str | None, reason: str = "stop", **more: Any) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text} | more
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


@dataclass
class Log:
    """What reached the server; ``most`` is how many requests were in flight at once."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        log = self.server.log
        with log.lock:
            number = len(log.bodies)
            log.bodies.append(body)
            log.headers.append({k.lower(): v for k, v in self.headers.items()})
            log.times.append(time.monotonic())
            log.now += 1
            log.most = max(log.most, log.now)
        replies = self.server.replies
        try:
            replies[min(number, len(replies) - 1)](self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up, as some tests want
        finally:
            with log.lock:
                log.now -= 1

    def log_message(self, format: str, *args: object) -> None:
        pass

    def send(
        self, body: bytes, status: int = 200, kind: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


class FaultyServer(ThreadingHTTPServer):
    daemon_threads = True
    log: Log
    replies: tuple[Reply, ...]


@contextmanager
def serving(*replies: Reply) -> Iterator[tuple[str, Log]]:
    """The base URL and the log of a server that gives ``replies`` in turn, then the last again."""
    server = FaultyServer(("127.0.0.1", 0), Handler)
    server.log, server.replies = Log(), replies
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", server.log
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(text: str | None, reason: str = "stop", wait: float = 0.0, **more: Any) -> Reply:
    def reply(handler: Handler) -> None:
        time.sleep(wait)
        handler.send(json.dumps(completion(text, reason, **more)).encode())

    return reply


def status(code: int, body: bytes = b'{"error": {"message": "so it is"}}', **headers: str) -> Reply:
    return lambda handler: handler.send(body, code, **headers)


def raw(body: bytes, kind: str = "application/json", **headers: str) -> Reply:
    return lambda handler: handler.send(body, 200, kind, **headers)


def cut_off(handler: Handler) -> None:
    """Promises more bytes than it sends."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "x", "choi')
    handler.close_connection = True


def drips(handler: Handler) -> None:
    """Sends a byte now and then, for ever: no single read ever waits long."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def endless(handler: Handler) -> None:
    """Sends more than any answer can be."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(4 * LARGEST))
    handler.end_headers()
    for _ in range(4):
        handler.wfile.write(b" " * LARGEST)


def resets(handler: Handler) -> None:
    """Takes the whole request, and answers with a reset of the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def hangs_up(handler: Handler) -> None:
    """Takes the whole request, and closes the connection without a word."""
    handler.close_connection = True


def no_http(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    handler.close_connection = True


def piece(text: str = "", reason: str | None = None, **more: Any) -> bytes:
    """One event of a streamed completion."""
    delta: dict[str, Any] = ({"content": text} if text else {}) | more
    event = {
        "object": "chat.completion.chunk",
        "model": "m-2026",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }
    return f"data: {json.dumps(event)}\n\n".encode()


USAGE = (
    b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, '
    b'"prompt_tokens_details": {"cached_tokens": 1}}}\n\n'
)
DONE = b"data: [DONE]\n\n"


def streams(*pieces: bytes, wait: float = 0.0) -> Reply:
    """Sends ``pieces`` as they are, ``wait`` seconds before each, and closes."""

    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for one in pieces:
            time.sleep(wait)
            handler.wfile.write(one)
            handler.wfile.flush()
        handler.close_connection = True

    return reply
