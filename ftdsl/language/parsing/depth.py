"""How deep a text nests, read off its tokens before anything walks a tree."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.language.source import Source
from ftdsl.language.tokens import (
    CLOSERS,
    ITEM_STARTS,
    MAX_TOKENS,
    OPENERS,
    STATEMENT_STARTS,
    Token,
)

MAX_DEPTH = 64
"""Brackets, and signs such as ``not``, that may stand open one in another."""
MAX_OPERATORS = 128
"""Operators on the longest way down one expression: each may make the tree one level deeper."""

_PREFIXES = frozenset({"NOT", "MINUS"})
_OPERATORS = frozenset(
    {"OR", "AND", "OR_ELSE", "EQUALS", "DIFFERS", "LESS", "AT_MOST", "MORE", "AT_LEAST", "IN"}
    | {"PLUS", "MINUS", "STAR", "SLASH", "NOT"}
)
_BREAKS = STATEMENT_STARTS | ITEM_STARTS | {"MUST", "WHERE", "WHEN", "ON", "COMMA"}


def too_deep(source: Source, tokens: list[Token]) -> Diagnostic | None:
    """The first place where a limit is passed, or None. ``tokens`` are the significant ones."""
    # One entry a bracket: operators so far in the expression at hand, and the deepest bracket
    # that has been closed in it.
    operators, inner = [0], [0]
    prefixes = 0
    for token in tokens:
        kind = token.kind
        if kind in OPENERS:
            if len(operators) + prefixes > MAX_DEPTH:
                return _nested(source, token)
            operators.append(0)
            inner.append(0)
        elif kind in CLOSERS:
            if len(operators) > 1:
                below = operators.pop() + inner.pop() + 1
                inner[-1] = max(inner[-1], below)
                if kind == "RBRACE":
                    operators[-1] = inner[-1] = 0
        elif kind in _BREAKS:
            if kind in ITEM_STARTS and source.position(token.start)[1] == 1:
                operators, inner = [0], [0]
            operators[-1] = 0
            if kind != "COMMA":
                inner[-1] = 0
        elif kind in _OPERATORS:
            operators[-1] += 1
            if sum(operators) + inner[-1] > MAX_OPERATORS:
                return _long(source, token)
        prefixes = prefixes + 1 if kind in _PREFIXES else 0
        if prefixes > MAX_DEPTH:
            return _nested(source, token)
    return None


def too_many(source: Source, tokens: list[Token]) -> Diagnostic | None:
    """Whether the file has more tokens than are read. ``tokens`` are all of them."""
    if len(tokens) <= MAX_TOKENS:
        return None
    last = tokens[-1]
    return Diagnostic(
        "FT018",
        f"the file has more than {MAX_TOKENS:,} words, signs and gaps",
        source.span(last.start, last.end),
        label="the first one too many",
        help="split the file and import its parts",
    )


def _nested(source: Source, token: Token) -> Diagnostic:
    return Diagnostic(
        "FT014",
        f"this nests deeper than {MAX_DEPTH} levels",
        source.span(token.start, token.end),
        label="one level too many",
        help="give a part of it a name with `let` or `fn`",
    )


def _long(source: Source, token: Token) -> Diagnostic:
    return Diagnostic(
        "FT017",
        f"an expression has more than {MAX_OPERATORS} operators",
        source.span(token.start, token.end),
        label="one operator too many",
        help='use a list, as in `lang in ["en", "de"]`, or give a part a name with `fn`',
    )
