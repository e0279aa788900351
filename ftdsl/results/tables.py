"""Rows for people's own tools: plain dicts, an Arrow table, or a pandas frame where installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow


class Table(Sequence[Mapping[str, Any]]):
    """Rows in order, each a dict of plain values."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = tuple(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __repr__(self) -> str:
        return f"Table({len(self)} rows: {', '.join(self.columns)})"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all fields, in the order in which they first appear."""
        return tuple(dict.fromkeys(name for row in self._rows for name in row))

    def to_arrow(self) -> pyarrow.Table:
        """An Arrow table; ModuleNotFoundError without pyarrow (``pip install 'ftdsl[data]'``)."""
        import pyarrow

        return pyarrow.Table.from_pylist([dict(row) for row in self._rows])

    def to_pandas(self) -> Any:
        """A data frame; ModuleNotFoundError without pandas."""
        import pandas

        return pandas.DataFrame.from_records(
            [dict(row) for row in self._rows], columns=self.columns
        )
