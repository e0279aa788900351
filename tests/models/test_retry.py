from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ftdsl.models.retry import RetryPolicy, retry_after_seconds, wait_seconds

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


def test_waits_grow_and_are_bounded() -> None:
    policy = RetryPolicy(base=1.0, cap=10.0, retry_after_cap=60.0)
    waits = [wait_seconds(policy, attempt, None, lambda: 1.0) for attempt in range(1, 7)]
    assert waits == [1, 2, 4, 8, 10, 10]
    assert wait_seconds(policy, 3, None, lambda: 0.0) == 0
    assert wait_seconds(policy, 1, 86_400.0, lambda: 0.5) == 60.5
    assert wait_seconds(policy, 1, 2.0, lambda: 0.0) == 2.0
