from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from ftdsl.engine.context import Stopped
from ftdsl.models.local_server import Served, ServerFailed, idle_threads, running_server
from tests.models.bigram_gguf import write_model

ROOT = Path(__file__).parents[2]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def gone_within(pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_model(tmp_path / "tiny.gguf")


def test_it_listens_on_loopback_with_a_key_of_its_own(weights: Path) -> None:
    with running_server(Served(weights, context=128), lambda: None) as server:
        assert server.address.startswith("http://127.0.0.1:")
        request = urllib.request.Request(
            f"{server.address}/v1/chat/completions", data=b"{}", method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == 401
        refused.value.close()
        arguments = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
        environment = Path(f"/proc/{server.process.pid}/environ").read_bytes()
        assert server.key.encode() not in arguments + environment
        memory = server.peak_memory()
        assert memory is not None and memory > 1_000_000
        assert alive(server.process.pid)
    assert not alive(server.process.pid)


def test_it_knows_nothing_of_the_operators_keys(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    with running_server(Served(weights, context=128), lambda: None) as server:
        assert b"sk-canary" not in Path(f"/proc/{server.process.pid}/environ").read_bytes()


def test_it_ends_when_its_parent_is_killed(weights: Path) -> None:
    program = f"""
import sys, time
from pathlib import Path
from ftdsl.models.local_server import Served, running_server
with running_server(Served(Path({str(weights)!r}), context=128), lambda: None) as server:
    print(server.process.pid, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        assert alive(server)
        parent.send_signal(signal.SIGKILL)
    assert gone_within(server, 5)


def test_a_stop_while_it_starts_leaves_nothing_behind(weights: Path) -> None:
    def stop() -> None:
        raise Stopped

    before = children()
    with (
        pytest.raises(Stopped),
        running_server(Served(weights, context=128), stop),
    ):
        pass
    assert children() == before


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_server_that_dies_says_why(tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"GGUF\x03\x00\x00\x00")
    with (
        pytest.raises(ServerFailed) as failed,
        running_server(Served(tmp_path / "no.gguf"), lambda: None),
    ):
        pass
    assert "gguf" in failed.value.log.lower()


def test_threads_are_never_more_than_the_cores() -> None:
    assert 1 <= idle_threads() <= (os.cpu_count() or 1)
