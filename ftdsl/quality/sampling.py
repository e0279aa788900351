"""Which texts a costly rule is asked of: a share of them that the seed and the text decide."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any


def sampled(text: str, share: float, seed: int = 0) -> bool:
    """Whether ``text`` is in the sample: the same texts in every run, and in any order of rows."""
    key = seed.to_bytes(8, "little", signed=True)
    digest = blake2b(text.encode(), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "little") < share * 2**64


EACH: dict[str, Any] = {"sampled": sampled}
