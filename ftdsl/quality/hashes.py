"""64-bit hashes of values: what sets of many values keep in place of the values."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson


def value_hash(value: Any) -> int:
    """The same for equal JSON values, whatever the order of their keys."""
    data = value.encode() if isinstance(value, str) else b"\0" + _canonical(value)
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
