"""Where a project begins: the folder that every path of a spec must stay below."""

from __future__ import annotations

import os
from pathlib import Path

ROOT_MARKS = (".git", "pyproject.toml", ".ftdsl-root")
_PACKAGE = Path(__file__).parent.parent


def find_root(path: Path) -> Path:
    """The nearest folder above ``path`` (absolute) that is marked as a project's root, else the
    file's own folder. The rule sets that come with the package have their rows in the package."""
    if path.parent == _PACKAGE / "std":
        return _PACKAGE
    marked = (each for each in path.parents if any((each / mark).exists() for mark in ROOT_MARKS))
    return next(marked, path.parent)


def real_path(path: Path) -> Path:
    """``path`` from the file system's root, with its folders' links followed and its own kept."""
    return Path(os.path.realpath(path.parent)) / path.name
