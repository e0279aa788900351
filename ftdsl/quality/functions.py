"""The one implementation of every row function in the catalog, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftdsl.quality import (
    casing,
    characters,
    conversation,
    languages,
    lengths,
    markup,
    numbers,
    patterns,
    spelling,
)

EACH: dict[str, Callable[..., Any]] = {
    **numbers.EACH,
    **conversation.EACH,
    **casing.EACH,
    **markup.EACH,
}
"""Functions of one row's values."""

COLUMNS: dict[str, Callable[..., list[Any]]] = {
    **lengths.FUNCTIONS,
    **conversation.FUNCTIONS,
    **patterns.FUNCTIONS,
    **characters.FUNCTIONS,
    **spelling.FUNCTIONS,
    **languages.FUNCTIONS,
}
"""Functions of a whole column of texts and further constants. ``tokens`` is not among them: it
depends on the dataset (``token_counts.token_counter``)."""

TAKES_NULL = frozenset({"has"})
