"""How one kind of delicate text is recognised: a pattern, then a check of what it matched.

Only RE2 is used, so that no text takes more than linear time. Places are bytes of UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import re2

_WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
AROUND = 24
"""Bytes before and behind a match that its check is shown."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something delicate at the bytes ``start`` to ``end``; ``masked`` is how it may be shown."""

    start: int
    end: int
    kind: str
    masked: str


@dataclass(frozen=True)
class Detector:
    """``accepts`` decides on a match, with what stands in front of it and behind it. ``mask`` says
    how it is shown. ``alone`` matches may not touch a letter, a digit or an underscore. Where the
    pattern runs over line ends, ``sign`` is a pattern for what its first line holds."""

    kind: str
    pattern: str
    accepts: Callable[[str, str, str], bool]
    mask: Callable[[str], str]
    alone: bool = True
    sign: str = ""

    @cached_property
    def compiled(self) -> Any:
        return compiled(self.pattern)

    def marks(self, data: bytes) -> list[Mark]:
        """All that is accepted in ``data``, left to right."""
        return [mark for match in self.compiled.finditer(data) for mark in self._mark(match, data)]

    def _mark(self, match: Any, data: bytes) -> Iterable[Mark]:
        start, end = match.span()
        if self.alone and not _WORD.isdisjoint(
            data[max(start - 1, 0) : start] + data[end : end + 1]
        ):
            return ()
        found, before, after = (
            data[a:b].decode("utf-8", "replace")
            for a, b in ((start, end), (max(start - AROUND, 0), start), (end, end + AROUND))
        )
        if not self.accepts(found, before, after):
            return ()
        return (Mark(start, end, self.kind, self.mask(found)),)


def words(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


def compiled(pattern: str) -> Any:
    """``pattern`` for RE2, over bytes of UTF-8."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 32 << 20
    return re2.compile(pattern, options)


class Family:
    """Detectors of kinds that are counted together. One pattern for all of them sifts out the texts
    that hold none."""

    def __init__(self, *detectors: Detector) -> None:
        self.detectors = detectors

    @cached_property
    def sieve(self) -> Any:
        return compiled("|".join(f"(?:{one.sign or one.pattern})" for one in self.detectors))

    def suspects(self, joined: bytes) -> list[int]:
        """Where in many texts, joined by line ends, something may be."""
        return [match.start() for match in self.sieve.finditer(joined)]

    def found(self, data: bytes) -> list[Mark]:
        """``marks``, for a text that most likely holds none."""
        return self.marks(data) if self.sieve.search(data) is not None else []

    def marks(self, data: bytes) -> list[Mark]:
        """All that is found in one text, left to right; of two that overlap the one that begins
        first, of two that begin together the longer."""
        found = [mark for one in self.detectors for mark in one.marks(data)]
        found.sort(key=lambda mark: (mark.start, -mark.end))
        kept: list[Mark] = []
        for mark in found:
            if not kept or mark.start >= kept[-1].end:
                kept.append(mark)
        return kept
