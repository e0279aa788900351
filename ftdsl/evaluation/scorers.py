"""What one output is worth against what was expected: an implementation for each catalog scorer."""

from __future__ import annotations

import decimal
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ftdsl.language.program import Value

PENDING_SCORERS: Mapping[str, str] = {
    "judge": "scores of a judge model are checked, and not computed in this edition"
}
"""Scorers of the catalog that no step can run yet, and why."""


class Unscorable(Exception):
    """This case has no score, for the reason given. It counts as neither right nor wrong."""


_WORDS = re.compile(r"\w+")
_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3}\b)?|\.\d+")
# A sign touches its number, or the currency before it, and nothing that it could be taken from.
_SIGN = re.compile(r"(?<![\w)\].%])([-+])\$?$")
_DIGITS = 60  # digits to which two numbers are subtracted


def exact_match(output: str, expected: str) -> float:
    """1 if the texts are the same, white space at the ends aside."""
    return float(output.strip() == expected.strip())


def normalized_match(output: str, expected: str) -> float:
    """1 if both have the same words in the same order after NFKC and casefold."""
    wanted = _WORDS.findall(_folded(expected))
    if not wanted:
        raise Unscorable("the expected text has no word")
    return float(_WORDS.findall(_folded(output)) == wanted)


def contains_match(output: str, expected: str) -> float:
    """1 if the expected text occurs in the output, after NFKC and casefold."""
    wanted = _folded(expected.strip())
    if not wanted:
        raise Unscorable("the expected text is empty")
    return float(wanted in _folded(output))


def numeric_match(output: str, expected: str, tolerance: float = 0.0) -> float:
    """1 if the last numbers of both texts differ by at most ``tolerance``. An output without a
    number is wrong; an expected text without one leaves the case unscored."""
    wanted = last_number(expected)
    if wanted is None:
        raise Unscorable("the expected text has no number")
    found = last_number(output)
    if found is None:
        return 0.0
    if tolerance == 0:
        return float(found == wanted)
    with decimal.localcontext(prec=_DIGITS):
        return float(abs(found - wanted) <= Decimal(repr(tolerance)))


def last_number(text: str) -> Decimal | None:
    """The last number written in ``text``: ``-1,234.50``, ``.5``, ``3e8``; thousands may be set
    off by commas. ``16-3`` is two positive numbers."""
    text = text.replace("\u2212", "-")
    found = deque(_NUMBER.finditer(text), maxlen=1)
    if not found:
        return None
    last = found.pop()
    value = Decimal(last.group().replace(",", ""))
    sign = _SIGN.search(text[max(0, last.start() - 16) : last.start()])
    return -value if sign is not None and sign.group(1) == "-" else value


def regex_match(output: str, pattern: str) -> float:
    """1 if the pattern (RE2 syntax, linear time) matches somewhere in the output."""
    return float(_pattern(pattern).search(output) is not None)


def json_match(output: str, expected: str) -> float:
    """1 if both texts are the same JSON value: key order and 1 against 1.0 do not matter."""
    import orjson

    try:
        wanted = orjson.loads(expected)
    except orjson.JSONDecodeError:
        raise Unscorable("the expected text is not JSON") from None
    try:
        found = orjson.loads(output)
    except orjson.JSONDecodeError:
        return 0.0
    return float(_same_json(found, wanted))


def ratio(output: str, expected: str) -> float:
    """Normalised insert-and-delete likeness: 1 - distance / (both lengths)."""
    from rapidfuzz import fuzz

    return _share(fuzz.ratio, output, expected)


def partial_ratio(output: str, expected: str) -> float:
    """``ratio`` of the shorter text with its best place in the longer."""
    from rapidfuzz import fuzz

    return _share(fuzz.partial_ratio, output, expected)


def token_sort_ratio(output: str, expected: str) -> float:
    """``ratio`` of the texts with their words sorted."""
    from rapidfuzz import fuzz

    return _share(fuzz.token_sort_ratio, output, expected)


def token_set_ratio(output: str, expected: str) -> float:
    """Likeness of the sets of words: 1 when one's words are all among the other's."""
    from rapidfuzz import fuzz

    return _share(fuzz.token_set_ratio, output, expected)


SCORERS: Mapping[str, Callable[..., float]] = {
    "exact_match": exact_match,
    "normalized_match": normalized_match,
    "contains_match": contains_match,
    "numeric_match": numeric_match,
    "regex_match": regex_match,
    "json_match": json_match,
    "ratio": ratio,
    "partial_ratio": partial_ratio,
    "token_sort_ratio": token_sort_ratio,
    "token_set_ratio": token_set_ratio,
}
"""By catalog name; arguments in the catalog's order. Each returns a number in [0, 1]."""


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _share(measure: Callable[[str, str], float], output: str, expected: str) -> float:
    # The library calls two empty texts unlike for some of the ratios.
    return 1.0 if output == expected else measure(output, expected) / 100


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _same_json(a: Value | list[Any] | dict[str, Any], b: object) -> bool:
    """Equality of parsed JSON without recursion; ``true`` is not 1, as Python would have it."""
    pairs: list[tuple[Any, Any]] = [(a, b)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, bool) or isinstance(right, bool):
            if left is not right:
                return False
        elif isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pairs += [(left[key], right[key]) for key in left]
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif left != right:
            return False
    return True
