"""Which files a dataset's patterns name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import DatasetDef, SourceDef


@dataclass(frozen=True, slots=True)
class Place:
    """A root-relative path, and the split that it was given."""

    path: str
    split: str | None = None


def resolve_files(dataset: DatasetDef, root: Path) -> list[Place]:
    """All files in reading order; raises ``Refused`` where a pattern names none."""
    return [
        Place(path, split)
        for split, source in _sources(dataset)
        for path in _matches(source, root)
    ]


def _sources(dataset: DatasetDef) -> Iterator[tuple[str | None, SourceDef]]:
    yield from ((None, source) for source in dataset.sources)
    if dataset.split is not None:
        yield from dataset.split.sources


def _matches(source: SourceDef, root: Path) -> list[str]:
    found = sorted(p.relative_to(root).as_posix() for p in root.glob(source.pattern) if p.is_file())
    if not found:
        span = source.span or Span("", 0, 0)
        raise Refused(Diagnostic("FT300", f"no file matches `{source.pattern}`", span))
    return found
