"""Codes of rows that differ from the rows before them."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_TURNS = '[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]'

CODES: tuple[Code, ...] = (
    Code(
        "FT385",
        "type-drift",
        "a field changes its type from row to row",
        "Readers that give a column one type, such as Arrow's, stop in the middle of such a file. "
        "The message has the first row of each type. Declare the field in a schema, and every row "
        "of another type is an error of its own.",
        f'{{"tools": "[]", "messages": {_TURNS}}}\n{{"tools": [], "messages": {_TURNS}}}\n',
        f'{{"messages": {_TURNS}}}\n',
        "rows",
    ),
)
