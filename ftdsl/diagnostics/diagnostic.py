"""What one diagnostic is: a stable code, a place, a sentence, and how to mend it.

Diagnostics are values. They are collected, sorted and rendered; they are never raised.
"""

from __future__ import annotations

from enum import StrEnum

from ftdsl.record import record


class Severity(StrEnum):
    """How much a diagnostic weighs: an error fails the command, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@record
class Span:
    """A half-open range ``[start, end)`` of character offsets in the file ``path``.

    ``path`` is relative to the project root with forward slashes, as every report prints it.
    """

    path: str
    start: int
    end: int

    def __lt__(self, other: Span) -> bool:
        return (self.path, self.start, self.end) < (other.path, other.start, other.end)

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of ``other`` (same file)."""
        return Span(self.path, self.start, max(self.end, other.end))


@record
class Edit:
    """Replace the text at ``span`` with ``replacement``."""

    span: Span
    replacement: str


@record
class Fix:
    """A machine-applicable repair: ``safe`` fixes keep the meaning that was clearly intended."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = True


@record
class Label:
    """A second place that explains the first, such as the other declaration of a name."""

    span: Span
    message: str


@record
class Diagnostic:
    """One located statement about a spec. ``code`` is a key of ``diagnostics.codes.CODES``.

    ``label`` is the short text printed under the caret (``expected a ratio such as `1%` ``).
    """

    code: str
    message: str
    span: Span
    severity: Severity = Severity.ERROR
    label: str = ""
    notes: tuple[str, ...] = ()
    related: tuple[Label, ...] = ()
    help: str = ""
    fix: Fix | None = None
