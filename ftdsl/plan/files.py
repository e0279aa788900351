"""The files that a spec names, found under the project root and digested once a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import DatasetDef
from ftdsl.plan.digests import DIGESTS_FILE, FileDigests
from ftdsl.results.models import FileInfo


@dataclass(frozen=True, slots=True)
class Listed:
    """The files of one dataset. ``lines`` is their number of lines together; ``problem`` says why
    they could not be listed or read (then ``files`` is empty)."""

    files: tuple[FileInfo, ...] = ()
    lines: int = 0
    problem: Diagnostic | None = None

    @property
    def size(self) -> int:
        """Bytes together."""
        return sum(info.size for info in self.files)


class Files:
    """Looks at each dataset once; digests are remembered under ``cache``."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root = root
        self._digests = FileDigests(cache / DIGESTS_FILE)
        self._listed: dict[tuple[object, ...], Listed] = {}

    def of(self, dataset: DatasetDef) -> Listed:
        """The files of ``dataset`` in reading order."""
        key = (dataset.name, dataset.sources, dataset.split)
        if key not in self._listed:
            self._listed[key] = self._list(dataset)
        return self._listed[key]

    def _list(self, dataset: DatasetDef) -> Listed:
        from ftdsl.data.files import resolve_files

        try:
            found = resolve_files(dataset, self.root)
        except Refused as refused:
            return Listed(problem=refused.diagnostic)
        infos, lines = [], 0
        for file in found:
            try:
                facts = self._digests.facts(file.full, cut=file.format == "jsonl")
            except OSError as error:
                return Listed(problem=_unreadable(dataset, file.path, error))
            infos.append(
                FileInfo(path=file.path, size=facts.size, sha256=facts.sha256, split=file.split)
            )
            lines += facts.lines
        return Listed(tuple(infos), lines)

    def under(self, name: str) -> Iterator[tuple[str, str]]:
        """(root-relative path, SHA-256) of the file ``name``, or of all files of that folder.

        Nothing for a name that is no path under the root: a hub id, a tokenizer's name.
        """
        place = self.root / name
        if self.root.resolve() not in place.resolve().parents:
            return
        found = [place] if place.is_file() else sorted(place.rglob("*")) if place.is_dir() else []
        for file in found:
            if file.is_file():
                yield file.relative_to(self.root).as_posix(), self._digests.facts(file).sha256

    def digest(self, path: str) -> str | None:
        """SHA-256 of one root-relative file, or None where it cannot be read."""
        try:
            return self._digests.facts(self.root / path).sha256
        except OSError:
            return None

    def save(self) -> None:
        """Remember the digests for the next plan."""
        self._digests.save()


def _unreadable(dataset: DatasetDef, path: str, error: OSError) -> Diagnostic:
    reason = error.strerror or type(error).__name__
    place = dataset.span or Span(path, 0, 0)
    return Diagnostic("FT303", f"data file `{path}` cannot be read: {reason}", place)
