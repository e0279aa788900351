"""The part of GitHub's API that comments on pull requests, over loopback: one page holds 100."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT = "github-actions[bot]"


@dataclass
class GitHub:
    """What the pull request shows, what was asked, and how the server answers."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    status: int = 200
    redirect: str = ""
    url: str = ""

    def add(self, body: str, login: str = ACCOUNT) -> int:
        number = len(self.comments) + 1
        self.comments.append({"id": number, "user": {"login": login}, "body": body})
        return number

    @property
    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]


@contextmanager
def running() -> Iterator[GitHub]:
    state = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(length)) if length else {}
            token = self.headers.get("Authorization", "")
            state.asked.append((self.command, self.path, token))
            if state.redirect:
                self.send_response(307)
                self.send_header("Location", state.redirect + self.path)
                self.end_headers()
                return
            found: Any = {"message": "no"}
            if state.status < 400:
                found = self._found(sent)
            data = json.dumps(found).encode()
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _found(self, sent: dict[str, str]) -> Any:
            address = urlsplit(self.path)
            if self.command == "GET":
                page = int(parse_qs(address.query)["page"][0])
                return state.comments[(page - 1) * 100 : page * 100]
            if self.command == "POST":
                return state.comments[state.add(sent["body"]) - 1]
            number = int(address.path.rpartition("/")[2])
            state.comments[number - 1]["body"] = sent["body"]
            return state.comments[number - 1]

        do_GET = do_POST = do_PATCH = _answer

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
