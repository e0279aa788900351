"""The artifact ``removed.jsonl``: which rows dedup dropped, and for which row each of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from ftdsl.results.models import Removal

ARTIFACT = "removed.jsonl"


def write_removals(folder: Path, removals: Iterable[Removal]) -> None:
    """One JSON object a removed row, in file order."""
    with (folder / ARTIFACT).open("wb") as file:
        for removal in removals:
            file.write(orjson.dumps(removal.model_dump(), option=orjson.OPT_APPEND_NEWLINE))


def read_removals(folder: Path) -> tuple[Removal, ...]:
    """What ``write_removals`` wrote into this folder."""
    lines = (folder / ARTIFACT).read_bytes().splitlines()
    return tuple(Removal.model_validate_json(line) for line in lines)


def removed_rows(folder: Path) -> frozenset[tuple[str, int]]:
    """The (path, line) of every removed row, for ``data.rows.read_rows(…, exclude=…)``.

    ``folder`` is the published folder of a dedup step: ``context.artifacts("dedup.NAME")``.
    """
    lines = (folder / ARTIFACT).read_bytes().splitlines()
    rows = (orjson.loads(line) for line in lines)
    return frozenset((row["path"], row["line"]) for row in rows)
