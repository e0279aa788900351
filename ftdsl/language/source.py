"""One spec file's text, and the arithmetic between offsets, lines and columns."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from ftdsl.diagnostics.diagnostic import Span


@dataclass(frozen=True, slots=True)
class Source:
    """Text of the file ``path`` (relative to the project root). Lines end at ``\\n`` alone."""

    path: str
    text: str
    _line_starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = [0]
        starts.extend(i + 1 for i, char in enumerate(self.text) if char == "\n")
        object.__setattr__(self, "_line_starts", tuple(starts))

    def position(self, offset: int) -> tuple[int, int]:
        """1-based line and 1-based column, in characters, of ``offset``."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of the 1-based line ``number``, without its line ending."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def span(self, start: int, end: int) -> Span:
        """A span of this file."""
        return Span(self.path, start, end)

    def slice(self, span: Span) -> str:
        """The text that ``span`` covers."""
        return self.text[span.start : span.end]
