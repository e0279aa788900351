from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ftdsl.models.retry import RetryPolicy, asked_wait, retry_after_seconds, wait_seconds

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_both_forms_of_retry_after_are_read(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "2", "x-ratelimit-reset-requests": "1m"}, 2.0),
        ({"x-ratelimit-reset-requests": "1m30s"}, 90.0),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "20ms"}, 360.0),
        ({"x-ratelimit-reset-tokens": "1h2m3.5s"}, 3723.5),
        ({"x-ratelimit-reset-tokens": "2d"}, 172_800.0),
        (
            {
                "x-ratelimit-reset-requests": "6m",
                "x-ratelimit-remaining-requests": "17",
                "x-ratelimit-reset-tokens": "2s",
                "x-ratelimit-remaining-tokens": "0",
            },
            2.0,
        ),
        ({"ratelimit-reset": "30"}, 30.0),
        ({"x-ratelimit-reset": "1795435260"}, 60.0),
        ({"x-ratelimit-reset": "1795435100"}, 0.0),
        ({"anthropic-ratelimit-tokens-reset": "2026-11-23T12:00:10Z"}, 10.0),
        ({"anthropic-ratelimit-tokens-reset": "2026-11-23T12:00:10"}, 10.0),
        ({"x-ratelimit-reset-requests": "whenever"}, None),
        ({"x-ratelimit-reset-requests": ""}, None),
        ({"x-ratelimit-limit-requests": "60"}, None),
    ],
)
def test_a_wait_is_read_in_whatever_way_it_is_asked_for(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert asked_wait(headers, NOW) == seconds


def test_waits_grow_and_are_bounded() -> None:
    policy = RetryPolicy(base=1.0, cap=10.0, retry_after_cap=60.0)
    waits = [wait_seconds(policy, attempt, None, lambda: 1.0) for attempt in range(1, 7)]
    assert waits == [1, 2, 4, 8, 10, 10]
    assert wait_seconds(policy, 3, None, lambda: 0.0) == 0
    assert wait_seconds(policy, 1, 86_400.0, lambda: 0.5) == 60.5
    assert wait_seconds(policy, 1, 2.0, lambda: 0.0) == 2.0
