"""Where each row of a dataset stands, in some bytes a row."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ftdsl.data.rows import Part
from ftdsl.dedup.ragged import Ints


@dataclass(frozen=True, slots=True)
class Place:
    """The line of one row; in a file of plain lines also its bytes ``[start, end)``, which may be
    followed by blank lines."""

    part: Part
    line: int
    start: int
    end: int

    @property
    def path(self) -> str:
        return self.part.file.path

    @property
    def key(self) -> tuple[str, int]:
        """(path, line)."""
        return self.path, self.line

    @property
    def is_plain(self) -> bool:
        """Whether the row can be read again by its bytes alone."""
        return self.part.digest != ""


class Places:
    """The places of rows by their number in reading order."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._parts: list[tuple[Part, Ints, Ints]] = []
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, part: Part, lines: Ints, offsets: Ints) -> None:
        """The next rows, all of one part."""
        if len(lines):
            self._firsts.append(self._rows)
            self._parts.append((part, lines, offsets))
            self._rows += len(lines)

    def take(self, other: Places) -> None:
        """The rows of another one, after those that are there."""
        for part, lines, offsets in other._parts:
            self.add(part, lines, offsets)

    def place(self, index: int) -> Place:
        """Where the row with this number stands."""
        number = bisect_right(self._firsts, index) - 1
        part, lines, offsets = self._parts[number]
        at = index - self._firsts[number]
        end = part.start + part.size if at + 1 == len(lines) else int(offsets[at + 1])
        return Place(part, int(lines[at]), int(offsets[at]), end)

    def marks(self, others: Places) -> NDArray[np.bool_]:
        """For each row, whether it is one of ``others``."""
        found = [np.isin(lines, others.lines_of(part.file.path)) for part, lines, _ in self._parts]
        return np.concatenate([*found, np.empty(0, dtype=np.bool_)])

    def lines_of(self, path: str) -> Ints:
        """The lines of all rows of one file."""
        found = [lines for part, lines, _ in self._parts if part.file.path == path]
        return np.concatenate([*found, np.empty(0, dtype=np.int64)])
