"""The tokens of a spec: all of them together are the text again."""

from __future__ import annotations

import re
from typing import NamedTuple

from ftdsl.language.grammar import Grammar

EDITION = "EDITION"
"""The kind of the first line's ``ftspec 1``, and of a byte order mark before it."""

_EDITION_LINE = re.compile(r"(\ufeff?)ftspec[ \t]+([0-9]{1,9})(?![^\s#])")


class Token(NamedTuple):
    """``kind`` is the terminal's name in the grammar; ``start`` an offset into the file's text."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Offset after the last character."""
        return self.start + len(self.text)


def edition_token(text: str) -> Token | None:
    """``ftspec N`` at the start of ``text``, or None."""
    match = _EDITION_LINE.match(text)
    return Token(EDITION, match[0], 0) if match else None


def tokenize(grammar: Grammar, text: str, start: int = 0) -> list[Token]:
    """Every token of ``text`` from ``start`` on, white space, comments and mistakes among them."""
    keywords = grammar.keywords
    tokens = []
    for match in grammar.scanner.finditer(text, start):
        kind = match.lastgroup or ""
        word = match.group()
        if kind == "NAME":
            kind = keywords.get(word, kind)
        tokens.append(Token(kind, word, match.start()))
    return tokens
