"""One spec file's text, and the arithmetic between offsets, lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.record import record

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LINE_END = re.compile("\n")


@record
class EncodingFault:
    """Bytes that are not UTF-8: the file's likely encoding or "", the place of the first bad byte
    as a character offset into ``Source.text``, and as a byte offset into the file."""

    encoding: str
    offset: int
    byte_offset: int


class Source:
    """The file ``path`` (relative to the project root), from its bytes or its text.

    ``text`` is the whole text; bytes that are not UTF-8 stand in it as U+FFFD, and ``fault`` tells
    of the first. Lines end at ``\\n`` alone. A byte order mark is a character of the text.
    """

    __slots__ = ("_line_starts", "content", "fault", "path", "text")

    def __init__(self, path: str, content: str | bytes) -> None:
        self.path = path
        self.content = content
        self.text, self.fault = _decoded(content)
        self._line_starts = (0, *(match.end() for match in _LINE_END.finditer(self.text)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Source):
            return NotImplemented
        return (self.path, self.content) == (other.path, other.content)

    def __hash__(self) -> int:
        return hash((self.path, self.content))

    def __repr__(self) -> str:
        return f"Source({self.path!r})"

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
