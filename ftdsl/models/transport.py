"""How many bytes an answer may have: a transport that reads no further. Imports the HTTP library,
so it is imported only where requests are made."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

LARGEST = 16 * 1024 * 1024
"""Bytes of a response body. The longest answer of any model is a small part of it."""


class TooLarge(Exception):
    """The server sends more than any answer can be."""


class Bounded(httpx2.AsyncHTTPTransport):
    """A plain transport whose responses end in ``TooLarge`` after ``LARGEST`` bytes."""

    def __init__(self, connections: int, proxy: str | None) -> None:
        limits = httpx2.Limits(max_connections=connections)
        super().__init__(limits=limits, trust_env=False, proxy=proxy)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # A small body must not unfold to a huge one.
        request.headers["Accept-Encoding"] = "identity"
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise TooLarge("the server compressed its answer, though it was asked not to")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Counted(response.stream)
        return response


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for block in self._inner:
            seen += len(block)
            if seen > LARGEST:
                raise TooLarge(f"the answer is larger than {LARGEST // 2**20} MiB")
            yield block

    async def aclose(self) -> None:
        await self._inner.aclose()
