"""How an OpenAI-compatible endpoint is asked: one question, its retries, and what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.engine.spending import Amount, Exhausted, Purse
from ftdsl.models.answer import Answer, Image, Question, Session
from ftdsl.models.failure import Failed, Rejected
from ftdsl.models.hosts import OPENAI_HOST, Endpoint, key_variable
from ftdsl.models.pacing import Host, HostDown
from ftdsl.models.retry import (
    RETRIED_STATUSES,
    RetryBudget,
    RetryPolicy,
    asked_wait,
    wait_seconds,
)
from ftdsl.models.watched_loop import late_by
from ftdsl.models.wire import Reply, Stream, error_words, read_reply, request_body
from ftdsl.plan.payment import budget_spent
from ftdsl.plan.prices import Price, prompt_bound

if TYPE_CHECKING:
    from ftdsl.models.transport import Received, Transport

_PATH = "/chat/completions"
_NOWHERE = Span("", 0, 0)
_LOOK = 0.02  # seconds between two looks at what requests under way leave of a budget


@dataclass(frozen=True, slots=True)
class OpenAICompatible:
    """A chat model behind ``endpoint``. ``extra`` goes into every request body beside the
    standard fields; ``timeout`` is in seconds and for one attempt. ``host`` is shared by all models
    of a run that are served by the same one; ``price`` is None where nobody states it, and
    ``purse`` is what requests are paid from."""

    name: str
    endpoint: Endpoint
    identity: Mapping[str, str] | None
    concurrency: int = 4
    timeout: float = 120.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    budget: RetryBudget = field(default_factory=lambda: RetryBudget(1000))
    host: Host = field(default_factory=lambda: Host("127.0.0.1"))
    extra: Mapping[str, object] = field(default_factory=dict)
    price: Price | None = None
    purse: Purse = field(default_factory=Purse)
    span: Span | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        from ftdsl.models.transport import transport

        async with transport(self.endpoint, self.timeout) as line:
            yield _Line(self, line)


class _Line:
    """A session: the open connections and the retry loop around them."""

    def __init__(self, model: OpenAICompatible, line: Transport) -> None:
        self._model = model
        self._line = line
        self._newer = model.endpoint.host == OPENAI_HOST

    async def answer(self, question: Question) -> Answer:
        model, retry = self._model, self._model.retry
        body = request_body(model.name, question, model.extra, newer=self._newer)
        taken = time.perf_counter()
        for attempt in range(1, retry.attempts + 1):
            try:
                reply, seconds, first, sent = await self._one(body, question)
            except Failed as failure:
                last = attempt == retry.attempts or not failure.again
                if last or not model.budget.take():
                    return Answer(
                        error=str(failure),
                        attempts=attempt,
                        queued=time.perf_counter() - taken,
                        unreachable=failure.unreachable,
                    )
                delay = wait_seconds(retry, attempt, failure.wait, model.budget.draw)
            else:
                return _answer(reply, seconds, first, sent - taken, attempt)
            await asyncio.sleep(delay)
        raise AssertionError("unreachable: the last attempt returns")

    async def _one(
        self, body: bytes, question: Question
    ) -> tuple[Reply, float, float | None, float]:
        """One attempt, paid for and let out by its host: what ``_attempt`` returns, and when it was
        sent. What became of it nobody knows counts as used to the full."""
        model = self._model
        expected = len(body) / 4 + question.max_tokens
        worst = self._worst(body, question)
        await self._paid(worst)
        true = Amount()
        try:
            await self._admitted(expected)
            sent, true = time.perf_counter(), worst
            reply, seconds, first = await self._attempt(body, timed=question.timed)
            true = self._true(reply, worst)
            model.host.used(expected, _tokens(reply))
        except Failed as failure:
            if not failure.processed:
                true = Amount(requests=1)
                model.host.used(expected, 0.0)
            raise
        finally:
            model.purse.settle(worst, true)
        return reply, seconds, first, sent

    def _worst(self, body: bytes, question: Question) -> Amount:
        parts = (part for turn in question.messages for part in turn.parts)
        images = sum(isinstance(part, Image) for part in parts)
        prompt, completion = prompt_bound(body, images), question.max_tokens
        price = self._model.price
        money = price.of(prompt, completion) if price is not None else 0.0
        return Amount(money, prompt + completion, 1)

    def _true(self, reply: Reply, worst: Amount) -> Amount:
        price, tokens = self._model.price, _tokens(reply)
        if tokens is None:  # the server does not count
            return worst
        prompt, completion = reply.prompt_tokens or 0, reply.completion_tokens or 0
        money = price.of(prompt, completion, reply.cached_tokens) if price is not None else 0.0
        return Amount(money, tokens, 1)

    async def _paid(self, worst: Amount) -> None:
        """Hold what the request may cost. Raises ``Refused`` where no budget has that left."""
        purse = self._model.purse
        try:
            while not purse.hold(worst):
                await asyncio.sleep(_LOOK)
        except Exhausted as error:
            raise Refused(budget_spent(error, worst, self._model.span), exit_code=4) from error

    async def _admitted(self, tokens: float) -> None:
        try:
            await self._model.host.admit(tokens, self._model.retry)
        except HostDown as down:
            raise Refused(_unreachable(self._model, str(down))) from down

    async def _attempt(self, body: bytes, *, timed: bool) -> tuple[Reply, float, float | None]:
        """The reply, the seconds it took and those to its first token. Tells the host how it did.

        Raises ``Failed``, and ``Refused`` for what no later question could mend."""
        host, retry = self._model.host, self._model.retry
        stream = Stream() if timed else None
        try:
            received = await self._line.post(_PATH, body, stream.feed if stream else None)
            if received.status != 200:
                raise self._status_failure(received)
            reply = stream.reply(received.body) if stream else read_reply(received.body)
        except Rejected as rejected:
            raise Refused(_rejected(self._model, rejected)) from rejected
        except Failed as failure:
            if failure.unreachable:
                host.failed(str(failure), retry)
            else:
                host.well()
            raise
        except asyncio.CancelledError:
            host.abandoned()
            raise
        host.well()
        return reply, received.seconds, stream.first_token if stream else None

    def _status_failure(self, received: Received) -> Failed:
        status = received.status
        words, code = error_words(received.body)
        if status in (401, 403) or code == "insufficient_quota":
            raise Rejected(code if code == "insufficient_quota" else "key", str(status))
        why = f"HTTP {status}: {words}"
        if status not in RETRIED_STATUSES:
            return Failed(why, again=False)
        wait = asked_wait(received.headers)
        if wait is not None:
            self._model.host.pause(min(wait, self._model.retry.retry_after_cap))
        return Failed(why, wait=wait, unreachable=status >= 500, processed=status >= 500)


def _answer(
    reply: Reply, seconds: float, first: float | None, queued: float, attempts: int
) -> Answer:
    return Answer(
        text=reply.text or reply.tool_calls,
        finish_reason=reply.finish_reason,
        latency=seconds,
        first_token=first,
        queued=queued,
        lag=min(seconds, late_by()),
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        cached_tokens=reply.cached_tokens,
        tool_calls=reply.tool_calls,
        served_by=reply.served_by,
        logprob=reply.logprob,
        attempts=attempts,
    )


def _tokens(reply: Reply) -> float | None:
    if reply.prompt_tokens is None or reply.completion_tokens is None:
        return None
    return float(reply.prompt_tokens + reply.completion_tokens)


def _unreachable(model: OpenAICompatible, last: str) -> Diagnostic:
    retry = model.retry
    return Diagnostic(
        "FT505",
        f"{model.endpoint.host} failed {model.host.failures} times in a row, the last "
        f"{retry.probes} after pauses; the last time: {last}",
        model.span or _NOWHERE,
        help="run again when it is up: the answers so far are kept",
    )


def _rejected(model: OpenAICompatible, rejected: Rejected) -> Diagnostic:
    host, span = model.endpoint.host, model.span or _NOWHERE
    if rejected.reason == "certificate":
        return Diagnostic(
            "FT530",
            f"the certificate of {host} is not trusted: {rejected.detail}",
            span,
            help="give the host a certificate of an authority that this machine knows, or name the "
            "authority's file in SSL_CERT_FILE",
        )
    if rejected.reason == "insufficient_quota":
        message, help_ = f"{host} says the account's quota is used up", "add credit, then run again"
    else:
        sent = "the key sent" if model.endpoint.key is not None else "a request without a key"
        message = f"{host} rejected {sent} (HTTP {rejected.detail})"
        help_ = f"set the environment variable `{key_variable(host)}`"
    return Diagnostic("FT504", message, span, help=help_)
