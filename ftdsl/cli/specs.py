"""The specs a command is given: which files, which project root, and what checking them said."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from ftdsl.cli.usage import UsageError, nearest

_ROOT_MARKS = (".git", "pyproject.toml", ".ftdsl-root")


def spec_paths(words: list[str]) -> list[Path]:
    """The spec files that ``words`` name; a folder stands for all specs below it, in order.
    UsageError for one that is not there."""
    found: list[Path] = []
    for word in words:
        path = Path(word)
        if path.is_dir():
            below = sorted(each for each in path.rglob("*.ftspec") if each.is_file())
            if not below:
                raise UsageError("FT254", f"no .ftspec file below {word}")
            found.extend(below)
        else:
            found.append(existing(path))
    return list(dict.fromkeys(found))


def existing(path: Path) -> Path:
    """``path`` if something is there; UsageError with the nearest neighbour otherwise."""
    try:
        there = path.exists()
    except (OSError, ValueError):
        there = False
    if there:
        return path
    siblings = sorted(each.name for each in path.parent.glob("*")) if path.parent.is_dir() else []
    near = nearest(path.name, siblings)
    help_line = f"did you mean `{path.with_name(near)}`?" if near else ""
    raise UsageError("FT254", f"there is no file {path}", help_line)


def project_root(path: Path, arguments: Namespace) -> Path:
    """``--root``, else the nearest folder above the spec that is marked as a project's root, else
    the spec's own folder. Absolute. UsageError when the spec lies outside ``--root``."""
    spec = absolute(path)
    if arguments.root is None:
        marked = (each for each in spec.parents if any((each / m).exists() for m in _ROOT_MARKS))
        return next(marked, spec.parent)
    root = absolute(Path(arguments.root))
    if not root.is_dir():
        raise UsageError("FT255", f"--root {arguments.root} is not a folder")
    if root not in spec.parents:
        raise UsageError("FT255", f"{path} is not below --root {arguments.root}")
    return root


def absolute(path: Path) -> Path:
    """``path`` from the file system's root, with its folders' links followed and its own kept."""
    return Path(os.path.realpath(path.parent)) / path.name
