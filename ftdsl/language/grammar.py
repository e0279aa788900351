"""The tables of edition 1: lexer and LALR(1) parser, built ahead by Lark and shipped as JSON."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from ftdsl.record import record

TABLE = Path(__file__).with_name("grammar_table.json")


@record
class Rule:
    """One production: reducing it takes ``size`` values and makes an ``origin``.

    ``action`` names what is built of them: "" passes the single value on, ``*`` joins them into a
    list that the rule above takes in (Lark's helper rules for repetition).
    """

    origin: str
    size: int
    action: str


@record
class Grammar:
    """``scanner`` matches one token at every place of any text; its last group is the terminal.

    ``keywords`` maps the texts that a NAME must not have to their own terminals. ``trivia`` are
    the terminals that the parser never sees. ``states[s][symbol]`` is the state to go to, or the
    bitwise complement of the rule to reduce; in ``end`` the text is complete.
    """

    scanner: re.Pattern[str]
    keywords: dict[str, str]
    trivia: frozenset[str]
    rules: tuple[Rule, ...]
    states: tuple[dict[str, int], ...]
    start: int
    end: int


@cache
def load_grammar() -> Grammar:
    """The grammar from the shipped table, about 5 ms; building it anew takes Lark 500."""
    return grammar_from_table(json.loads(TABLE.read_text("utf-8")))


def grammar_from_table(table: dict[str, Any]) -> Grammar:
    """A grammar from what :func:`grammar_build.build_table` writes."""
    return Grammar(
        scanner=re.compile(table["scanner"]),
        keywords=table["keywords"],
        trivia=frozenset(table["trivia"]),
        rules=tuple(Rule(*rule) for rule in table["rules"]),
        states=tuple(table["states"]),
        start=table["start"],
        end=table["end"],
    )
