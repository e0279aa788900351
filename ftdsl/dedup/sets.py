"""Sets of hashes as they arrive: in memory while few, then in one nameless file."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ftdsl.dedup.mixing import Hashes
from ftdsl.dedup.ragged import Ints, Ragged, concatenate, offsets_of

# Hashes held in memory before the file takes over: 32 MB.
_HELD = 4_000_000
# Hashes read from the file at once: 4 MB.
_READ = 500_000


class SetStore:
    """Sets in order of arrival. Beyond ``held`` hashes they go to a file in ``folder`` that has no
    name, so that nothing is left of it however the process ends; without a folder all stay."""

    def __init__(self, folder: Path | None = None, held: int = _HELD) -> None:
        self._folder = folder
        self._held = held
        self._parts: list[Ragged] = []
        self._sizes: list[Ints] = []
        self._file: BinaryIO | None = None
        self._written = 0
        self._written_sets = 0
        self.elements = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, sets: Ragged) -> None:
        """Keep these sets, after those that are there."""
        self._parts.append(sets)
        self._sizes.append(sets.counts)
        self._count += len(sets)
        self.elements += len(sets.values)
        if self._folder is not None and self.elements - self._written > self._held:
            self._spill(self._folder)

    def _spill(self, folder: Path) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (lives with the store)
            weakref.finalize(self, self._file.close)
        for part in self._parts:
            self._file.write(part.values.tobytes())
            self._written += len(part.values)
            self._written_sets += len(part)
        self._file.flush()
        self._parts = []

    @property
    def sizes(self) -> Ints:
        """How many elements each set has."""
        if len(self._sizes) != 1:
            self._sizes = [np.concatenate([*self._sizes, np.empty(0, dtype=np.int64)])]
        return self._sizes[0]

    def blocks(self) -> Iterator[Ragged]:
        """All sets in order, some at a time: memory stays at a block."""
        counts, offsets = self.sizes, offsets_of(self.sizes)
        written = offsets[: self._written_sets + 1]
        for start, stop in Ragged(counts, written).chunks(_READ):
            size = int(offsets[stop] - offsets[start])
            yield Ragged(self._read(int(offsets[start]), size), offsets_of(counts[start:stop]))
        yield from self._parts

    def _read(self, first: int, size: int) -> Hashes:
        assert self._file is not None
        return np.frombuffer(os.pread(self._file.fileno(), 8 * size, 8 * first), dtype=np.uint64)

    def everything(self) -> Ragged:
        """All sets, in memory."""
        return concatenate(list(self.blocks()), np.uint64)

    def take(self, rows: Ints) -> Ragged:
        """The sets of these numbers (ascending), in memory."""
        chosen: list[Ragged] = []
        first = 0
        for block in self.blocks():
            low, high = np.searchsorted(rows, (first, first + len(block)))
            chosen.append(block.take(rows[low:high] - first))
            first += len(block)
        return concatenate(chosen, np.uint64)
