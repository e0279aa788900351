"""Where each row of a dataset stands, in a few bytes a row."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from ftdsl.data.rows import Row


class Places:
    """(path, line) of rows by their number in reading order."""

    def __init__(self) -> None:
        self._paths: dict[str, int] = {}
        self._path_of = array("l")
        self._lines = array("q")

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, block: Sequence[Row]) -> None:
        """The next rows."""
        for row in block:
            self._path_of.append(self._paths.setdefault(row.path, len(self._paths)))
            self._lines.append(row.line)

    def take(self, other: Places) -> None:
        """The rows of another one, after those that are there."""
        number = [self._paths.setdefault(path, len(self._paths)) for path in other._paths]
        self._path_of.extend(number[path] for path in other._path_of)
        self._lines.extend(other._lines)

    def place(self, index: int) -> tuple[str, int]:
        """The (path, line) of the row with this number."""
        return self._names[self._path_of[index]], self._lines[index]

    @property
    def _names(self) -> list[str]:
        return list(self._paths)

    def everything(self) -> frozenset[tuple[str, int]]:
        """All places."""
        names = self._names
        pairs = zip(self._path_of, self._lines, strict=True)
        return frozenset((names[path], line) for path, line in pairs)
