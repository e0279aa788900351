"""What a syntax mistake is, between its discovery and its telling."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ftdsl.language.tokens import Token

BLOCK_WORDS = (
    "dataset",
    "check",
    "dedup",
    "model",
    "eval",
    "select",
    "train",
    "sweep",
    "gate",
    "rate",
    "waive",
)


class Wrong(StrEnum):
    """What kind of mistake it is."""

    UNCLOSED = "unclosed"
    STRAY = "stray"
    MISSPELT = "misspelt"
    MISSING = "missing"
    MIXED = "mixed"
    RESERVED = "reserved"
    CHAIN = "chain"
    UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True)
class Mistake:
    """``found`` could not follow ``previous``. ``wanted`` is the text that belongs there or in
    place of ``found``, where one is known; ``opener`` the innermost bracket open there. ``damage``
    is the range of offsets whose statements cannot be trusted."""

    wrong: Wrong
    found: Token
    previous: Token | None
    expected: frozenset[str]
    damage: tuple[int, int]
    wanted: str = ""
    opener: Token | None = None
