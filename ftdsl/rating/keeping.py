"""Where ratings lie in a project: ``ratings/NAME/BATCH/RATER.jsonl``, each file only added to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.source import Source
from ftdsl.rating.rows import LARGEST_FILE, Placed, read_ratings

_SUFFIX = ".jsonl"


def rating_files(root: Path, folder: str) -> Iterator[Source]:
    """The files of ratings below ``folder``, by name. Raises ``Refused`` (FT720)."""
    place = root / folder
    for path in sorted(place.rglob(f"*{_SUFFIX}")) if place.is_dir() else ():
        if path.is_file():
            yield read_source(path, path.relative_to(root).as_posix())


def read_source(path: Path, shown: str) -> Source:
    """One file. Raises ``Refused`` (FT720) where it cannot be read, or is larger than any is."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _unreadable(shown, f"it is larger than {LARGEST_FILE // 2**20} MiB")
        if not path.is_file():
            raise _unreadable(shown, "it is no plain file")
        return Source(shown, path.read_bytes())
    except OSError as error:
        raise _unreadable(shown, error.strerror or "it cannot be opened") from None


def keep(root: Path, folder: str, placed: Iterable[Placed]) -> Mapping[str, int]:
    """Append the ratings that are not there yet to the files of their raters; root-relative path →
    how many were new. Lines are kept as they came. Raises ``Refused`` (FT728)."""
    place = root / folder
    if not place.resolve().is_relative_to(root.resolve()):
        raise Refused(_unwritable(folder, "it leads out of the project"), 4)
    grouped: dict[str, list[Placed]] = {}
    for one in placed:
        name = f"{one.rating.batch}/{one.rating.rater}{_SUFFIX}"
        grouped.setdefault(name, []).append(one)
    return {
        f"{folder.rstrip('/')}/{name}": _append(place / name, ratings)
        for name, ratings in grouped.items()
    }


def _append(path: Path, ratings: Iterable[Placed]) -> int:
    """Add the lines whose ids are new, in one write; how many."""
    try:
        before = path.read_text("utf-8") if path.exists() else ""
        known = {one.rating.id for one in read_ratings(Source(path.name, before))[0]}
        new: dict[str, str] = {}
        for one in ratings:
            if one.rating.id not in known:
                new.setdefault(one.rating.id, one.line)
        if not new:
            return 0
        path.parent.mkdir(parents=True, exist_ok=True)
        gap = "\n" if before and not before.endswith("\n") else ""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(path, flags, 0o644)
        with os.fdopen(handle, "ab") as stream:
            stream.write((gap + "".join(f"{line}\n" for line in new.values())).encode())
            stream.flush()
            os.fsync(stream.fileno())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "it is not UTF-8"
        raise Refused(_unwritable(path.name, reason)) from None
    return len(new)


def _unreadable(shown: str, why: str) -> Refused:
    return Refused(Diagnostic("FT720", f"ratings cannot be read: {why}", Span(shown, 0, 0)))


def _unwritable(name: str, why: str) -> Diagnostic:
    return Diagnostic(
        "FT728",
        f"ratings cannot be kept in `{name}`: {why}",
        Span(name, 0, 0),
        help='choose a folder of the project that may be written: `ratings = "ratings/NAME"`',
    )
