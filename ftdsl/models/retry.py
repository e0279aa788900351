"""How long to wait before a request is made again, and when to give up."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_SECONDS_OF = (86_400.0, 3600.0, 60.0, 1.0, 0.001)
_RESET = re.compile(
    r"(?:x-)?(?:\w+-)?ratelimit-(?:reset(?:-(?P<after>[\w-]+))?|(?P<before>\w+)-reset)"
)
_EPOCH = 1e9
"""A larger number of seconds is a moment, not a span."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``attempts`` is the most requests for one question; ``base`` and ``cap`` bound the waits
    between them, in seconds; ``retry_after_cap`` bounds what a server may ask for.

    After ``breaker`` failures of a host in a row it is left alone for ``cooldown`` seconds, then
    asked once; each time that fails the pause doubles, and after ``probes`` times it is given up.
    """

    attempts: int = 5
    base: float = 0.5
    cap: float = 20.0
    retry_after_cap: float = 60.0
    breaker: int = 8
    cooldown: float = 1.0
    probes: int = 3


@dataclass(slots=True)
class RetryBudget:
    """How many repeats a whole run may still make, so that an outage cannot multiply requests."""

    left: int
    draw: Callable[[], float] = field(default=random.random)

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


def asked_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a server asks a client to wait, in whatever way it says so; None where it does
    not. ``retry-after-ms`` wins over ``retry-after``, and both over the reset times of limits, of
    which the longest counts; a limit that is not used up does not. Keys are lower case."""
    exact = headers.get("retry-after-ms", "").strip()
    if _is_number(exact):
        return float(exact) / 1000
    stated = retry_after_seconds(headers.get("retry-after"), now)
    if stated is not None:
        return stated
    return max(_resets(headers, now or datetime.now(UTC)), default=None)


def retry_after_seconds(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: a count of seconds or an HTTP date
    (RFC 9110, 10.2.3). None when absent or unreadable; never negative."""
    if header is None:
        return None
    text = header.strip()
    if _is_number(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return _until(moment, now or datetime.now(UTC))


def _resets(headers: Mapping[str, str], now: datetime) -> Iterator[float]:
    """``x-ratelimit-reset-requests: 1m30s``, ``anthropic-ratelimit-tokens-reset: 2026-…``,
    ``ratelimit-reset: 30``, ``x-ratelimit-reset: 1764072000``."""
    for name, value in headers.items():
        found = _RESET.fullmatch(name)
        if found is None:
            continue
        left = headers.get(name.replace("reset", "remaining"), "").strip()
        if left and _is_number(left) and float(left) > 0:
            continue
        wait = _span_or_moment(value.strip(), now)
        if wait is not None:
            yield wait


def _span_or_moment(text: str, now: datetime) -> float | None:
    if _is_number(text):
        number = float(text)
        return max(0.0, number - now.timestamp()) if number > _EPOCH else number
    span = _SPAN.fullmatch(text)
    if text and span is not None:
        parts = zip(span.groups(), _SECONDS_OF, strict=True)
        return sum(float(part) * each for part, each in parts if part is not None)
    try:
        return _until(datetime.fromisoformat(text), now)
    except ValueError:
        return None


def _until(moment: datetime, now: datetime) -> float:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit()


def wait_seconds(
    policy: RetryPolicy, attempt: int, asked: float | None, draw: Callable[[], float]
) -> float:
    """The wait after failed attempt number ``attempt`` (from 1).

    Exponential with full jitter (Brooker, "Exponential Backoff And Jitter", 2015); a server's
    own wish is met up to its cap, with a little jitter on top so that clients do not return
    together.
    """
    if asked is not None:
        return min(asked, policy.retry_after_cap) + policy.base * draw()
    return draw() * min(policy.cap, policy.base * 2.0 ** (attempt - 1))
