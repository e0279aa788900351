"""The lots that decide which answer lies left: the same in the page and here.

A lot is a hash of what it is drawn for. The two answers of an item are in the order of their
digests before it is drawn, so that neither the page nor the lot knows which model gave which.
"""

from __future__ import annotations

_MASK = 0xFFFFFFFF


def lot(*parts: str) -> int:
    """A number of 32 bits that depends on all ``parts``: FNV-1a with the last steps of MurmurHash3.
    ``page.js`` has its twin."""
    drawn = 0x811C9DC5
    for byte in "\0".join(parts).encode("utf-8", "surrogatepass"):
        drawn = ((drawn ^ byte) * 0x01000193) & _MASK
    drawn ^= drawn >> 16
    drawn = (drawn * 0x85EBCA6B) & _MASK
    drawn ^= drawn >> 13
    drawn = (drawn * 0xC2B2AE35) & _MASK
    return drawn ^ (drawn >> 16)


def left_of(batch: str, rater: str, item: str, repeat: bool) -> int:
    """Which of an item's two answers, 0 or 1, lies left for this rater; the other one when the
    item is shown again."""
    return (lot(batch, rater, "side", item) & 1) ^ repeat
