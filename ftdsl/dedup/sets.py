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
from ftdsl.dedup.ragged import Ints, Ragged, concatenate, offsets_of

# Hashes held in memory before the file takes over: 32 MB.
_HELD = 4_000_000
# Hashes read from the file at once: 4 MB.
_READ = 500_000


class DamagedError(Exception):
    """What was kept of sets is not what was written: nothing of it may be trusted."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Sets whose hashes lie one after the other in a file from byte ``start`` on. ``sums`` are two
    a set, of which the first is the sum of its hashes, where they must be held against it. Raises
    DamagedError where they are read."""

    file: BinaryIO
    start: int
    offsets: Ints
    sums: Hashes | None = None

    def read(self) -> Ragged:
        """The sets, in memory."""
        found = self.unchecked()
        if self.sums is not None:
            so_far = np.zeros(len(found.values) + 1, dtype=np.uint64)
            np.cumsum(found.values, out=so_far[1:])
            if not np.array_equal(np.diff(so_far[self.offsets]), self.sums[:, 0]):
                raise DamagedError
        return found

    def unchecked(self) -> Ragged:
        """The sets, not held against their sums."""
        size = int(self.offsets[-1])
        data = os.pread(self.file.fileno(), 8 * size, self.start)
        if len(data) != 8 * size:
            raise DamagedError
        return Ragged(np.frombuffer(data, np.uint64), self.offsets)

    def parts(self) -> Iterator[Stored]:
        """The same sets, some at a time."""
        for first, stop in Ragged(self.offsets, self.offsets).chunks(_READ):
            base = self.offsets[first]
            yield Stored(
                self.file,
                self.start + 8 * int(base),
                self.offsets[first : stop + 1] - base,
                None if self.sums is None else self.sums[first:stop],
            )

    def some(self, rows: Ints) -> Iterator[Ragged]:
        """The sets of these numbers, each read alone."""
        for row in rows.tolist():
            first, stop = self.offsets[row], self.offsets[row + 1]
            yield Stored(
                self.file,
                self.start + 8 * int(first),
                np.array([0, stop - first], dtype=np.int64),
                None if self.sums is None else self.sums[row : row + 1],
            ).read()


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

    def append(self, sets: Ragged | Stored, rows: Ints | None = None) -> None:
        """Keep these sets (of them ``rows``), after those that are there."""
        counts = np.diff(sets.offsets)
        sizes = counts if rows is None else counts[rows]
        self._sizes.append(sizes)
        self._count += len(sizes)
        self.elements += int(sizes.sum())
        self._parts.append((sets, rows))
        if isinstance(sets, Stored):
            return
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

    def unchecked_blocks(self) -> Iterator[tuple[int, Ragged, Hashes | None, Ints | None]]:
        """Blocks as ``whole_blocks`` has them, with the number of the first of the sets that are
        meant before each, and the sums that all of its sets must still be held against."""
        first = 0
        for part, rows in self._parts:
            pieces = part.parts() if isinstance(part, Stored) and rows is None else (part,)
            for one in pieces:
                if isinstance(one, Stored):
                    yield first, one.unchecked(), one.sums, rows
                else:
                    yield first, one, None, rows
                first += len(one.offsets) - 1 if rows is None else len(rows)

    def take(self, wanted: Ints) -> Ragged:
        """The sets of these numbers (ascending), in memory."""
        chosen: list[Ragged] = []
        first = 0
        for part, rows in self._parts:
            count = len(part.offsets) - 1 if rows is None else len(rows)
            low, high = np.searchsorted(wanted, (first, first + count))
            some = wanted[low:high] - first
            if len(some):
                some = some if rows is None else rows[some]
                chosen += part.some(some) if isinstance(part, Stored) else [part.take(some)]
            first += count
        if not chosen:
            return Ragged(np.empty(0, dtype=np.uint64), offsets_of(np.empty(0, dtype=np.int64)))
        return concatenate(chosen, np.uint64)


__all__ = ["DamagedError", "Hashes", "SetStore", "Stored"]
