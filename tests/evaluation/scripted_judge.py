"""A chat server on loopback whose verdicts a test writes down as a function of the question."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ftdsl.language.program import ModelDef
from tests.models.faulty_server import completion

Script = Callable[["Asked"], str | int]
_PART = re.compile(r"--- (\w+) begin ([\w ]+) ---\n(.*?)\n--- \1 end \2 ---", re.DOTALL)


@dataclass
class Asked:
    """One question as it came: the parts between its marks by name."""

    body: dict[str, Any]
    turns: list[str] = field(init=False)
    parts: dict[str, str] = field(init=False)
    mark: str = field(init=False)

    def __post_init__(self) -> None:
        self.turns = [turn["content"] for turn in self.body["messages"]]
        found = _PART.findall("\n".join(self.turns))
        self.parts = {name: text for _, name, text in found}
        self.mark = found[0][0] if found else ""


def verdict(word: str | int, reason: str = "so it is") -> str:
    return json.dumps({"reason": reason, "verdict": word})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = Asked(body)
        with self.server.lock:
            self.server.log.append(asked)
        said = self.server.script(asked)
        failed = isinstance(said, int)
        reply = {"error": {"message": "so it is"}} if failed else completion(str(said))
        data = json.dumps(reply).encode()
        self.send_response(said if isinstance(said, int) else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    script: Script
    log: list[Asked]
    lock: threading.Lock


@contextmanager
def judging(script: Script, called: str = "mini") -> Iterator[tuple[ModelDef, list[Asked]]]:
    """A model that judges by ``script``, which returns the reply or an HTTP status; and what it
    was asked."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.script, server.log, server.lock = script, [], threading.Lock()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        settings = (("base_url", url), ("name", called))
        yield ModelDef(called, "openai_compatible", settings), server.log
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
