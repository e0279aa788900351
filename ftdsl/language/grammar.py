"""The parser of edition 1: Lark's LALR(1) tables, built ahead and shipped as JSON."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark

TABLE = Path(__file__).with_name("grammar_table.json")


@cache
def load_grammar() -> Lark:
    """The parser, made from the shipped table (about 10 ms; building it anew takes 300)."""
    return lark_from_table(json.loads(TABLE.read_text("utf-8")))


def lark_from_table(table: dict[str, Any]) -> Lark:
    """A parser from ``{"data", "memo"}`` as :func:`grammar_build.build_table` writes it.

    JSON turns the numbers that Lark uses as keys into strings; they are turned back here.
    """
    tables = table["data"]["parser"]["parser"]
    tables["tokens"] = _number_keys(tables["tokens"])
    tables["states"] = {
        int(state): _number_keys(actions) for state, actions in tables["states"].items()
    }
    return Lark._load_from_dict(
        table["data"], _number_keys(table["memo"]), transformer=TreeBuilder()
    )


def _number_keys(mapping: dict[str, Any]) -> dict[int, Any]:
    return {int(key): value for key, value in mapping.items()}
