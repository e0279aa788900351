"""A copy of a project's files to be mended in, and the folder that the mended ones go to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.engine.store import flush

DIFF = "fixes.diff"


class Stage:
    """``root`` holds the files of a project that its data steps read, under the same names. They
    are links to the project's own; a mended one takes the place of its link, so that no byte of the
    project is ever written."""

    def __init__(self, work: Path, project: Path) -> None:
        self.root = work / "project"
        self.out = work / "results"
        self.diff = work / DIFF
        self.project = project
        self.root.mkdir(parents=True)

    def bring(self, paths: Iterable[str]) -> None:
        """Put files of the project, by their root-relative names, onto the stage."""
        for path in paths:
            source, place = self.project / path, self.root / path
            if not source.is_file() or place.exists():
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source.resolve(), place)
            except OSError:
                # Another file system, or one without links.
                shutil.copyfile(source, place)

    def mended(self, path: str) -> Path:
        """Where the mended file is written before it is put in place."""
        return self.root / f"{path}.mended"

    def accept(self, path: str) -> None:
        """Let the mended file take the place of its link."""
        self.mended(path).replace(self.root / path)

    def reject(self, path: str) -> None:
        """Forget the mended file: it is the same as its source."""
        self.mended(path).unlink(missing_ok=True)


def assert_fit(out: Path, paths: Iterable[str], project: Path) -> None:
    """Refuse (FT376) a folder into which mended files may not be written: inside `.git`, a link, or
    one where a mended file would take the place of a data file of the project."""
    if ".git" in (*out.absolute().parts, *out.resolve().parts):
        raise _unfit(out, "it lies inside `.git`")
    if out.is_symlink():
        raise _unfit(out, "it is a symbolic link")
    if out.exists() and not out.is_dir():
        raise _unfit(out, "it is no folder")
    for path in (*paths, DIFF):
        parts = PurePosixPath(path).parts
        if ".git" in parts or ".." in parts or PurePosixPath(path).is_absolute():
            raise _unfit(out, f"`{path}` would lead out of it or into `.git`")
        place = out
        for part in parts:
            place /= part
            if place.is_symlink():
                raise _unfit(out, f"`{path}` would go through a symbolic link")
        if place.exists() and not place.is_file():
            raise _unfit(out, f"`{path}` is no ordinary file there")
        source = project / path
        if place.exists() and source.exists() and place.samefile(source):
            raise _unfit(out, f"`{path}` there is the data file itself, which is never written")


def publish(stage: Stage, out: Path, paths: Iterable[str]) -> tuple[Path, ...]:
    """Move the mended files and the diff into ``out``: each is there whole or not at all. Raises
    ``OSError``."""
    written = []
    for source, path in [*((stage.root / each, each) for each in paths), (stage.diff, DIFF)]:
        place = out / path
        place.parent.mkdir(parents=True, exist_ok=True)
        source.chmod(0o644)
        flush(source)
        source.replace(place)
        flush(place.parent)
        written.append(place)
    return tuple(written)


def _unfit(out: Path, why: str) -> Refused:
    return Refused(
        Diagnostic(
            "FT376",
            f"fixed copies cannot be written to {out}: {why}",
            Span("", 0, 0),
            help="name a folder of its own, such as `--out fixed`",
        )
    )
