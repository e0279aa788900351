"""The tokens of a spec: all of them together are the text again."""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from ftdsl.language.grammar import Grammar

EDITION = "EDITION"
"""The kind of the first line's ``ftspec 1``, with a byte order mark before it if there is one."""
END = "$END"
"""The kind of the empty token after the last."""
MAX_TOKENS = 200_000
"""Words, signs, comments and runs of white space that one file may have."""

OPENERS = {"LBRACE": "RBRACE", "LPAR": "RPAR", "LSQB": "RSQB"}
"""Opening brackets and what closes each."""
CLOSERS = frozenset(OPENERS.values())
ITEM_STARTS = frozenset({"IMPORT", "LET", "FN", "EXTERN", "SCHEMA", "BLOCK", "RULESET", "COVERAGE"})
STATEMENT_STARTS = frozenset(
    {
        "KEY",
        "LABEL",
        "USE",
        "RULE",
        "DROP",
        "FORBID",
        "EXPECT",
        "SCORE",
        "SLICE",
        "REQUIRE",
        "TARGET",
    }
    | {"EACH", "FAIL", "WARN", "ACCEPTS", "REJECTS", "BY"}
)
COMPARATORS = frozenset({"EQUALS", "DIFFERS", "LESS", "AT_MOST", "MORE", "AT_LEAST", "IN"})

EDITION_LINE = re.compile(r"(\ufeff?)ftspec[ \t]+([0-9]+)(?=[ \t]*(?:#|\r?\n|\Z))")

_FOREIGN = {
    "&&": ("AND", "and"),
    "||": ("OR", "or"),
    "!": ("NOT", "not"),
    "===": ("EQUALS", "=="),
    "!==": ("DIFFERS", "!="),
    "<>": ("DIFFERS", "!="),
}


class Token(NamedTuple):
    """``kind`` is the terminal's name in the grammar; ``start`` an offset into the file's text."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Offset after the last character."""
        return self.start + len(self.text)


def tokenize(grammar: Grammar, text: str, start: int = 0) -> list[Token]:
    """Every token of ``text`` from ``start`` on, white space, comments and mistakes among them;
    of a text that has more than MAX_TOKENS the first of them."""
    keywords = grammar.keywords
    tokens: list[Token] = []
    for match in islice(grammar.scanner.finditer(text, start), MAX_TOKENS + 1):
        kind = match.lastgroup or ""
        word = match.group()
        if kind == "NAME":
            kind = keywords.get(word, kind)
        tokens.append(Token(kind, word, match.start()))
    return tokens


def significant(grammar: Grammar, tokens: list[Token], end: int) -> list[Token]:
    """What the parser reads: no trivia, mistakes as what was meant, and the end at offset ``end``.

    A sign of another language stands as ours, a name with foreign letters as the kind of name that
    its surroundings ask for, so that one mistake does not make a second.
    """
    trivia = grammar.trivia
    kept = [token for token in tokens if token.kind not in trivia or token.kind in _MEANT]
    result = []
    for index, token in enumerate(kept):
        if token.kind == "FOREIGN":
            if token.text in _FOREIGN:
                result.append(Token(*_FOREIGN[token.text], token.start))
        elif token.kind == "BAD_NAME":
            after = kept[index + 1].kind if index + 1 < len(kept) else END
            kind = {"EQUAL": "KEY", "COLON": "LABEL"}.get(after, "NAME")
            if index and kept[index - 1].kind == "DOT":
                kind = "WORD"
            result.append(Token(kind, token.text, token.start))
        else:
            result.append(token)
    result.append(Token(END, "", end))
    return result


def foreign_meaning(text: str) -> str:
    """What a sign of another language is here: ``and`` for ``&&``; "" where it is nothing."""
    return _FOREIGN[text][1] if text in _FOREIGN else ""


_MEANT = frozenset({"FOREIGN", "BAD_NAME"})
