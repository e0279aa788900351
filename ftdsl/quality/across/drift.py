"""Fields that change their type from row to row, and where they did: both places are named."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.quality.tally import Tally
from ftdsl.results.models import Finding

_NUMBERS = frozenset({"a number", "a whole number"})


def drift_findings(tally: Tally, dataset: str) -> Iterator[Finding]:
    """FT385 for each field whose values are of more than one kind; null and absent count for
    none, and whole numbers are numbers."""
    for name, kinds in sorted(tally.kinds.items()):
        there = {kind: place for kind, place in kinds.items() if kind != "null"}
        if len(there) < 2 or there.keys() == _NUMBERS:
            continue
        *others, (kind, (path, line, rows)) = sorted(
            there.items(), key=lambda one: (-one[1][2], one[1][:2])
        )
        told = " and ".join(_told(other, *place) for other, place in others)
        yield Finding(
            code="FT385",
            message=f"field `{name}` is {kind} in {_rows(rows)}, first here, and {told}",
            severity="warning",
            dataset=dataset,
            path=path,
            line=line,
            help=f"hold it to one type: declare it, such as `{name}: text?`",
        )


def _told(kind: str, path: str, line: int, rows: int) -> str:
    return f"{kind} in {_rows(rows)}, first at {path}:{line}"


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count > 1)}"


def first_fitting(tally: Tally, finding: Finding) -> Finding:
    """A finding of a value of another type, with the line of the file's first row that fits."""
    line = tally.first.get(finding.path)
    if finding.code != "FT340" or line is None:
        return finding
    more = f"the first row that fits is on line {line}"
    help = f"{finding.help}; {more}" if finding.help else more
    return finding.model_copy(update={"help": help})
