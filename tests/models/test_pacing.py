from __future__ import annotations

import asyncio

import pytest

from ftdsl.models.pacing import Bucket, Host, HostDown
from ftdsl.models.retry import RetryPolicy

POLICY = RetryPolicy(breaker=3, cooldown=1.0, probes=2)


class Clock:
    """A clock that only ``sleep`` moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def admitted(host: Host, clock: Clock, times: int = 1, tokens: float = 0.0) -> list[float]:
    """When each of so many requests was let out, from now on."""
    start, found = clock.now, []
    for _ in range(times):
        asyncio.run(host.admit(tokens, POLICY))
        found.append(round(clock.now - start, 6))
    return found


def test_requests_a_minute_are_spread_over_the_minute(clock: Clock) -> None:
    host = Host("h", clock)
    host.limit(60, None)
    assert admitted(host, clock, 9) == [0, 0, 0, 0, 0, 0, 1, 2, 3]


def test_tokens_a_minute_hold_back_long_requests(clock: Clock) -> None:
    host = Host("h", clock)
    host.limit(None, 600)
    assert admitted(host, clock, 3, tokens=60) == [0, 6, 12]
    host.used(60, 0.0)
    assert admitted(host, clock, 1, tokens=60) == [0]


def test_tokens_that_were_not_used_are_given_back(clock: Clock) -> None:
    host = Host("h", clock)
    host.limit(None, 600)
    admitted(host, clock, 1, tokens=60)
    host.used(60, 10.0)
    host.used(60, None)  # unknown: as admitted
    assert admitted(host, clock, 1, tokens=60) == [1.0]


def test_the_strictest_limit_of_a_host_counts(clock: Clock) -> None:
    host = Host("h", clock)
    host.limit(600, None)
    host.limit(60, None)
    host.limit(None, None)
    host.limit(6000, None)
    assert host.requests is not None
    assert host.requests.rate == 60


def test_a_bucket_saves_up_no_more_than_six_seconds() -> None:
    bucket = Bucket.per_minute(60, 0.0)
    assert [bucket.take(1, 1000.0) for _ in range(7)] == [0, 0, 0, 0, 0, 0, 1.0]


def test_a_host_that_asks_for_a_pause_gets_it(clock: Clock) -> None:
    host = Host("h", clock)
    host.pause(5)
    host.pause(2)
    assert admitted(host, clock, 2) == [5, 5]


def test_the_breaker_opens_probes_and_closes(clock: Clock) -> None:
    host = Host("h", clock)
    for _ in range(3):
        host.failed("HTTP 503", POLICY)
    assert admitted(host, clock) == [1.0]  # the probe
    host.well()
    assert admitted(host, clock, 3) == [0, 0, 0]
    assert host.failures == 0


def test_failures_with_successes_between_open_nothing(clock: Clock) -> None:
    host = Host("h", clock)
    for _ in range(10):
        host.failed("HTTP 503", POLICY)
        host.failed("HTTP 503", POLICY)
        host.well()
    assert admitted(host, clock) == [0]


def test_only_one_request_goes_out_as_a_probe(clock: Clock) -> None:
    host = Host("h", clock)
    for _ in range(3):
        host.failed("HTTP 503", POLICY)
    assert admitted(host, clock) == [1.0]

    looks = []

    async def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            host.well()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "sleep", sleep)
        asyncio.run(host.admit(0, POLICY))
    assert len(looks) == 3


def test_a_host_whose_probes_fail_is_given_up(clock: Clock) -> None:
    host = Host("h", clock)
    for _ in range(3):
        host.failed("HTTP 503", POLICY)
    assert admitted(host, clock) == [1.0]
    host.failed("HTTP 502", POLICY)
    assert admitted(host, clock) == [2.0]  # the pause doubles
    host.failed("HTTP 504", POLICY)
    with pytest.raises(HostDown, match="HTTP 504"):
        admitted(host, clock)


def test_a_probe_that_was_cancelled_leaves_the_next_its_turn(clock: Clock) -> None:
    host = Host("h", clock)
    for _ in range(3):
        host.failed("HTTP 503", POLICY)
    admitted(host, clock)
    host.abandoned()
    assert admitted(host, clock) == [0]
