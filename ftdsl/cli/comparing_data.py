"""What came and went of the data between two runs: files, and rows by what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ftdsl.engine.recording import read_rows_of, rows_part
from ftdsl.results.comparison import DataChange, RowChange
from ftdsl.results.models import CheckOutput, DatasetOutput
from ftdsl.results.record import RowMark
from ftdsl.results.run import RunResult

_SHOWN = 200

Kept = tuple[RunResult, Path]
"""A run and its own folder."""


def data_changes(before: Kept, after: Kept) -> Iterator[DataChange]:
    """Each dataset of both runs of which a file is not the same."""
    old_files, new_files = _files(before[0]), _files(after[0])
    counts = [_counts(run) for run, _ in (before, after)]
    for name, files in new_files.items():
        old = old_files.get(name)
        if old is None or old == files:
            continue
        change = DataChange(
            dataset=name,
            files_added=tuple(sorted(files.keys() - old.keys())),
            files_removed=tuple(sorted(old.keys() - files.keys())),
            files_changed=tuple(sorted(f for f in files.keys() & old.keys() if files[f] != old[f])),
            rows_before=counts[0].get(name),
            rows_after=counts[1].get(name),
        )
        yield _with_rows(change, before[1], after[1])


def _with_rows(change: DataChange, before: Path, after: Path) -> DataChange:
    """The same with the rows that came and went, where both runs listed them."""
    part = rows_part(change.dataset)
    if not ((before / part).is_file() and (after / part).is_file()):
        return change
    old, new = (Counter(one.digest for one in read_rows_of(place, change.dataset))
                for place in (before, after))  # fmt: skip
    came, went = new - old, old - new
    return DataChange(
        dataset=change.dataset,
        files_added=change.files_added,
        files_removed=change.files_removed,
        files_changed=change.files_changed,
        rows_before=change.rows_before,
        rows_after=change.rows_after,
        rows_added=came.total(),
        rows_removed=went.total(),
        rows_unchanged=(new & old).total(),
        added=_first(after, change.dataset, came),
        removed=_first(before, change.dataset, went),
    )


def _first(folder: Path, dataset: str, wanted: Counter[str]) -> tuple[RowChange, ...]:
    """The first of the wanted rows, in the order of their ids: where they stand says nothing."""
    left = Counter(wanted)
    found: list[RowMark] = []
    for mark in read_rows_of(folder, dataset):
        if left[mark.digest] > 0:
            left[mark.digest] -= 1
            found.append(mark)
    found.sort(key=lambda one: (one.id, one.digest))
    return tuple(
        RowChange(one.id, one.path, one.line, one.digest, one.split, one.kept)
        for one in found[:_SHOWN]
    )


def _files(run: RunResult) -> dict[str, dict[str, str]]:
    outputs = (step.output for step in run.steps)
    return {
        one.name: {file.path: file.sha256 for file in one.files}
        for one in outputs
        if isinstance(one, DatasetOutput)
    }


def _counts(run: RunResult) -> dict[str, int]:
    outputs = (step.output for step in run.steps)
    return {one.name: one.counts.checked for one in outputs if isinstance(one, CheckOutput)}
