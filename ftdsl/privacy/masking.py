"""What a report may show of a text: personal data and secrets are masked, whoever asks.

All that leaves a step passes through here: excerpts, values, reasons. A report that is uploaded
to a pull request must not be the leak that it warns of.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from itertools import accumulate
from typing import Any

from ftdsl.privacy.detector import Family, compiled
from ftdsl.privacy.personal_data import (
    CARDS,
    EMAILS,
    IBANS,
    IP_ADDRESSES,
    PHONES,
    SOCIAL_SECURITY,
)
from ftdsl.privacy.secrets import SECRETS

FAMILIES: tuple[Family, ...] = (
    SECRETS,
    EMAILS,
    CARDS,
    IBANS,
    PHONES,
    IP_ADDRESSES,
    SOCIAL_SECURITY,
)
BEYOND = 16 * 1024
"""Characters behind a cut that are read too, so that what the cut goes through is still known."""


@cache
def _sieve_of_all() -> Any:
    """Matches what the sieve of any family matches, or something that begins before it."""
    return compiled("|".join(f"(?:{family.sieve.pattern})" for family in FAMILIES))


@cache
def _sieve() -> Any:
    """Matches in every text that has something to mask, and in few others."""
    return compiled(r"@|://|[0-9][0-9 ().:-]{6}|[0-9]{1,3}\.[0-9]{1,3}\.|[A-Za-z0-9_./+-]{20}|KEY")


def masked(text: str, limit: int | None = None) -> str:
    """``text``, cut to ``limit`` characters, with what is delicate in it masked."""
    cut = limit is not None and len(text) > limit
    head = text[: limit + BEYOND] if cut and limit is not None else text
    data = head.encode("utf-8", "surrogatepass")
    if _sieve().search(data) is not None:
        data = _masked(data)
        head = data.decode("utf-8", "surrogatepass")
    return head[:limit] if cut else head


def masked_name(name: str) -> str:
    """A row id, a label or the name of a field as a report may show it. Two names stay two: behind
    one with something masked stands a part of its digest."""
    shown = masked(name)
    if shown == name:
        return name
    return f"{shown}~{blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"


def masked_all(texts: Sequence[str], limit: int = sys.maxsize) -> list[str]:
    """``masked`` of many texts. Their heads are looked at together, and only those that may hold
    something one by one."""
    heads = [text[: limit + BEYOND] if len(text) > limit else text for text in texts]
    datas = [head.encode("utf-8", "surrogatepass").replace(b"\n", b" ") for head in heads]
    starts = list(accumulate((len(data) + 1 for data in datas), initial=0))
    joined = b"\n".join(datas)
    suspects: set[int] = set()
    for match in _sieve_of_all().finditer(joined):
        # One that runs on into the next text may hide what begins there.
        first, last = (bisect_right(starts, place) - 1 for place in match.span())
        suspects.update(range(first, last + 1))
    return [
        masked(text, limit) if number in suspects else text[:limit]
        for number, text in enumerate(texts)
    ]


def _masked(data: bytes) -> bytes:
    for family in FAMILIES:
        for mark in reversed(family.found(data)):
            data = data[: mark.start] + mark.masked.encode() + data[mark.end :]
    return data
