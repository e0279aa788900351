"""Sets of hashes as they arrive: in memory while few, then in one nameless file."""

from __future__ import annotations

import tempfile
import weakref
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.ragged import Ints, Ragged, concatenate, offsets_of

# Hashes held in memory before the file takes over: 32 MB.
_HELD = 4_000_000


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
        self._file.flush()
        self._parts = []

    def everything(self) -> Ragged:
        """All sets, in memory."""
        kept = self._kept()
        return Ragged(np.array(kept.values), kept.offsets)

    def take(self, rows: Ints) -> Ragged:
        """The sets of these numbers, in this order, in memory."""
        taken = self._kept().take(rows)
        return Ragged(np.asarray(taken.values), taken.offsets)

    def _kept(self) -> Ragged:
        if len(self._sizes) > 1:
            self._sizes = [np.concatenate(self._sizes)]
        offsets = offsets_of(self._sizes[0] if self._sizes else np.empty(0, dtype=np.int64))
        if self._file is None or self._folder is None:
            if len(self._parts) != 1:
                self._parts = [concatenate(self._parts, np.uint64)]
            return Ragged(self._parts[0].values, offsets)
        if self._parts:
            self._spill(self._folder)
        kept: NDArray[np.uint64] = np.memmap(self._file, dtype=np.uint64, mode="r")
        return Ragged(kept, offsets)
