"""How long to wait before a request is made again, and when to give up."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``attempts`` is the most requests for one question; ``base`` and ``cap`` bound the waits
    between them, in seconds; ``retry_after_cap`` bounds what a server may ask for."""

    attempts: int = 5
    base: float = 0.5
    cap: float = 20.0
    retry_after_cap: float = 60.0


@dataclass(slots=True)
class RetryBudget:
    """How many repeats a whole run may still make, so that an outage cannot multiply requests."""

    left: int
    draw: Callable[[], float] = field(default=random.random)

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


def retry_after_seconds(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: a count of seconds or an HTTP date
    (RFC 9110, 10.2.3). None when absent or unreadable; never negative."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


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
