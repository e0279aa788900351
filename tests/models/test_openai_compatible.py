from __future__ import annotations

import asyncio
import gzip
import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ftdsl.engine.context import Policy, Refused, Stopped
from ftdsl.language.program import ModelDef, Value
from ftdsl.models.answer import Answer, Question, Turn
from ftdsl.models.asking import answer_all
from ftdsl.models.hosts import Endpoint, key_variable, permitted_endpoint
from ftdsl.models.openai_compatible import OpenAICompatible
from ftdsl.models.retry import RetryBudget, RetryPolicy
from tests.models.desk import Desk, desk
from tests.models.faulty_server import (
    Reply,
    completion,
    cut_off,
    drips,
    endless,
    raw,
    says,
    serving,
    status,
)

FAST = RetryPolicy(attempts=3, base=0.01, cap=0.02)


def model(url: str, **settings: object) -> OpenAICompatible:
    endpoint = Endpoint(url, "127.0.0.1", loopback=True)
    found = OpenAICompatible("m", endpoint, {"url": "fixed"}, timeout=5.0, retry=FAST)
    return replace(found, **settings)  # type: ignore[arg-type]


def questions(count: int = 1) -> list[Question]:
    return [Question(f"c{i}", (Turn("user", f"question {i}"),)) for i in range(count)]


def ask(folder: Path, *replies: Reply, count: int = 1, **settings: object) -> list[Answer]:
    with serving(*replies) as (url, _):
        return answer_all(model(url, **settings), questions(count), desk(folder))


def one(folder: Path, *replies: Reply, **settings: object) -> Answer:
    return ask(folder, *replies, **settings)[0]


def test_an_answer_keeps_text_reason_tokens_and_time(tmp_path: Path) -> None:
    found = one(tmp_path, says("red", wait=0.05))
    assert (found.text, found.finish_reason, found.error) == ("red", "stop", "")
    assert (found.prompt_tokens, found.completion_tokens, found.attempts) == (3, 2, 1)
    assert found.latency is not None
    assert 0.05 <= found.latency < 2


def test_the_request_says_what_the_question_says(tmp_path: Path) -> None:
    with serving(says("a")) as (url, log):
        asked = Question("c", (Turn("system", "be brief"), Turn("user", "q")), 7, 0.5, 3)
        answer_all(model(url), [asked], desk(tmp_path))
    (body,) = log.bodies
    assert body["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "q"},
    ]
    assert (body["max_tokens"], body["temperature"], body["seed"]) == (7, 0.5, 3)


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_passing_fault_is_tried_again(tmp_path: Path, code: int) -> None:
    found = one(tmp_path, status(code), says("red"))
    assert (found.text, found.attempts) == ("red", 2)


def test_a_server_may_say_how_long_to_wait(tmp_path: Path) -> None:
    with serving(status(429, Retry_After="1"), says("red")) as (url, log):
        answer_all(model(url), questions(), desk(tmp_path))
    assert 1.0 <= log.times[1] - log.times[0] < 3


def test_an_absurd_wait_is_capped(tmp_path: Path) -> None:
    retry = replace(FAST, retry_after_cap=0.1)
    start = time.monotonic()
    found = one(tmp_path, status(429, Retry_After="86400"), says("red"), retry=retry)
    assert found.text == "red"
    assert time.monotonic() - start < 5


def test_a_lasting_fault_leaves_the_case_unanswered(tmp_path: Path) -> None:
    found = one(tmp_path, status(500))
    assert found.error == "HTTP 500: so it is"
    assert (found.text, found.attempts) == ("", 3)


def test_a_bad_request_is_not_repeated(tmp_path: Path) -> None:
    found = one(tmp_path, status(400, b'{"error": {"message": "too long"}}'))
    assert (found.error, found.attempts) == ("HTTP 400: too long", 1)


def test_a_run_has_a_budget_of_repeats(tmp_path: Path) -> None:
    with serving(status(500)) as (url, log):
        tight = model(url, budget=RetryBudget(2), concurrency=1)
        answer_all(tight, questions(4), desk(tmp_path))
    assert len(log.bodies) == 4 + 2


FAULTS: Sequence[tuple[str, Reply, str]] = [
    ("cut-off", cut_off, "connection failed"),
    ("truncated-json", raw(b'{"id": "x", "choi'), "not readable JSON"),
    ("html", raw(b"<html>welcome</html>", "text/html"), "no completion"),
    ("error-as-200", raw(b'{"error": {"message": "no"}}'), "no completion"),
    ("no-choice", raw(json.dumps(completion("a") | {"choices": []}).encode()), "no completion"),
    ("a-list", raw(b"[1, 2]"), "no completion"),
    ("no-text", says(None), "no text"),
    ("refusal", says(None, refusal="I will not"), "refused: I will not"),
    ("filter", says("", "content_filter"), "content filter"),
    ("endless", endless, "larger than 16 MiB"),
    ("gzip", raw(gzip.compress(b"{}"), Content_Encoding="gzip"), "compressed"),
    ("redirect", status(307, b"", Location="http://127.0.0.1:9/v1"), "HTTP 307"),
]


