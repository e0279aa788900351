"""The values of a drop line's expressions, as the texts that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from ftdsl.data.rows import Row, text
from ftdsl.dedup.clause import Texts
from ftdsl.language.program import Expr
from ftdsl.quality.expressions import Block, Evaluator


def compared_texts(evaluator: Evaluator, on: Sequence[Expr], block: Block) -> list[Texts]:
    """For each row one text for each expression: a text as it is, an absent value as "", the row
    as all its texts, all else as JSON."""
    columns = [[_text(value) for value in evaluator.column(expr, block)] for expr in on]
    return list(zip(*columns, strict=True))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Row):
        return text(value)
    return "" if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
