"""Applying the safe fixes of diagnostics to the spec files they are about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ftdsl.cli.output import write
from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix
from ftdsl.language.source import Source


def apply_safe_fixes(diagnostics: Iterable[Diagnostic], source: Source, root: Path) -> int:
    """Write ``source`` with the safe fixes of ``diagnostics`` that touch it alone; how many fixes.

    Of two fixes whose edits overlap the first is applied; the next run finds the other again.
    """
    chosen: list[Edit] = []
    applied = 0
    for one in diagnostics:
        fix = one.fix
        if fix is not None and _applies(fix, source, chosen):
            chosen.extend(fix.edits)
            applied += 1
    if applied:
        write(root / source.path, fixed_text(source, chosen))
    return applied


def fixed_text(source: Source, edits: Iterable[Edit]) -> str:
    """The text of ``source`` after ``edits``, which do not overlap."""
    text = source.text
    for edit in sorted(edits, key=lambda each: each.span, reverse=True):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


def _applies(fix: Fix, source: Source, chosen: list[Edit]) -> bool:
    return (
        fix.safe
        and bool(fix.edits)
        and all(edit.span.path == source.path for edit in fix.edits)
        and not any(_overlap(edit, other) for edit in fix.edits for other in chosen)
    )


def _overlap(one: Edit, other: Edit) -> bool:
    return one.span.start <= other.span.end and other.span.start <= one.span.end
