"""Grammar by a real LanguageTool server where there is one, and by one that fails."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ftdsl.engine.context import Policy, Refused
from ftdsl.engine.dispatch import execute
from ftdsl.quality.measures import grammar, languagetool
from ftdsl.quality.measures.grammar import Checker, grammar_errors
from ftdsl.quality.measures.languagetool import PLACE, URL, running
from ftdsl.results.models import CheckOutput
from tests.data.spec_parts import dataset, write
from tests.quality.stand_in import REPLY, Run, call, check, must, op

LANGUAGETOOL = Path(
    os.environ.get("FTDSL_LANGUAGETOOL", Path(__file__).parents[3] / "shared" / "languagetool")
)
ROW = b'{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "%s"}]}\n'
RULE = must("grammatical", op("==", call("grammar_errors", REPLY), 0))


def checked(root: Path) -> CheckOutput:
    output = execute(check(dataset(), RULE), Run(root))
    assert isinstance(output, CheckOutput)
    return output


def refusal(root: Path, capsule: Any = None) -> Refused:
    with pytest.raises(Refused) as caught:
        (capsule or checked)(root)
    return caught.value


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """One real server for all tests."""
    if not list(LANGUAGETOOL.glob("LanguageTool-*")) or shutil.which("java") is None:
        pytest.skip(f"no LanguageTool in {LANGUAGETOOL}, or no Java")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PLACE, str(LANGUAGETOOL))
        patch.delenv(URL, raising=False)
        with running(Policy(), None, lambda: None) as url:
            yield url


def test_a_real_server_finds_and_places_errors(server: str, tmp_path: Path) -> None:
    checker = Checker(server, tmp_path / "kept.sqlite", "en-US", ())
    texts = [
        "She have a dog.",
        "All is well here.",
        "🙂🙂 First.\n\nThen there are to many of them, and he go home.",
        "",
    ]
    found = checker.slips(texts)
    pairs = zip(texts, found, strict=True)
    places = [[text[a : a + n] for a, n, *_ in slips] for text, slips in pairs]
    assert places == [["have"], [], ["go"], []]
    assert found[0][0][3] == "has"
    checker.url = "http://127.0.0.1:9"
    assert checker.slips(texts) == found, "kept answers are not asked again"


def test_a_check_says_what_is_wrong(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, server)
    said = (b"She have a dog.", b"She has a dog.", b"It are so, bob@gmail.com")
    write(tmp_path, b"".join(ROW % one for one in said))
    output = checked(tmp_path)
    values = [finding.values[0].value for finding in output.findings]
    assert len(values) == 2
    assert values[0].startswith("1 (`have` → `has` (")
    assert "bob@" not in str(output)
    assert "FTDSL_GRAMMAR_SERVED" not in os.environ


@pytest.mark.slow
def test_a_server_is_started_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not list(LANGUAGETOOL.glob("LanguageTool-*")) or shutil.which("java") is None:
        pytest.skip(f"no LanguageTool in {LANGUAGETOOL}, or no Java")
    monkeypatch.setenv(PLACE, str(LANGUAGETOOL))
    monkeypatch.delenv(URL, raising=False)
    write(tmp_path, ROW % b"She have a dog.")
    assert len(checked(tmp_path).findings) == 1


@pytest.mark.code("FT360")
def test_no_languagetool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLACE, str(tmp_path / "nowhere"))
    monkeypatch.delenv(URL, raising=False)
    write(tmp_path, ROW % b"a")
    assert refusal(tmp_path).diagnostic.code == "FT360"
    assert not (tmp_path / "nowhere").exists(), "nothing is downloaded"


@pytest.mark.code("FT362")
def test_a_foreign_host_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "http://lt.example.org")
    write(tmp_path, ROW % b"a")
    found = refusal(tmp_path)
    assert (found.diagnostic.code, found.exit_code) == ("FT362", 4)


@pytest.mark.code("FT363")
def test_grammar_outside_of_a_check() -> None:
    with pytest.raises(Refused) as caught:
        grammar_errors(["a"])
    assert caught.value.diagnostic.code == "FT363"


class Fault(BaseHTTPRequestHandler):
    """A server that lists its languages and fails when it is asked."""

    fault = ""

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._say(b'[{"name": "English", "code": "en", "longCode": "en-US"}]')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.fault == "slow":
            time.sleep(3)
        if self.fault == "ends":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._say(b"<html>" if self.fault == "garbage" else b'{"matches": 3}')

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def faulty(fault: str) -> Iterator[str]:
    handler = type("Faulty", (Fault,), {"fault": fault})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        served.daemon_threads = True
        thread = threading.Thread(target=served.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


@pytest.mark.code("FT361")
@pytest.mark.parametrize("fault", ["slow", "ends", "garbage", "shape"])
def test_a_server_that_fails(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "TIMEOUT", 0.5)
    write(tmp_path, ROW % b"a" + ROW % b"b")
    begun = time.monotonic()
    with faulty(fault) as url:
        monkeypatch.setenv(URL, url)
        assert refusal(tmp_path).diagnostic.code == "FT361"
    assert time.monotonic() - begun < 20


@pytest.mark.code("FT361")
def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "http://127.0.0.1:9")
    write(tmp_path, ROW % b"a")
    assert refusal(tmp_path).diagnostic.code == "FT361"


@pytest.mark.code("FT361")
@pytest.mark.parametrize("java", ["exit 1", "exec sleep 60"], ids=["dies", "hangs"])
def test_a_server_that_does_not_start(
    java: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{java}\n")
    program.chmod(0o755)
    jar = tmp_path / "lt" / "LanguageTool-6.8" / "languagetool-server.jar"
    jar.parent.mkdir(parents=True)
    jar.touch()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv(PLACE, str(tmp_path / "lt"))
    monkeypatch.delenv(URL, raising=False)
    monkeypatch.setattr(languagetool, "START", 1.0)
    write(tmp_path, ROW % b"a")
    assert refusal(tmp_path).diagnostic.code == "FT361"


def test_the_sample_is_the_share_and_the_seed_decides() -> None:
    from ftdsl.quality.sampling import sampled

    texts = [f"text {n}" for n in range(4000)]
    taken = {one for one in texts if sampled(one, 0.1, 1)}
    assert 320 < len(taken) < 480
    assert taken == {one for one in reversed(texts) if sampled(one, 0.1, 1)}
    assert taken < {one for one in texts if sampled(one, 0.2, 1)}
    assert taken != {one for one in texts if sampled(one, 0.1, 2)}
    assert all(sampled(one, 1.0, 3) for one in texts)
