"""Builds the shipped parser table from ``grammars/ftspec.lark``.

Run ``python -m ftdsl.language.grammar_build`` after every change of the grammar.
"""

from __future__ import annotations

import json
from pathlib import Path

from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from ftdsl.language.grammar import TABLE

GRAMMAR = Path(__file__).parents[2] / "grammars" / "ftspec.lark"


def build_lark() -> Lark:
    """The parser straight from the grammar. ``strict`` refuses every ambiguity."""
    return Lark(
        GRAMMAR.read_text("utf-8"),
        parser="lalr",
        lexer="basic",
        strict=True,
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


def build_table() -> str:
    """The JSON text of the table: Lark's own ``data`` and ``memo``, without its file paths."""
    data, memo = build_lark().memo_serialize([TerminalDef, Rule])
    return json.dumps({"data": data, "memo": memo}, separators=(",", ":"), sort_keys=True) + "\n"


def main() -> None:
    """Write the table beside the module that loads it."""
    TABLE.write_text(build_table(), "utf-8")


if __name__ == "__main__":
    main()
