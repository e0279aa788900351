"""Asking by way of a proxy: plainly, and through a tunnel with TLS to the host itself."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ftdsl.models.answer import Answer, Question, Turn
from ftdsl.models.asking import answer_all
from ftdsl.models.hosts import Endpoint
from tests.models.desk import desk
from tests.models.faulty_server import FaultyServer, Handler, Log, says, serving
from tests.models.test_faulty_host import model


class Proxy:
    """Passes connections on to one server, whatever host they name; ``heads`` is what was asked."""

    def __init__(self, target: int, refuses: bytes = b"") -> None:
        self.heads: list[bytes] = []
        self._target, self._refuses = target, refuses
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._socket.close()
        for thread in self._threads:
            thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._one, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _one(self, client: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        self.heads.append(data.partition(b"\r\n\r\n")[0])
        if self._refuses:
            client.sendall(b"HTTP/1.1 " + self._refuses + b"\r\nContent-Length: 0\r\n\r\n")
            client.close()
            return
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            if data.startswith(b"CONNECT"):
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(data)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join(5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass  # one end is gone, and so is the other
    finally:
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def proxied(target: int, refuses: bytes = b"") -> Iterator[Proxy]:
    proxy = Proxy(target, refuses)
    try:
        yield proxy
    finally:
        proxy.close()


def ask(folder: Path, url: str, proxy: Proxy, host: str, count: int = 1) -> list[Answer]:
    endpoint = Endpoint(
        url, host, False, "sk-of-the-host", f"http://me:p%40ss@127.0.0.1:{proxy.port}"
    )
    questions = [Question(f"c{i}", (Turn("user", f"q {i}"),)) for i in range(count)]
    return answer_all(replace(model(url), endpoint=endpoint), questions, desk(folder))


def test_a_plain_host_is_asked_through_the_proxy_with_its_whole_address(tmp_path: Path) -> None:
    with serving(says("red")) as (url, log), proxied(int(url.split(":")[2][:-3])) as proxy:
        (found,) = ask(tmp_path, "http://models.internal:8080/v1", proxy, "models.internal")
    assert (found.text, found.error, len(log.bodies)) == ("red", "", 1)
    (head,) = proxy.heads
    assert head.startswith(b"POST http://models.internal:8080/v1/chat/completions HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==" in head
    assert b"Host: models.internal:8080\r\n" in head


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate for ``models.internal`` that vouches for itself, with its key."""
    file = tmp_path / "authority.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=models.internal", "-addext", "subjectAltName=DNS:models.internal",
         "-keyout", str(file), "-out", f"{file}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.fixture
def secure(authority: Path) -> Iterator[FaultyServer]:
    server = FaultyServer(("127.0.0.1", 0), Handler)
    server.log, server.replies = Log(), (says("red"),)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_tls_goes_through_a_tunnel_to_the_host_itself(
    tmp_path: Path, secure: FaultyServer, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{authority}.crt")
    with proxied(secure.server_address[1]) as proxy:
        found = ask(tmp_path, "https://models.internal/v1", proxy, "models.internal", count=9)
    assert [one.text for one in found] == ["red"] * 9
    assert len(secure.log.bodies) == 9
    assert 1 <= len(proxy.heads) <= 4  # connections are used again
    assert all(head.startswith(b"CONNECT models.internal:443 HTTP/1.1\r\n") for head in proxy.heads)
    assert b"sk-of-the-host" not in b"".join(proxy.heads)
    assert secure.log.headers[0]["authorization"] == "Bearer sk-of-the-host"
    assert "proxy-authorization" not in secure.log.headers[0]


def test_a_proxy_that_refuses_is_told_as_such(tmp_path: Path) -> None:
    with proxied(9, b"407 Proxy Authentication Required") as proxy:
        (found,) = ask(tmp_path, "https://models.internal/v1", proxy, "models.internal")
    assert found.error == "the proxy answered HTTP 407"
    assert (found.attempts, found.unreachable) == (3, True)
