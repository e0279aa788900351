"""What comes back over one connection, however its bytes are cut and framed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ftdsl.models.connection import Connection, Received
from ftdsl.models.failure import Failed

BODY = b'{"text": "red"}'
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + BODY
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'8\r\n{"text":\r\n7\r\n "red"}\r\n0\r\n\r\n'
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
TO_THE_END = b"HTTP/1.0 200 OK\r\n\r\n" + BODY


class Wire(asyncio.Transport):
    """Notes what is written and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.gone = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def abort(self) -> None:
        self.gone = True


async def exchanged(
    pieces: Sequence[bytes], hangs_up: bool = False, told: list[bytes] | None = None
) -> tuple[Received, Connection, Wire]:
    connection, wire = Connection(), Wire()
    connection.connection_made(wire)
    on_bytes = None if told is None else lambda block, _: told.append(block)
    asked = asyncio.ensure_future(connection.request(b"question", on_bytes))
    await asyncio.sleep(0)
    for one in pieces:
        connection.data_received(one)
    if hangs_up:
        connection.connection_lost(None)
    return await asked, connection, wire


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("data", [SIZED, CHUNKED, INTERIM + SIZED], ids=["sized", "chunked", "100"])
def test_a_response_is_whole_wherever_it_is_cut(data: bytes, size: int) -> None:
    told: list[bytes] = []
    found, connection, wire = asyncio.run(exchanged(cut(data, size), told=told))
    assert (found.status, found.body, b"".join(told)) == (200, BODY, BODY)
    assert (wire.written, wire.gone, connection.reusable) == (b"question", False, True)


def test_a_body_without_a_length_ends_with_its_connection() -> None:
    found, connection, _ = asyncio.run(exchanged([TO_THE_END], hangs_up=True))
    assert (found.body, connection.reusable) == (BODY, False)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (SIZED[:-4], "ended before it was whole"),
        (CHUNKED[:-5], "ended before it was whole"),
        (SIZED[:12], "ended before it was whole"),
        (b"", "closed it without an answer"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nContent-Length: 16\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000, "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "larger than 16 MiB"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         b"1000000\r\n" + b"x" * 0x1000000 + b"\r\n1000000\r\n" + b"x", "larger than 16 MiB"),
    ],
    ids=["cut", "cut-chunk", "cut-head", "silent", "ssh", "lengths", "head", "long", "chunks"],
)  # fmt: skip
def test_what_is_no_whole_response_is_none_and_ends_the_connection(data: bytes, why: str) -> None:
    with pytest.raises(Failed, match=why):
        asyncio.run(exchanged([data], hangs_up=True))


def test_what_nobody_asked_for_ends_the_connection() -> None:
    async def unasked() -> Connection:
        _, connection, _ = await exchanged([SIZED])
        connection.data_received(SIZED)
        return connection

    assert not asyncio.run(unasked()).reusable


def test_two_responses_to_one_request_are_not_kept_for_the_next() -> None:
    found, connection, _ = asyncio.run(exchanged([SIZED + SIZED]))
    assert found.body == BODY
    assert not connection.reusable


def test_a_server_that_closes_is_not_asked_again() -> None:
    data = SIZED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    _, connection, wire = asyncio.run(exchanged([data]))
    assert not connection.reusable
    assert wire.gone
