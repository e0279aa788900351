"""One spec file's text, and the arithmetic between offsets, lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from ftdsl.diagnostics.diagnostic import Span

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LINE_END = re.compile("\n")


@dataclass(frozen=True, slots=True)
class EncodingFault:
    """Bytes that are not UTF-8: the file's likely encoding or "", the place of the first bad byte
    as a character offset into ``Source.text``, and as a byte offset into the file."""

    encoding: str
    offset: int
    byte_offset: int


@dataclass(frozen=True, slots=True)
class Source:
    """The file ``path`` (relative to the project root), from its bytes or its text.

    ``text`` is the whole text; bytes that are not UTF-8 stand in it as U+FFFD, and ``fault`` tells
    of the first. Lines end at ``\\n`` alone. A byte order mark is a character of the text.
    """

    path: str
    content: str | bytes = field(repr=False)
    text: str = field(init=False, repr=False, compare=False)
    fault: EncodingFault | None = field(init=False, repr=False, compare=False)
    _line_starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        text, fault = _decoded(self.content)
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "fault", fault)
        starts = (0, *(match.end() for match in _LINE_END.finditer(text)))
        object.__setattr__(self, "_line_starts", starts)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        content = self.content
        return len(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))

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


def _decoded(content: str | bytes) -> tuple[str, EncodingFault | None]:
    if isinstance(content, str):
        return content, None
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError as error:
        text = content.decode("utf-8", "replace")
        if content.startswith(_UTF_16_MARKS):
            return text, EncodingFault("UTF-16", 0, 0)
        offset = len(content[: error.start].decode("utf-8"))
        return text, EncodingFault("", offset, error.start)
