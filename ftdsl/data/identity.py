"""What a row is called: its declared id, its split key, or a digest of its content."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson

_TWO_64 = 2**64


def canonical(value: Any) -> bytes:
    """JSON bytes that do not depend on key order, spacing or line endings of the source."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def content_id(value: Any) -> str:
    """The first 16 hex digits of the BLAKE2b digest of the row's canonical JSON."""
    return blake2b(canonical(value)).hexdigest()[:16]


def key_text(value: Any) -> str:
    """A field's value as the text that identifies a row: text as it is, all else as JSON."""
    return value if isinstance(value, str) else canonical(value).decode()


def unit_hash(seed: int, key: str) -> float:
    """A number in [0, 1) that depends on ``seed`` and ``key`` alone: 64 bits of BLAKE2b."""
    digest = blake2b(f"{seed}:{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _TWO_64
