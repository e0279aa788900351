"""What a syntax mistake is, between its discovery and its telling."""

from __future__ import annotations

from enum import StrEnum

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.language.tokens import Token
from ftdsl.record import record

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
NOUNS = {
    **dict.fromkeys(BLOCK_WORDS, "BLOCK"),
    "coverage": "COVERAGE",
    "ruleset": "RULESET",
    "schema": "SCHEMA",
    "rule": "RULE",
    "score": "SCORE",
    "target": "TARGET",
    "slice": "SLICE",
}
"""Words that are keywords only before a name, and so are not among the grammar's keywords."""

# The order is that of preference.
INSERTABLE = {
    "LBRACE": "{", "RPAR": ")", "RSQB": "]", "COMMA": ",", "EQUAL": "=", "COLON": ":",
    "LPAR": "(", "ARROW": "->", "MUST": "must", "WHEN": "when", "ON": "on", "BY": "by", "AS": "as",
    "FOR": "for", "RBRACE": "}",
}  # fmt: skip
# Two tokens that were meant as two others: `x = 3` for `x == 3` and for `x: 3`, and so on.
MIXED = (
    (("KEY", "EQUAL"), ("LABEL", "COLON"), ":"),
    (("KEY", "EQUAL"), ("NAME", "EQUALS"), "=="),
    (("LABEL", "COLON"), ("KEY", "EQUAL"), "="),
    (("EQUAL",), ("EQUALS",), "=="),
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


@record
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


def reserved_word(word: str, span: Span) -> Diagnostic:
    """``word`` stands as a name, and is one of the language's own."""
    return Diagnostic(
        "FT024",
        f"`{word}` is a word of the language, not a name",
        span,
        label="expected a name",
        help=f"take another name, such as `{word}_`",
    )
