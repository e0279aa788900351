"""Codes of rows that differ from the rows before them."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code
from ftdsl.diagnostics.codes.data import _GOOD, _row

CODES: tuple[Code, ...] = (
    _row(
        "FT385",
        "type-drift",
        "a field changes its type from row to row",
        "Readers that give a column one type, such as Arrow's, stop in the middle of such a file. "
        "The message has the first row of each type. Declare the field in a schema, and every row "
        "of another type is an error of its own.",
        _GOOD.replace('{"messages"', '{"tools": "[]", "messages"')
        + _GOOD.replace('{"messages"', '{"tools": [], "messages"'),
    ),
)
