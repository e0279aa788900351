"""The one implementation of every row function in the catalog, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftdsl.data.rows import ScannedRows
from ftdsl.quality import sampling
from ftdsl.quality.measures import (
    boilerplate,
    casing,
    characters,
    completeness,
    content_parts,
    conversation,
    delicate,
    grammar,
    languages,
    lengths,
    markup,
    mojibake,
    numbers,
    patterns,
    preference,
    repetition,
    spelling,
    tool_calls,
    tool_schemas,
)

EACH: dict[str, Callable[..., Any]] = {
    **numbers.EACH,
    **conversation.EACH,
    **content_parts.EACH,
    **tool_calls.EACH,
    **tool_schemas.EACH,
    **preference.EACH,
    **casing.EACH,
    **markup.EACH,
    **boilerplate.EACH,
    **sampling.EACH,
    **languages.EACH,
    **completeness.EACH,
    **repetition.EACH,
}
"""Functions of one row's values."""

COLUMNS: dict[str, Callable[..., list[Any]]] = {
    **lengths.FUNCTIONS,
    **conversation.FUNCTIONS,
    **patterns.FUNCTIONS,
    **characters.FUNCTIONS,
    **spelling.FUNCTIONS,
    **languages.FUNCTIONS,
    **delicate.FUNCTIONS,
    **boilerplate.FUNCTIONS,
    **grammar.FUNCTIONS,
    **mojibake.FUNCTIONS,
    **repetition.FUNCTIONS,
}
"""Functions of a whole column of texts and further constants. Those that count tokens depend
on the dataset: they are the methods of ``row_tokens.RowTokens``."""

REASONS: dict[str, Callable[..., str]] = {
    **conversation.REASONS,
    **content_parts.REASONS,
    **tool_calls.REASONS,
    **tool_schemas.REASONS,
    **characters.REASONS,
    **preference.REASONS,
    **delicate.REASONS,
    **boilerplate.REASONS,
    **completeness.REASONS,
    **languages.REASONS,
    **grammar.REASONS,
    **mojibake.REASONS,
    **patterns.REASONS,
    **repetition.REASONS,
    **spelling.REASONS,
}
"""What a finding tells of a bad value: where in the row it comes from. Takes the function's own
arguments; "" says nothing."""

EQUAL: dict[str, Callable[[Any, Any], bool]] = {**casing.EQUAL}
"""Whether a function of one value comes to the same for two of them."""

PLAIN: dict[str, Callable[[ScannedRows], list[Any]]] = {
    **conversation.PLAIN,
    **content_parts.PLAIN,
    **tool_calls.PLAIN,
}
"""What functions of a row or its turns come to for rows whose turns are a role and a text each and
that hold no tools: told without making the rows, and equal to what ``EACH`` and ``COLUMNS`` say."""

PACKED = frozenset(
    {"length", "words", "matches", "count_matches", "control_characters", "special_tokens"}
    | {"misspelled"}
)
"""Functions that take a column of texts as it is packed; others are given the texts one by one."""

TAKES_NULL = frozenset({"has"})
