"""Which files a dataset's sources name, and that each is an ordinary file under the root."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ftdsl.data.faults import refusal
from ftdsl.diagnostics.diagnostic import Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import DatasetDef, SourceDef

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file has not changed since it was last looked at."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class DataFile:
    """One source file. ``path`` is root-relative with forward slashes."""

    path: str
    full: Path
    format: str
    split: str | None
    stamp: Stamp
    span: Span | None = None

    def open(self) -> BinaryIO:
        """The file, opened for reading; refused where it is not an ordinary readable file."""
        return _open(self.full, self.path, self.span)

    def unreadable(self, error: OSError) -> Refused:
        """FT303: the system gives ``error`` where bytes of the file are wanted."""
        return _unreadable(self.path, self.span, error)

    def assert_unchanged(self) -> None:
        """Refuse if the file is not the one that was looked at when reading began."""
        try:
            now = stamp_of(self.full.stat())
        except OSError:
            now = None
        if now != self.stamp:
            raise refusal(
                "FT305",
                f"`{self.path}` changed while it was read",
                self.span,
                "run again when nothing writes to the file",
                self.path,
            )


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file from its ``stat``."""
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


def resolve_files(dataset: DatasetDef, root: Path, split: str | None = None) -> list[DataFile]:
    """The dataset's files: sources in written order, the files of a glob sorted by path.

    With ``split`` and a ``given`` split only that split's files. A file that two sources match is
    read once. Raises Refused (FT300-FT304, FT309) for what cannot be read.
    """
    found: dict[tuple[str, str | None], DataFile] = {}
    for name, source in _sources(dataset):
        if split is not None and name is not None and name != split:
            continue
        for path in _matches(source, root, dataset.allow_empty):
            found.setdefault((path, name), _data_file(path, source, name, root))
    return list(found.values())


def _sources(dataset: DatasetDef) -> Iterator[tuple[str | None, SourceDef]]:
    if dataset.split is not None and dataset.split.kind == "given":
        yield from dataset.split.sources
    for source in dataset.sources:
        yield None, source


def _matches(source: SourceDef, root: Path, allow_empty: bool) -> list[str]:
    pattern = source.pattern
    if not _GLOB & set(pattern) or (root / pattern).exists():
        return [pattern]
    found = sorted(
        path.replace(os.sep, "/")
        for path in glob.glob(pattern, root_dir=root, recursive=True)  # noqa: PTH207
        if not (root / path).is_dir()
    )
    if not found and not allow_empty:
        raise refusal(
            "FT301",
            f"no file matches `{pattern}`",
            source.span,
            "the pattern is read from the spec's folder; check its spelling, or say "
            "`--allow-empty` where no data is fine",
            pattern,
        )
    return found


def _data_file(path: str, source: SourceDef, split: str | None, root: Path) -> DataFile:
    full = root / path
    if not path.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in path):
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise refusal(
            "FT309",
            f"the name of the data file `{shown}` is not UTF-8",
            source.span,
            "rename it: no report, lock or plan could hold its name",
            shown,
        )
    # `Path.resolve` raises for a link that leads to itself; opening the file says it better.
    if not Path(os.path.realpath(full)).is_relative_to(root.resolve()):
        raise refusal(
            "FT304",
            f"`{path}` lies outside the project root",
            source.span,
            "keep data files under the project root; links that lead out of it are not followed",
            path,
        )
    with _open(full, path, source.span) as file:
        stamp = stamp_of(os.fstat(file.fileno()))
    return DataFile(path, full, source.format, split, stamp, source.span)


def _open(full: Path, path: str, span: Span | None) -> BinaryIO:
    try:
        descriptor = os.open(full, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise refusal(
            "FT300",
            f"data file `{path}` does not exist",
            span,
            "paths are read from the spec's folder; check the spelling, or fetch the file",
            path,
        ) from None
    except OSError as error:
        raise _unreadable(path, span, error) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        kind = "directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "special file"
        os.close(descriptor)
        raise refusal(
            "FT302",
            f"`{path}` is a {kind}, not a data file",
            span,
            "name a file, or a glob such as `data/*.jsonl`",
            path,
        )
    return os.fdopen(descriptor, "rb", buffering=0)


def _unreadable(path: str, span: Span | None, error: OSError) -> Refused:
    if error.errno == errno.ENXIO:
        return refusal(
            "FT302", f"`{path}` is a special file, not a data file", span, "name a file", path
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return refusal(
        "FT303",
        f"data file `{path}` cannot be read: {reason}",
        span,
        "check the permissions of the file and of its folders",
        path,
    )
