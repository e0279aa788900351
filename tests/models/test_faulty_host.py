"""What a faulty server costs: exactly how many requests each fault brings about."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ftdsl.engine.context import Refused
from ftdsl.models.answer import Answer, Question, Turn
from ftdsl.models.asking import Asking, answer_all
from ftdsl.models.hosts import Endpoint
from ftdsl.models.openai_compatible import OpenAICompatible
from ftdsl.models.pacing import Host
from ftdsl.models.retry import RetryBudget, RetryPolicy
from tests.models.desk import desk
from tests.models.faulty_server import (
    FaultyServer,
    Handler,
    Log,
    Reply,
    completion,
    cut_off,
    drips,
    hangs_up,
    no_http,
    raw,
    resets,
    says,
    serving,
    status,
)

FAST = RetryPolicy(attempts=3, base=0.01, cap=0.02, breaker=50)


def model(url: str, **settings: object) -> OpenAICompatible:
    endpoint = Endpoint(url, "127.0.0.1", loopback=True)
    found = OpenAICompatible(
        "m", endpoint, {"url": "fixed"}, timeout=5.0, retry=FAST, host=Host("127.0.0.1")
    )
    return replace(found, **settings)  # type: ignore[arg-type]


def questions(count: int = 1) -> list[Question]:
    return [Question(f"c{i}", (Turn("user", f"question {i}"),)) for i in range(count)]


def asked(
    folder: Path, *replies: Reply, count: int = 1, **settings: object
) -> tuple[list[Answer], Log]:
    with serving(*replies) as (url, log):
        return answer_all(model(url, **settings), questions(count), desk(folder)), log


PASSING: dict[str, Reply] = {
    "429": status(429),
    "429-at-once": status(429, Retry_After="0"),
    "500": status(500),
    "502-page": status(502, b"<html>Bad Gateway</html>"),
    "503": status(503, Retry_After_Ms="5"),
    "529": status(529),
    "reset": resets,
    "hang-up": hangs_up,
    "cut-off": cut_off,
    "not-http": no_http,
    "page": raw(b"<html>sign in</html>", "text/html"),
    "half-json": raw(b'{"id": "x", "choi'),
    "no-choice": raw(json.dumps(completion("a") | {"choices": []}).encode()),
    "error-as-200": raw(b'{"error": {"message": "overloaded"}}'),
    "deep": raw(b"[" * 200_000),
    "no-text": says(None),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_passing_fault_costs_one_more_request(tmp_path: Path, fault: Reply) -> None:
    found, log = asked(tmp_path, fault, fault, says("red"))
    assert (found[0].text, found[0].attempts, found[0].error) == ("red", 3, "")
    assert len(log.bodies) == 3


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_lasting_fault_costs_its_attempts_and_is_not_kept(tmp_path: Path, fault: Reply) -> None:
    found, log = asked(tmp_path, fault)
    assert (found[0].text, found[0].attempts) == ("", 3)
    assert found[0].error
    assert len(log.bodies) == 3
    found, log = asked(tmp_path, says("red"))
    assert (found[0].text, found[0].cached, len(log.bodies)) == ("red", False, 1)


FINAL: dict[str, Reply] = {
    "400": status(400),
    "404": status(404),
    "413": status(413),
    "redirect": status(307, b"", Location="http://127.0.0.1:9/v1"),
    "refusal": says(None, refusal="I will not"),
    "filter": says("half of it", "content_filter"),
}


@pytest.mark.parametrize("fault", FINAL.values(), ids=FINAL.keys())
def test_what_no_repetition_mends_costs_one_request(tmp_path: Path, fault: Reply) -> None:
    found, log = asked(tmp_path, fault)
    assert found[0].error
    assert (found[0].text, len(log.bodies)) == ("", 1)
    found, log = asked(tmp_path, says("red"))
    assert (found[0].text, len(log.bodies)) == ("red", 1)


def test_a_server_that_drips_is_asked_its_attempts_and_given_up(tmp_path: Path) -> None:
    found, log = asked(tmp_path, drips, timeout=0.2, retry=replace(FAST, attempts=2))
    assert (found[0].error, len(log.bodies)) == ("no answer within 0.2 s", 2)


def test_a_pause_that_one_request_is_asked_for_holds_for_all(tmp_path: Path) -> None:
    def busy_once(handler: Handler) -> None:
        first = len(handler.server.log.bodies) == 1
        (status(429, Retry_After_Ms="400") if first else says("a"))(handler)

    found, log = asked(tmp_path, busy_once, count=8, concurrency=1)
    assert [one.text for one in found] == ["a"] * 8
    assert len(log.bodies) == 9
    assert log.times[1] - log.times[0] >= 0.4
    assert found[0].queued >= 0.4
    assert found[0].latency is not None
    assert found[0].latency < 0.4  # the wait is no part of it


def test_faults_here_and_there_lose_no_answer(tmp_path: Path) -> None:
    """Every third request meets another fault; each question is answered, none twice."""
    faults = list(PASSING.values())

    def mixed(handler: Handler) -> None:
        number = len(handler.server.log.bodies)
        (faults[number // 3 % len(faults)] if number % 3 == 0 else says("a"))(handler)

    retry = replace(FAST, attempts=8)
    found, log = asked(tmp_path, mixed, count=60, concurrency=1, retry=retry)
    assert [one.text for one in found] == ["a"] * 60
    assert sum(one.attempts for one in found) == len(log.bodies) == 89
    found, log = asked(tmp_path, status(500), count=60)
    assert [one.cached for one in found] == [True] * 60
    assert log.bodies == []


@pytest.mark.code("FT505")
def test_the_breaker_bounds_what_a_broken_host_is_asked(tmp_path: Path) -> None:
    retry = RetryPolicy(attempts=4, base=0.001, cap=0.002, breaker=6, cooldown=0.02, probes=2)
    with serving(status(503)) as (url, log):
        broken = model(url, retry=retry, concurrency=1)
        with pytest.raises(Refused, match=r"8 times in a row.*HTTP 503") as refused:
            answer_all(broken, questions(100), desk(tmp_path))
    assert refused.value.diagnostic.code == "FT505"
    assert len(log.bodies) == 6 + 2


def test_a_host_that_recovers_is_asked_on(tmp_path: Path) -> None:
    def broken_at_first(handler: Handler) -> None:
        (status(503) if len(handler.server.log.bodies) <= 7 else says("a"))(handler)

    retry = RetryPolicy(attempts=9, base=0.001, cap=0.002, breaker=6, cooldown=0.02, probes=3)
    found, log = asked(tmp_path, broken_at_first, count=5, retry=retry, concurrency=1)
    assert [one.text for one in found] == ["a"] * 5
    assert len(log.bodies) == 7 + 5


def test_repeats_of_a_run_are_limited(tmp_path: Path) -> None:
    found, log = asked(tmp_path, status(500), count=10, budget=RetryBudget(5), concurrency=1)
    assert all(one.error for one in found)
    assert len(log.bodies) == 10 + 5


def test_what_is_in_flight_when_a_run_ends_is_kept(tmp_path: Path) -> None:
    """A rejected key ends the run; the answers under way were paid for."""

    def first_is_rejected(handler: Handler) -> None:
        slow = handler.server.log.bodies[-1]["messages"][0]["content"] != "question 3"
        (says("a", wait=0.3) if slow else status(401))(handler)

    with serving(first_is_rejected) as (url, log):
        with pytest.raises(Refused, match="HTTP 401"):
            answer_all(model(url, concurrency=4), questions(4), desk(tmp_path))
        assert len(log.bodies) == 4
        found = answer_all(model(url, concurrency=4), questions(3), desk(tmp_path))
        assert len(log.bodies) == 4
    assert [one.cached for one in found] == [True] * 3


def test_connections_are_used_again_from_block_to_block(tmp_path: Path) -> None:
    ports = set()

    def notes_port(handler: Handler) -> None:
        ports.add(handler.client_address[1])
        says("a")(handler)

    with (
        serving(notes_port) as (url, log),
        Asking(model(url, concurrency=2), desk(tmp_path)) as asking,
    ):
        for block in range(5):
            found = asking.ask(questions(40)[block * 8 : block * 8 + 8])
            assert [one.text for one in found] == ["a"] * 8
    assert len(log.bodies) == 40
    assert len(ports) <= 2


@pytest.fixture
def certificate(tmp_path: Path) -> Iterator[Path]:
    """A certificate for 127.0.0.1 that no authority signed, with its key."""
    file = tmp_path / "self-signed.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(file), "-out", str(file) + ".crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    yield file


@pytest.mark.code("FT530")
def test_a_certificate_that_nobody_vouches_for_ends_the_run(
    tmp_path: Path, certificate: Path
) -> None:
    server = FaultyServer(("127.0.0.1", 0), Handler)
    server.log, server.replies = Log(), (says("a"),)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"https://127.0.0.1:{server.server_address[1]}/v1"
    try:
        with pytest.raises(Refused, match="is not trusted") as refused:
            answer_all(model(url), questions(), desk(tmp_path))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert refused.value.diagnostic.code == "FT530"
    assert server.log.bodies == []
