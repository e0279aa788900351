"""Where in a text a measure finds what it counts: the spans that a finding's caret points at.

A function of the catalog may have such a companion; ``catalog.POINTS`` lists those that have. It is
given the text and the function's constants, and yields (start, end) in characters, first one first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import zip_longest

from ftdsl.quality.measures import mojibake
from ftdsl.quality.measures.casing import lower, nfc, upper
from ftdsl.quality.measures.characters import CONTROL, SPECIAL
from ftdsl.quality.measures.corrections import WORD, listed
from ftdsl.quality.measures.markup import open_fence_place
from ftdsl.quality.measures.patterns import pattern

Spans = Iterator[tuple[int, int]]
_WORDS = re.compile(r"\w+")


def matches(text: str, source: str) -> Spans:
    """Every match of the pattern."""
    data = text.encode("utf-8", "surrogatepass")
    done, at = 0, 0
    for start, stop in pattern(source).spans(data):
        at += len(data[done:start].decode("utf-8", "surrogatepass"))
        size = len(data[start:stop].decode("utf-8", "surrogatepass"))
        yield at, at + size
        at, done = at + size, stop


def contains(text: str, part: str) -> Spans:
    """Every place of ``part``."""
    at = text.find(part)
    while at >= 0 and part:
        yield at, at + len(part)
        at = text.find(part, at + len(part))


def misspelled(text: str, *_allowed: object) -> Spans:
    """Every listed misspelling."""
    wrong = listed(text)
    if wrong:
        yield from (m.span() for m in WORD.finditer(text) if m[0].lower() in wrong)


def fences_closed(text: str) -> Spans:
    """The fence that is not closed."""
    place = open_fence_place(text)
    if place is not None:
        yield place


def json_valid(text: str) -> Spans:
    """Where reading fails."""
    plain = text.strip()
    try:
        json.loads(plain)
    except json.JSONDecodeError as error:
        at = min(error.pos + len(text) - len(text.lstrip()), max(len(text) - 1, 0))
        yield at, at + 1
    except RecursionError:
        return


def repeated(text: str, n: int) -> Spans:
    """The runs of ``n`` words that have occurred before."""
    words = list(_WORDS.finditer(text.lower()))
    seen: set[tuple[str, ...]] = set()
    for index in range(len(words) - n + 1):
        run = tuple(one[0] for one in words[index : index + n])
        if run in seen:
            yield words[index].start(), words[index + n - 1].end()
        seen.add(run)


def strip(text: str) -> Spans:
    """The white space at either end."""
    start = len(text) - len(text.lstrip())
    if start:
        yield 0, start
    end = len(text.rstrip())
    if end < len(text) and end:
        yield end, len(text)


def _parting(form: Callable[[str], str]) -> Callable[[str], Spans]:
    """Where a text and its form part."""

    def found(text: str) -> Spans:
        pairs = zip_longest(text, form(text))
        at = next((k for k, (one, other) in enumerate(pairs) if one != other), None)
        if at is not None:
            yield at, at + 1

    return found


EVIDENCE: dict[str, Callable[..., Spans]] = {
    "matches": matches,
    "count_matches": matches,
    "contains": contains,
    "control_characters": lambda text: matches(text, CONTROL),
    "mojibake": mojibake.places,
    "special_tokens": lambda text: matches(text, SPECIAL),
    "misspelled": misspelled,
    "fences_closed": fences_closed,
    "json_valid": json_valid,
    "repeated": repeated,
    "strip": strip,
    "nfc": _parting(nfc),
    "lower": _parting(lower),
    "upper": _parting(upper),
}
"""The companion of each function that has one, by its name."""
