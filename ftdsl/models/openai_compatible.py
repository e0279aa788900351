"""How an OpenAI-compatible endpoint is asked: one question, its retries, and what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.models.answer import Answer, Question, Session
from ftdsl.models.hosts import Endpoint, key_variable
from ftdsl.models.retry import (
    RETRIED_STATUSES,
    RetryBudget,
    RetryPolicy,
    retry_after_seconds,
    wait_seconds,
)

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletion

# All that may leave this machine in a header. The client would add names of the operator's
# organisation and project from the environment, whatever the host.
_SENT_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-type", "content-length"}
)
_USER_AGENT = "ftdsl"


@dataclass(frozen=True, slots=True)
class OpenAICompatible:
    """A chat model behind ``endpoint``. ``extra`` goes into every request body beside the
    standard fields; ``timeout`` is in seconds and for one attempt."""

    name: str
    endpoint: Endpoint
    identity: Mapping[str, str] | None
    concurrency: int = 4
    timeout: float = 120.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    budget: RetryBudget = field(default_factory=lambda: RetryBudget(1000))
    extra: Mapping[str, object] = field(default_factory=dict)
    span: Span | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        client = _client(self)
        async with client:
            yield _Line(self, client)


def _client(model: OpenAICompatible) -> AsyncOpenAI:
    import httpx2
    from openai import AsyncOpenAI

    from ftdsl.models.transport import Bounded

    key = model.endpoint.key

    async def keep_only_known(request: httpx2.Request) -> None:
        for header in list(request.headers):
            if header.lower() not in _SENT_HEADERS:
                del request.headers[header]
        request.headers["User-Agent"] = _USER_AGENT
        if key is not None:
            request.headers["Authorization"] = f"Bearer {key}"

    http = httpx2.AsyncClient(
        timeout=httpx2.Timeout(model.timeout, connect=min(10.0, model.timeout)),
        follow_redirects=False,  # a redirect could carry the cases and the key elsewhere
        trust_env=False,  # and so could a .netrc
        transport=Bounded(model.concurrency, _proxy(model.endpoint)),
        event_hooks={"request": [keep_only_known]},
    )
    return AsyncOpenAI(
        base_url=model.endpoint.url, api_key="unused", max_retries=0, http_client=http
    )


def _proxy(endpoint: Endpoint) -> str | None:
    """The operator's proxy for this host, from the environment; never for this machine's own."""
    if endpoint.loopback or proxy_bypass(endpoint.host):
        return None
    return getproxies().get(urlsplit(endpoint.url).scheme)


class _Unanswered(Exception):
    """One failed attempt. ``again`` tells whether another may fare better."""

    def __init__(
        self, why: str, *, again: bool, wait: float | None = None, unreachable: bool = False
    ) -> None:
        super().__init__(why)
        self.again = again
        self.wait = wait
        self.unreachable = unreachable


class _Line:
    """A session: the open client and the retry loop around it."""

    def __init__(self, model: OpenAICompatible, client: AsyncOpenAI) -> None:
        self._model = model
        self._client = client

    async def answer(self, question: Question) -> Answer:
        retry, budget = self._model.retry, self._model.budget
        for attempt in range(1, retry.attempts + 1):
            try:
                return replace(await self._attempt(question), attempts=attempt)
            except _Unanswered as failure:
                last = attempt == retry.attempts
                if last or not failure.again or not budget.take():
                    return Answer(
                        error=str(failure), attempts=attempt, unreachable=failure.unreachable
                    )
                delay = wait_seconds(retry, attempt, failure.wait, budget.draw)
            await asyncio.sleep(delay)
        raise AssertionError("unreachable: the last attempt returns")

    async def _attempt(self, question: Question) -> Answer:
        import httpx2
        import openai

        from ftdsl.models.transport import TooLarge

        start = time.perf_counter()
        try:
            # The client's own timeout is for each read: a server that drips would never meet it.
            async with asyncio.timeout(self._model.timeout):
                reply = await self._client.chat.completions.create(**_body(self._model, question))
        except openai.APIStatusError as error:
            raise self._status_failure(error) from error
        except TooLarge as error:
            raise _Unanswered(str(error), again=False) from error
        except (openai.APITimeoutError, TimeoutError) as error:
            why = f"no answer within {self._model.timeout:g} s"
            raise _Unanswered(why, again=True, unreachable=True) from error
        except (openai.APIConnectionError, httpx2.TransportError) as error:
            why = f"the connection failed: {error.__cause__ or error}"
            raise _Unanswered(why, again=True, unreachable=True) from error
        except (openai.APIError, httpx2.DecodingError, ValueError) as error:
            raise _Unanswered("the reply is not readable JSON", again=True) from error
        return _read(reply, time.perf_counter() - start)

    def _status_failure(self, error: Any) -> _Unanswered:
        status: int = error.status_code
        code = getattr(error, "code", None) or ""
        if status in (401, 403) or code == "insufficient_quota":
            raise Refused(_rejected(self._model, status, code)) from error
        why = f"HTTP {status}: {_plain(error)}"
        if status not in RETRIED_STATUSES:
            return _Unanswered(why, again=False)
        wait = retry_after_seconds(error.response.headers.get("retry-after"))
        return _Unanswered(why, again=True, wait=wait, unreachable=True)


def _body(model: OpenAICompatible, question: Question) -> dict[str, Any]:
    return {
        "model": model.name,
        "messages": [{"role": role, "content": text} for role, text in question.messages],
        "max_tokens": question.max_tokens,
        "temperature": question.temperature,
        "seed": question.seed,
        "extra_body": dict(model.extra),
    }


def _read(reply: ChatCompletion | object, latency: float) -> Answer:
    """The answer in a reply. Servers and proxies answer 200 with anything, so nothing is taken
    on trust: neither that it is a completion nor that it has a choice."""
    choices = getattr(reply, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise _Unanswered("the reply holds no completion", again=True)
    choice = choices[0]
    message = getattr(choice, "message", None)
    text = getattr(message, "content", None)
    reason = str(getattr(choice, "finish_reason", None) or "")
    if refusal := getattr(message, "refusal", None):
        raise _Unanswered(f"the model refused: {str(refusal)[:200]}", again=False)
    if reason == "content_filter":
        raise _Unanswered("the provider's content filter withheld the answer", again=False)
    if not isinstance(text, str):
        raise _Unanswered("the reply holds no text", again=True)
    usage = getattr(reply, "usage", None)
    return Answer(
        text=_sound(text),
        finish_reason=reason,
        latency=latency,
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
    )


def _sound(text: str) -> str:
    """``text`` without halves of surrogate pairs, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count(usage: object, name: str) -> int | None:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) else None


def _plain(error: Any) -> str:
    """The server's own words on an error, in one short line."""
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, str):
        return "the server gave no reason"
    return " ".join(message.split())[:200]


def _rejected(model: OpenAICompatible, status: int, code: str) -> Diagnostic:
    host = model.endpoint.host
    if code == "insufficient_quota":
        message, help_ = f"{host} says the account's quota is used up", "add credit, then run again"
    else:
        sent = "the key sent" if model.endpoint.key is not None else "a request without a key"
        message = f"{host} rejected {sent} (HTTP {status})"
        help_ = f"set the environment variable `{key_variable(host)}`"
    return Diagnostic("FT504", message, model.span or Span("", 0, 0), help=help_)
