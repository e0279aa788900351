"""The rows that a statement about the whole dataset means, looked up by their numbers."""

from __future__ import annotations

from pathlib import Path

from ftdsl.data.rows import read_blocks
from ftdsl.language.program import DatasetDef
from ftdsl.quality.across.relations import NAMED
from ftdsl.quality.rules import row_excerpt, shown
from ftdsl.quality.statements import Statement
from ftdsl.results.models import SubValue


def named_rows(statement: Statement, dataset: DatasetDef, root: Path) -> list[SubValue]:
    """Where the first rows stand that made ``statement`` what it is, why, and how they begin. The
    rows are read once more, as far as the last of them: states hold no places, so that they stay
    true when rows move. Raises Refused (FT300-FT308)."""
    causes = statement.causes()[:NAMED]
    wanted = {row for _, row, _ in causes} | {_other(why) for _, _, why in causes}
    wanted.discard(-1)
    places: dict[int, tuple[str, str]] = {}
    number = 0
    for rows in read_blocks(dataset, root) if wanted else ():
        for row in rows:
            if number in wanted:
                places[number] = (f"{row.path}:{row.line}", shown(row_excerpt(row)))
            number += 1
        if len(places) == len(wanted):
            break
    return [
        SubValue(source=places[row][0], value=f"{_placed(why, places)}: {places[row][1]}")
        for _, row, why in causes
        if row in places
    ]


def _other(why: str) -> int:
    """The number of the row that ``why`` refers to; -1 where it refers to none."""
    before, _, number = why.rpartition(" row ")
    return int(number) - 1 if before and number.isdecimal() else -1


def _placed(why: str, places: dict[int, tuple[str, str]]) -> str:
    other = _other(why)
    return why.rpartition(" row ")[0] + f" {places[other][0]}" if other in places else why
