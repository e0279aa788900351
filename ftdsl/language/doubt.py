"""What may be said of a file whose text could not be read in full: root causes alone.

Beside a syntax mistake the tree is a guess. What lies on its line or on the line before is left
unsaid, and so is that a name is unknown which the file does mention elsewhere: it may have been
declared in what was lost. The rest stands, so that one run tells of as many mistakes as it can.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity
from ftdsl.language.source import Source

_REFERENCES = frozenset({"FT100", "FT104", "FT109", "FT127"})
_RELATIONS = frozenset({"FT103", "FT132", "FT134", "FT150", "FT161", "FT167"})
"""Codes about two places of a file: either may have been misread."""


def without_doubtful(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]
) -> tuple[Diagnostic, ...]:
    """The diagnostics that do not follow from a syntax mistake of the same file."""
    every = tuple(diagnostics)
    lines: dict[str, set[int]] = {}
    for one in every:
        if _is_syntax(one):
            line = sources[one.span.path].position(one.span.start)[0]
            lines.setdefault(one.span.path, set()).update((line - 1, line))
    return tuple(
        one
        for one in every
        if one.span.path not in lines
        or one.code.startswith("FT0")
        or not _is_doubtful(one, sources[one.span.path], lines[one.span.path])
    )


def _is_syntax(one: Diagnostic) -> bool:
    return one.code.startswith("FT0") and one.severity is Severity.ERROR


def _is_doubtful(one: Diagnostic, source: Source, lines: set[int]) -> bool:
    first, last = source.position(one.span.start)[0], source.position(one.span.end)[0]
    if one.code in _RELATIONS or not lines.isdisjoint(range(first, last + 1)):
        return True
    if one.code not in _REFERENCES:
        return False
    name = source.slice(one.span).rpartition(".")[0] or source.slice(one.span)
    word = re.escape(name.rpartition(".")[2])
    return len(re.findall(rf"\b{word}\b", source.text)) > 1
