"""The one table of functions, measures, scorers, row formats, blocks and their settings.

Adding a function is one entry in its family file here and one implementation in its step folder.
Every entry of ``ROW``, ``AGGREGATES``, ``GROUPS`` and ``SCORERS`` has exactly one implementation.
"""

from __future__ import annotations

from ftdsl.language.catalog import (
    across_rows,
    aggregates,
    arguments,
    data_blocks,
    delicate,
    fixes,
    formats,
    groups,
    judges,
    measures,
    model_blocks,
    numbers,
    pairs,
    scorers,
    shifts,
    sources,
    structure,
    sweep_blocks,
    text,
    tokens,
    tools,
    training_blocks,
    wording,
)
from ftdsl.language.catalog.entry import (
    BlockEntry,
    FixEntry,
    FormatEntry,
    FunctionEntry,
    MeasureEntry,
    ViewEntry,
)


def _by_name(*families: tuple[FunctionEntry, ...]) -> dict[str, FunctionEntry]:
    return {entry.name: entry for family in families for entry in family}


ROW: dict[str, FunctionEntry] = _by_name(
    structure.FUNCTIONS,
    tools.FUNCTIONS,
    pairs.FUNCTIONS,
    text.FUNCTIONS,
    tokens.FUNCTIONS,
    wording.FUNCTIONS,
    delicate.FUNCTIONS,
    numbers.FUNCTIONS,
)
AGGREGATES: dict[str, FunctionEntry] = _by_name(
    aggregates.FUNCTIONS, across_rows.FUNCTIONS, shifts.FUNCTIONS
)
OF_DUPLICATES: frozenset[str] = across_rows.OF_DUPLICATES
OF_LOCK: frozenset[str] = shifts.OF_LOCK
GROUPS: dict[str, FunctionEntry] = _by_name(groups.FUNCTIONS)
SCORERS: dict[str, FunctionEntry] = _by_name(scorers.FUNCTIONS)
JUDGES: frozenset[str] = judges.JUDGES
SOURCES: dict[str, FunctionEntry] = _by_name(sources.FUNCTIONS)
ARGUMENTS: dict[str, FunctionEntry] = _by_name(arguments.FUNCTIONS)

FUNCTIONS: dict[str, FunctionEntry] = {**ROW, **AGGREGATES, **GROUPS, **SCORERS}
"""Everything that can be called in an expression over data, by name."""

FIXES: dict[str, FixEntry] = {entry.name: entry for entry in fixes.FIXES}
"""Every fix of data files, by name, in the order in which they are tried."""

POINTS: frozenset[str] = text.POINTS
"""Functions that tell where in a text they find what they tell of: a finding has a caret there."""

MEASURES: tuple[MeasureEntry, ...] = measures.MEASURES
FORMATS: dict[str, FormatEntry] = {entry.name: entry for entry in formats.FORMATS}
ANSWER_VIEWS: tuple[ViewEntry, ...] = formats.ANSWER_VIEWS
PLAIN_VIEWS: tuple[ViewEntry, ...] = formats.PLAIN_VIEWS

BLOCKS: dict[str, BlockEntry] = {
    entry.kind: entry
    for family in (
        data_blocks.BLOCKS,
        model_blocks.BLOCKS,
        training_blocks.BLOCKS,
        sweep_blocks.BLOCKS,
    )
    for entry in family
}
"""Every block kind, in the order of a spec."""