@pytest.mark.parametrize(("reply", "why"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_reply_that_is_no_answer_is_an_error_and_is_not_kept(
    tmp_path: Path, reply: Reply, why: str
) -> None:
    found = one(tmp_path, reply)
    assert why in found.error
    assert found.text == ""
    again = one(tmp_path, says("red"))
    assert (again.text, again.cached) == ("red", False)


@pytest.mark.parametrize("reply", [says("late", wait=1.5), drips], ids=["silent", "dripping"])
def test_a_server_that_hangs_is_given_up(tmp_path: Path, reply: Reply) -> None:
    start = time.monotonic()
    found = one(tmp_path, reply, timeout=0.3, retry=replace(FAST, attempts=1))
    assert found.error == "no answer within 0.3 s"
    assert time.monotonic() - start < 1.4


def test_half_a_surrogate_pair_does_not_reach_the_files(tmp_path: Path) -> None:
    found = one(tmp_path, raw(json.dumps(completion("a\ud83d!")).encode()))
    assert found.text == "a\ufffd!"
    assert found.text.encode()


@pytest.mark.code("FT504")
@pytest.mark.parametrize(
    "reply",
    [status(401), status(403), status(429, b'{"error": {"code": "insufficient_quota"}}')],
)
def test_a_rejected_key_ends_the_run(tmp_path: Path, reply: Reply) -> None:
    with pytest.raises(Refused) as refused:
        ask(tmp_path, reply, count=5)
    assert refused.value.diagnostic.code == "FT504"
    assert ask(tmp_path, says("a"), count=5)[4].text == "a"


@pytest.mark.code("FT505")
def test_a_server_that_is_gone_ends_the_run(tmp_path: Path) -> None:
    with serving(says("a")) as (url, _):
        pass
    retry = replace(FAST, attempts=1, cooldown=0.02)
    with pytest.raises(Refused) as refused:
        answer_all(model(url, retry=retry, concurrency=1), questions(20), desk(tmp_path))
    assert refused.value.diagnostic.code == "FT505"


def test_no_more_requests_at_once_than_allowed(tmp_path: Path) -> None:
    with serving(says("a", wait=0.02)) as (url, log):
        answer_all(model(url, concurrency=3), questions(20), desk(tmp_path))
    assert log.most == 3


def test_equal_questions_are_asked_once(tmp_path: Path) -> None:
    with serving(says("a")) as (url, log):
        same = [replace(questions()[0], case_id=f"c{i}") for i in range(5)]
        found = answer_all(model(url), same, desk(tmp_path))
    assert len(log.bodies) == 1
    assert [answer.text for answer in found] == ["a"] * 5


def test_answers_are_kept_by_all_that_changes_them(tmp_path: Path) -> None:
    (asked,) = questions()
    variants = [
        replace(asked, messages=(Turn("user", "other"),)),
        replace(asked, messages=(Turn("system", "question 0"),)),
        replace(asked, max_tokens=9),
        replace(asked, temperature=1.0),
        replace(asked, seed=2),
    ]
    with serving(says("a")) as (url, log):
        answer_all(model(url), [asked], desk(tmp_path))
        found = answer_all(model(url), [asked, *variants], desk(tmp_path))
        answer_all(model(url, identity={"url": "another"}), [asked], desk(tmp_path))
    assert len(log.bodies) == 1 + len(variants) + 1
    assert [answer.cached for answer in found] == [True] + [False] * len(variants)


def test_a_stop_keeps_what_was_answered(tmp_path: Path) -> None:
    where: Desk = desk(tmp_path)
    with serving(says("a", wait=0.05)) as (url, log):

        def stop() -> None:
            if len(log.bodies) >= 4:
                raise Stopped

        where.on_checkpoint = stop
        with pytest.raises(Stopped):
            answer_all(model(url, concurrency=2), questions(200), where)
        asked = len(log.bodies)
        assert asked < 100
        where.on_checkpoint = lambda: None
        found = answer_all(model(url, concurrency=4), questions(20), where)
    assert sum(answer.cached for answer in found) == min(asked, 20)


def test_a_damaged_cache_is_set_aside(tmp_path: Path) -> None:
    ask(tmp_path, says("a"))
    (file,) = (tmp_path / ".cache").rglob("answers.sqlite")
    for more in file.parent.glob("answers.sqlite-*"):
        more.unlink()
    file.write_bytes(b"no database" * 100)
    assert one(tmp_path, says("b")).text == "b"


def test_a_changed_cache_entry_is_not_believed(tmp_path: Path) -> None:
    ask(tmp_path, says("a"))
    (file,) = (tmp_path / ".cache").rglob("answers.sqlite")
    with sqlite3.connect(file) as database:
        database.execute("update answers set answer = replace(answer, '\"a\"', '\"evil\"')")
    database.close()
    assert one(tmp_path, says("b")).text == "b"


def test_asking_works_where_an_event_loop_runs_already(tmp_path: Path) -> None:
    async def in_a_notebook() -> Answer:
        return one(tmp_path, says("red"))

    assert asyncio.run(in_a_notebook()).text == "red"


CANARY = "sk-canary-4b1d"


def definition(**settings: Value) -> ModelDef:
    return ModelDef("mini", "openai_compatible", tuple(sorted(settings.items())))


def test_a_key_goes_to_its_own_host_and_into_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(key_variable("127.0.0.1"), CANARY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-secret")
    with serving(says("a"), status(401)) as (url, log):
        endpoint = permitted_endpoint(definition(name="m", base_url=url), Policy())
        asked = model(url, endpoint=endpoint, concurrency=1)
        with pytest.raises(Refused) as refused:
            answer_all(asked, questions(2), desk(tmp_path))
    assert log.headers[0]["authorization"] == f"Bearer {CANARY}"
    assert "secret" not in str(log.headers)
    assert "sk-of-openai" not in str(log.headers)
    assert CANARY not in repr(asked) + str(refused.value.diagnostic)
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes()


def test_without_a_key_no_authorization_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.delenv(key_variable("127.0.0.1"), raising=False)
    with serving(says("a")) as (url, log):
        endpoint = permitted_endpoint(definition(name="m", base_url=url), Policy())
        answer_all(model(url, endpoint=endpoint), questions(), desk(tmp_path))
    assert "authorization" not in log.headers[0]


def test_a_key_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(key_variable("models.example.org"), CANARY)
    policy = Policy(allowed_hosts=frozenset({"models.example.org"}))
    clear = definition(name="m", base_url="http://models.example.org/v1")
    safe = definition(name="m", base_url="https://models.example.org/v1")
    assert permitted_endpoint(clear, policy).key is None
    assert permitted_endpoint(safe, policy).key == CANARY


@pytest.mark.code("FT503")
@pytest.mark.parametrize(
    ("url", "policy"),
    [
        ("https://models.example.org/v1", Policy()),
        ("https://MODELS.example.org/v1", Policy(allowed_hosts=frozenset({"example.org"}))),
        (
            "https://models.example.org/v1",
            Policy(offline=True, allowed_hosts=frozenset({"models.example.org"})),
        ),
        ("http://169.254.169.254/v1", Policy()),
        ("http://127.0.0.1.example.org/v1", Policy()),
        ("http://0.0.0.0:8080/v1", Policy()),
    ],
)
def test_only_hosts_that_the_operator_allows_are_asked(url: str, policy: Policy) -> None:
    with pytest.raises(Refused) as refused:
        permitted_endpoint(definition(name="m", base_url=url), policy)
    assert (refused.value.diagnostic.code, refused.value.exit_code) == ("FT503", 4)


def test_an_allowed_host_is_asked() -> None:
    policy = Policy(allowed_hosts=frozenset({"models.example.org"}))
    found = permitted_endpoint(
        definition(name="m", base_url="https://models.example.org/v1/"), policy
    )
    assert (found.url, found.host) == ("https://models.example.org/v1", "models.example.org")


def test_on_the_premises_means_no_public_host_even_if_allowed() -> None:
    hosts = frozenset({"models.example.org", "10.0.0.7", "llm.internal"})
    for host, allowed in (
        ("models.example.org", False),
        ("10.0.0.7", True),
        ("llm.internal", True),
    ):
        asked = definition(name="m", base_url=f"https://{host}/v1", privacy="on_premises")
        if allowed:
            assert permitted_endpoint(asked, Policy(allowed_hosts=hosts)).host == host
        else:
            with pytest.raises(Refused, match="on_premises"):
                permitted_endpoint(asked, Policy(allowed_hosts=hosts))


@pytest.mark.code("FT502")
@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/", "https://u:pw@127.0.0.1/v1", "127.0.0.1", ""]
)
def test_what_is_no_plain_http_url_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        permitted_endpoint(definition(name="m", base_url=url), Policy())
    assert refused.value.diagnostic.code == "FT502"
    assert "pw" not in refused.value.diagnostic.message
