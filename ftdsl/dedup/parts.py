"""The rows of a dataset, part by part, as fast as they can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ftdsl.data.plain import PlainReader
from ftdsl.data.rows import DataFile, Part, Row, RowReader, chunks, resolve_files
from ftdsl.language.program import DatasetDef


class RowParts:
    """The parts of a dataset (of one of its splits), and the rows of each."""

    def __init__(
        self, dataset: DatasetDef, root: Path, cache: Path, split: str | None = None
    ) -> None:
        self.dataset = dataset
        self.files: list[DataFile] = resolve_files(dataset, root, split)
        self.plain = PlainReader(dataset)
        self._cache = cache
        self._split = split
        self._reader = RowReader(dataset)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.stamp.size for file in self.files)

    def parts(self) -> Iterator[Part]:
        """All parts in order. Raises Refused (FT303, FT305)."""
        before: DataFile | None = None
        for part in chunks(self.files, self._cache):
            if before is not None and before is not part.file:
                before.assert_unchanged()
            before = part.file
            yield part
        if before is not None:
            before.assert_unchanged()

    def rows(self, part: Part) -> Iterator[list[Row]]:
        """The rows of a part that can be read and fit the schema, some hundreds at a time; ends
        with an empty list where the file turned out to hold no rows. Raises Refused
        (FT300-FT308)."""
        is_inner = bool(part.digest) and part.start > 0
        quick = self.plain.chunk(part) if is_inner and self._split is None else None
        if quick is not None:
            yield from filter(None, quick)
            return
        for block in self._reader.read(part):
            rows = [row for row in block.rows if self._split in (None, row.split)]
            if rows:
                yield rows
            if block.ends:
                yield []
