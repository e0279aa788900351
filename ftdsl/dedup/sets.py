"""Sets of hashes as they arrive: in memory while few, then in a file."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ftdsl.dedup.mixing import Hashes
from ftdsl.dedup.ragged import Ints, Ragged, concatenate

# Hashes held in memory before the file takes over: 32 MB.
_HELD = 4_000_000
# Hashes read from the file at once: 4 MB.
_READ = 500_000


@dataclass(frozen=True, slots=True)
class Stored:
    """Sets whose hashes lie one after the other in a file from byte ``start`` on."""

    file: BinaryIO
    start: int
    offsets: Ints

    def read(self) -> Ragged:
        """The sets, in memory."""
        size = int(self.offsets[-1])
        data = os.pread(self.file.fileno(), 8 * size, self.start)
        return Ragged(np.frombuffer(data, np.uint64), self.offsets)

    def parts(self) -> Iterator[Stored]:
        """The same sets, some at a time."""
        for first, stop in Ragged(self.offsets, self.offsets).chunks(_READ):
            base = self.offsets[first]
            yield Stored(
                self.file, self.start + 8 * int(base), self.offsets[first : stop + 1] - base
            )


_Part = tuple[Ragged | Stored, Ints | None]
"""Sets, and which of them are meant (None: all)."""


class SetStore:
    """Sets in order of arrival. Beyond ``held`` hashes they go to a file in ``folder`` that has no
    name, so that nothing is left of it however the process ends; without a folder all stay."""

    def __init__(self, folder: Path | None = None, held: int = _HELD) -> None:
        self._folder = folder
        self._most = held
        self._parts: list[_Part] = []
        self._sizes: list[Ints] = []
        self._file: BinaryIO | None = None
        self._end = 0
        self._held = 0
        self.elements = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, sets: Ragged, rows: Ints | None = None, place: Stored | None = None) -> None:
        """Keep these sets (of them ``rows``), after those that are there. ``place`` tells where
        they lie already."""
        sizes = sets.counts if rows is None else sets.counts[rows]
        self._sizes.append(sizes)
        self._count += len(sizes)
        self.elements += int(sizes.sum())
        if place is not None:
            self._parts.append((place, rows))
            return
        self._parts.append((sets, rows))
        self._held += len(sets.values)
        if self._folder is not None and self._held > self._most:
            self._spill(self._folder)

    def _spill(self, folder: Path) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (lives with the store)
            weakref.finalize(self, self._file.close)
        for index, (part, rows) in enumerate(self._parts):
            if isinstance(part, Ragged):
                self._parts[index] = (Stored(self._file, self._end, part.offsets), rows)
                data = memoryview(part.values.tobytes())
                while data:
                    done = self._file.write(data)
                    self._end += done or 0
                    data = data[done:]
        self._held = 0

    @property
    def sizes(self) -> Ints:
        """How many elements each set has."""
        if len(self._sizes) != 1:
            self._sizes = [np.concatenate([*self._sizes, np.empty(0, dtype=np.int64)])]
        return self._sizes[0]

    def whole_blocks(self) -> Iterator[tuple[Ragged, Ints | None]]:
        """Blocks with the sets in order, and which of their sets are meant (None: all)."""
        for part, rows in self._parts:
            if isinstance(part, Ragged):
                yield part, rows
            elif rows is not None:
                yield part.read(), rows
            else:
                for some in part.parts():
                    yield some.read(), None

    def blocks(self) -> Iterator[Ragged]:
        """All sets in order, some at a time: memory stays at a block. Small ones are put together,
        for each block that is looked at has a cost of its own."""
        held: list[Ragged] = []
        size = 0
        for block, rows in self.whole_blocks():
            held.append(block if rows is None else block.take(rows))
            size += len(held[-1].values)
            if size >= _READ:
                yield held[0] if len(held) == 1 else concatenate(held, np.uint64)
                held, size = [], 0
        if held:
            yield concatenate(held, np.uint64)

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


__all__ = ["Hashes", "SetStore", "Stored"]
