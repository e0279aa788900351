"""One row of a dataset: its parsed value and where in the source it stands."""

from __future__ import annotations

from typing import Any

from ftdsl.data.identity import content_id, key_text


class Row:
    """``line`` is the 1-based source line on which the row starts, ``offset`` that line's byte
    offset (of the decompressed stream). ``base`` is the row format, or None for a plain record.

    ``turns`` is what ``views.messages`` has made of the row, so that it is made once.

    ``row_id`` is computed when first asked for: most rows never need one. It is the text of
    ``id_field`` if that is set and not null, else a digest of the content.
    """

    __slots__ = ("_row_id", "base", "id_field", "line", "offset", "path", "split", "turns", "value")

    def __init__(
        self,
        path: str,
        line: int,
        offset: int,
        value: dict[str, Any],
        base: str | None = None,
        split: str | None = None,
        id_field: str | None = None,
        row_id: str | None = None,
    ) -> None:
        self.path = path
        self.line = line
        self.offset = offset
        self.value = value
        self.base = base
        self.split = split
        self.id_field = id_field
        self._row_id = row_id
        self.turns: list[dict[str, Any]] | None = None

    @property
    def row_id(self) -> str:
        """The id that waivers, removals and reports call the row by."""
        if self._row_id is None:
            named = None if self.id_field is None else self.value.get(self.id_field)
            self._row_id = content_id(self.value) if named is None else key_text(named)
        return self._row_id

    @property
    def digest(self) -> str:
        """12 hex digits of the content's digest: what a baseline knows the row by, wherever it
        stands and whatever it is called."""
        named = None if self.id_field is None else self.value.get(self.id_field)
        return (self.row_id if named is None else content_id(self.value))[:12]

    def __repr__(self) -> str:
        return f"Row({self.path}:{self.line}, {self.row_id})"
