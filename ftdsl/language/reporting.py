"""The list that diagnostics are collected in while a spec is checked."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Label, Severity, Span

ABSENCES = frozenset({"FT103", "FT107", "FT129", "FT130", "FT165", "FT170"})
"""Codes that say of a block that something is not in it."""


class Report:
    """Collects diagnostics; one place is never reported twice under one code. Of a block that is
    not complete, because a part of it could not be read, nothing is said to be missing."""

    def __init__(self) -> None:
        self._items: list[Diagnostic] = []
        self._seen: set[tuple[str, Span]] = set()
        self._incomplete: list[Span] = []

    def mark_incomplete(self, span: Span) -> None:
        """Note that a part of the block at ``span`` could not be read."""
        self._incomplete.append(span)

    def in_incomplete(self, span: Span) -> bool:
        """Whether ``span`` lies in a block that is not complete."""
        return any(
            one.path == span.path and one.start <= span.start <= one.end for one in self._incomplete
        )

    def add(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        help: str = "",
        notes: tuple[str, ...] = (),
        related: tuple[Label, ...] = (),
        fix: Fix | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Note one diagnostic."""
        if (code, span) in self._seen:
            return
        if code in ABSENCES and self.in_incomplete(span):
            return
        self._seen.add((code, span))
        self._items.append(
            Diagnostic(code, message, span, severity, label, notes, related, help, fix)
        )

    def extend(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        """Take over diagnostics of another stage."""
        self._items.extend(diagnostics)

    @property
    def failed(self) -> bool:
        """Whether any error has been noted."""
        return any(item.severity is Severity.ERROR for item in self._items)

    @property
    def size(self) -> int:
        """How many diagnostics have been noted."""
        return len(self._items)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All diagnostics by file, place and code."""
        return tuple(sorted(self._items, key=lambda item: (item.span, item.code, item.message)))


def replace(span: Span, text: str) -> Fix:
    """A safe fix that puts ``text`` in the place of ``span``."""
    return Fix(f"replace with `{text}`", (Edit(span, text),))


def did_you_mean(span: Span, word: str | None) -> tuple[str, Fix | None]:
    """Help and fix for a misspelt word, where one close name exists."""
    if word is None:
        return "", None
    return f"did you mean `{word}`?", replace(span, word)


def one_of(words: list[str] | tuple[str, ...]) -> str:
    """``a``, ``b`` or ``c``, quoted, at most eight of them."""
    shown = [f"`{word}`" for word in words[:8]]
    if len(words) > 8:
        return ", ".join(shown) + ", …"
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} or {shown[-1]}"
