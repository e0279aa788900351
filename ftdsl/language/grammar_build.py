"""Builds the shipped parser table from ``grammars/ftspec.lark`` with Lark.

Run ``python -m ftdsl.language.grammar_build`` after every change of the grammar. Lark reads and
checks the grammar and computes lexer and tables; they are stored as plain JSON, so that reading a
spec needs neither Lark's start-up time nor its pickles.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lark import Lark
from lark.grammar import Rule as LarkRule
from lark.lexer import BasicLexer, TerminalDef, UnlessCallback

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
    """The JSON text of the table. Lark numbers states and rules as they come out of its sets; here
    they are numbered as they are met on the way from the start, so that one grammar has one table.
    """
    data, memo = build_lark().memo_serialize([TerminalDef, LarkRule])
    tables = data["parser"]["parser"]
    names = tables["tokens"]
    start = tables["start_states"]["start"]
    numbers = {start: 0}
    order = [start]
    rules: list[list[object]] = []
    rule_numbers: dict[int, int] = {}
    states: list[dict[str, int]] = []
    for state in order:
        row: dict[str, int] = {}
        actions = {names[symbol]: action for symbol, action in tables["states"][state].items()}
        for symbol, (is_reduce, argument) in sorted(actions.items()):
            if is_reduce:
                key = argument["@"]
                if key not in rule_numbers:
                    rule_numbers[key] = len(rules)
                    rules.append(_rule(memo[key]))
                row[symbol] = ~rule_numbers[key]
                continue
            if argument not in numbers:
                numbers[argument] = len(order)
                order.append(argument)
            row[symbol] = numbers[argument]
        states.append(row)
    scanner, keywords = _scanner()
    table = {
        "scanner": scanner,
        "keywords": keywords,
        "trivia": sorted(data["parser"]["lexer_conf"]["ignore"]),
        "rules": rules,
        "states": states,
        "start": 0,
        "end": numbers[tables["end_states"]["start"]],
    }
    lines = ",\n".join(f"{json.dumps(key)}: {_json(value)}" for key, value in table.items())
    return "{\n" + lines + "\n}\n"


def _json(value: object) -> str:
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(item, sort_keys=True) for item in value) + "\n]"
    return json.dumps(value, sort_keys=True)


def _rule(rule: dict[str, Any]) -> list[object]:
    origin: str = rule["origin"]["name"]
    size = len(rule["expansion"])
    passes = rule["options"]["expand1"] and rule["alias"] is None
    if passes and size != 1:
        raise ValueError(f"`?{origin}` has an alternative of {size} symbols without a name")
    action = "*" if origin.startswith("_") else "" if passes else rule["alias"] or origin
    return [origin, size, action]


def _scanner() -> tuple[str, dict[str, str]]:
    """Lark's own lexer as one pattern, and the words that it takes out of NAME."""
    lexer = build_lark().parser.lexer
    assert isinstance(lexer, BasicLexer)
    (pattern,) = lexer.scanner._mres
    ((name, words),) = lexer.callback.items()
    assert name == "NAME"
    assert isinstance(words, UnlessCallback)
    return pattern.pattern, {word.pattern.value: word.name for word in words.scanner.terminals}


def main() -> None:
    """Write the table beside the module that loads it."""
    TABLE.write_text(build_table(), "utf-8")


if __name__ == "__main__":
    main()
