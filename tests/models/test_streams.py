from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftdsl.models.answer import Answer, Question, Turn
from ftdsl.models.asking import answer_all
from ftdsl.models.failure import Failed
from ftdsl.models.wire import Stream
from tests.models.desk import desk
from tests.models.faulty_server import DONE, USAGE, Reply, piece, says, serving, status, streams
from tests.models.test_faulty_host import model


def ask(folder: Path, *replies: Reply) -> tuple[Answer, list[dict[str, object]]]:
    with serving(*replies) as (url, log):
        question = Question("c", (Turn("user", "colour?"),), timed=True)
        return answer_all(model(url), [question], desk(folder))[0], log.bodies


WHOLE = (piece(role="assistant"), piece("r"), piece("ed"), piece(reason="stop"), USAGE, DONE)


def test_a_streamed_answer_is_timed_to_its_first_token(tmp_path: Path) -> None:
    found, (body,) = ask(tmp_path, streams(*WHOLE, wait=0.05))
    assert (found.text, found.finish_reason, found.error) == ("red", "stop", "")
    assert (found.prompt_tokens, found.completion_tokens, found.cached_tokens) == (3, 2, 1)
    assert found.served_by == "m-2026"
    assert found.first_token is not None
    assert found.latency is not None
    assert 0.1 <= found.first_token < 0.4  # the second piece is the first that says something
    assert found.latency - found.first_token >= 0.15
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (streams(*WHOLE[:3]), "the stream ended before the answer did"),
        (streams(*WHOLE[:3], b'data: {"error": {"message": "overloaded"}}\n\n'), "overloaded"),
        (streams(piece("r"), b"data: {half\n\n"), "not readable JSON"),
        (streams(b"<html>"), "a web page"),
        (streams(), "not readable JSON"),
        (status(500), "HTTP 500"),
    ],
    ids=["cut-off", "error", "broken", "page", "empty", "500"],
)
def test_a_stream_that_is_no_whole_answer_is_asked_again(
    tmp_path: Path, fault: Reply, why: str
) -> None:
    found, bodies = ask(tmp_path, fault)
    assert why in found.error
    assert len(bodies) == 3
    found, bodies = ask(tmp_path, fault, streams(*WHOLE))
    assert (found.text, len(bodies)) == ("red", 2)


def test_a_refusal_in_a_stream_is_a_refusal(tmp_path: Path) -> None:
    found, bodies = ask(tmp_path, streams(piece(refusal="I will"), piece(refusal=" not"),
                                          piece(reason="stop"), DONE))  # fmt: skip
    assert found.error == "the model refused: I will not"
    assert len(bodies) == 1


def test_a_server_that_does_not_stream_is_understood(tmp_path: Path) -> None:
    found, _ = ask(tmp_path, says("red"))
    assert (found.text, found.first_token) == ("red", None)


def test_pieces_of_a_tool_call_are_joined() -> None:
    stream = Stream()
    pieces = [
        {"index": 0, "id": "call_1", "function": {"name": "look_up", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"city": '}},
        {"index": 1, "id": "call_2", "function": {"name": "say", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": '"Bonn"}'}},
    ]
    for number, one in enumerate(pieces):
        stream.feed(piece(tool_calls=[one]), float(number))
    stream.feed(piece(reason="tool_calls") + DONE, 9.0)
    reply = stream.reply(b"")
    assert [(c["id"], c["function"]) for c in json.loads(reply.tool_calls)] == [
        ("call_1", {"name": "look_up", "arguments": '{"city": "Bonn"}'}),
        ("call_2", {"name": "say", "arguments": "{}"}),
    ]
    assert (reply.text, reply.finish_reason, stream.first_token) == ("", "tool_calls", 0.0)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_it_does_not_matter_where_the_bytes_are_cut(size: int) -> None:
    whole = b"".join(WHOLE).replace(b"\n", b"\r\n") + b": comment\r\n\r\n"
    stream = Stream()
    for start in range(0, len(whole), size):
        stream.feed(whole[start : start + size], start)
    assert stream.reply(whole).text == "red"


def test_a_stream_without_an_end_is_no_answer() -> None:
    stream = Stream()
    stream.feed(piece("re"), 0.0)
    with pytest.raises(Failed):
        stream.reply(b"")


def test_an_answer_without_its_times_is_no_answer_where_times_are_asked_for(
    tmp_path: Path,
) -> None:
    plain = Question("c", (Turn("user", "colour?"),))
    with serving(says("red"), streams(*WHOLE)) as (url, log):
        answer_all(model(url), [plain], desk(tmp_path))
    found, bodies = ask(tmp_path, streams(*WHOLE))
    assert (found.cached, found.first_token is not None, len(bodies)) == (False, True, 1)
    assert len(log.bodies) == 1
