"""How fast a host may be asked, and whether it is well: token buckets, pauses, a circuit breaker.

All of it is arithmetic on one clock and bound to no event loop, so that every model of a run that
is served by one host shares one ``Host``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from ftdsl.models.retry import RetryPolicy

_LOOK = 0.05  # seconds between two looks at a probe that is under way


class HostDown(Exception):
    """The host failed again and again, and was given up."""


@dataclass(slots=True)
class Bucket:
    """``rate`` units a minute, of which at most ``burst`` may be saved up. A unit that is not there
    yet may be taken all the same: ``take`` says how long to wait for it."""

    rate: float
    burst: float
    level: float
    at: float

    @classmethod
    def per_minute(cls, rate: float, now: float) -> Bucket:
        """A bucket that may begin with six seconds' worth, and never less than one unit."""
        burst = max(1.0, rate / 10)
        return cls(rate, burst, burst, now)

    def take(self, units: float, now: float) -> float:
        """Take ``units`` and return the seconds until they are there."""
        self.level = min(self.burst, self.level + (now - self.at) * self.rate / 60) - units
        self.at = now
        return max(0.0, -self.level * 60 / self.rate)

    def give_back(self, units: float) -> None:
        """Return units that were taken and not used."""
        self.level = min(self.burst, self.level + units)


@dataclass(slots=True)
class Host:
    """One host in one run."""

    name: str
    clock: Callable[[], float] = time.monotonic
    requests: Bucket | None = None
    tokens: Bucket | None = None
    paused_until: float = 0.0
    failures: int = 0
    opened_until: float | None = None
    probing: bool = False
    failed_probes: int = 0
    last_failure: str = ""

    def limit(self, requests: float | None, tokens: float | None) -> None:
        """Hold the host to so many requests and tokens a minute; the strictest limit counts."""
        self.requests = _stricter(self.requests, requests, self.clock())
        self.tokens = _stricter(self.tokens, tokens, self.clock())

    async def admit(self, tokens: float, policy: RetryPolicy) -> None:
        """Wait until a request of so many tokens may go out. Raises ``HostDown``."""
        now = self.clock()
        wait = 0.0
        if self.requests is not None:
            wait = self.requests.take(1, now)
        if self.tokens is not None:
            wait = max(wait, self.tokens.take(tokens, now))
        if wait > 0:
            await asyncio.sleep(wait)
        while (wait := self._closed_for(policy)) > 0:
            await asyncio.sleep(wait)

    def used(self, admitted: float, really: float | None) -> None:
        """Tokens that were admitted and not used are given back."""
        if self.tokens is not None and really is not None:
            self.tokens.give_back(admitted - really)

    def pause(self, seconds: float) -> None:
        """No request to this host for so long: it asked for that."""
        self.paused_until = max(self.paused_until, self.clock() + seconds)

    def well(self) -> None:
        """The host answered: with an answer, or with an error of the question."""
        self.failures = self.failed_probes = 0
        self.opened_until, self.probing = None, False

    def failed(self, why: str, policy: RetryPolicy) -> None:
        """The host did not do its work."""
        self.failures += 1
        self.last_failure = why
        if self.probing:
            self.probing = False
            self.failed_probes += 1
        elif self.opened_until is not None or self.failures < policy.breaker:
            return
        self.opened_until = self.clock() + policy.cooldown * 2.0**self.failed_probes

    def abandoned(self) -> None:
        """A request ended without telling anything of the host, as one that was cancelled."""
        self.probing = False

    def _closed_for(self, policy: RetryPolicy) -> float:
        """Seconds until it is worth looking again; 0 lets one request out."""
        now = self.clock()
        if now < self.paused_until:
            return self.paused_until - now
        if self.opened_until is None:
            return 0.0
        if self.failed_probes >= policy.probes:
            raise HostDown(self.last_failure)
        if now < self.opened_until:
            return self.opened_until - now
        if self.probing:
            return _LOOK
        self.probing = True
        return 0.0


def _stricter(bucket: Bucket | None, rate: float | None, now: float) -> Bucket | None:
    if rate is None or (bucket is not None and bucket.rate <= rate):
        return bucket
    return Bucket.per_minute(rate, now)
