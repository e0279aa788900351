"""An excerpt of a text on one line, and a caret under the part that is to blame."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.diagnostics.render import columns
from ftdsl.reports.inert import line
from ftdsl.reports.style import Style


def pointed(excerpt: str, highlight: tuple[int, int], style: Style) -> Iterator[str]:
    """Two lines. The excerpt is cut on the right where the terminal ends, and on the left where the
    blamed part would not be seen otherwise."""
    start, end = highlight
    room = max(24, style.width - 6)
    text = line(excerpt)
    if columns(text[:end]) > room:
        cut = max(0, start - room // 4)
        text, start, end = f"…{text[cut + 1 :]}", start - cut, end - cut
    text = _fitting(text, room)
    before = columns(text[:start])
    marks = "^" * max(1, columns(text[start : min(end, len(text))]))
    bar = style.paint("|", "dim")
    yield f"    {bar} {text}"
    yield f"    {bar} {' ' * before}{style.paint(marks, 'red')}"


def _fitting(text: str, room: int) -> str:
    """``text`` where it takes ``room`` columns at most, else its start and an ellipsis."""
    if columns(text) <= room:
        return text
    kept = text[:room]
    while columns(kept) > room - 1:
        kept = kept[:-1]
    return f"{kept}…"
