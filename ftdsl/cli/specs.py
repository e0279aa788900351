"""The specs a command is given: which files, which project root, and what checking them said."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from ftdsl.cli.usage import UsageError, nearest
from ftdsl.language.project import find_root, real_path


def spec_paths(words: list[str], *, shipped: bool = False) -> list[Path]:
    """The spec files that ``words`` name; a folder stands for all specs below it, in order. With
    ``shipped`` also ``std/NAME.ftspec``, as an import names it. UsageError for one that is not
    there."""
    found: list[Path] = []
    for word in words:
        path = (_shipped(word) if shipped else None) or Path(word)
        if path.is_dir():
            below = sorted(each for each in path.rglob("*.ftspec") if each.is_file())
            if not below:
                raise UsageError("FT254", f"no .ftspec file below {word}")
            found.extend(below)
        else:
            found.append(existing(path))
    return list(dict.fromkeys(found))


def specs_below(folder: Path) -> list[Path]:
    """All specs of a project, in order: hidden folders, installed packages and virtual environments
    hold none. UsageError where there is none."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if _may_hold_specs(Path(place, each)))
        found += (Path(place, name) for name in sorted(names) if name.endswith(".ftspec"))
    if not found:
        raise UsageError("FT254", f"no .ftspec file below {folder}")
    here = Path.cwd()
    return [path.relative_to(here) if path.is_relative_to(here) else path for path in found]


def _may_hold_specs(folder: Path) -> bool:
    if folder.name.startswith(".") or folder.name in ("node_modules", "site-packages"):
        return False
    return not (folder / "pyvenv.cfg").exists()


def _shipped(word: str) -> Path | None:
    """The file that ``std/NAME.ftspec`` means to an import, where the project has none of its
    own."""
    from ftdsl.language.imports import SHIPPED

    place = SHIPPED.parent / word
    is_ours = word.startswith(f"{SHIPPED.name}/") and place.parent == SHIPPED and place.is_file()
    return place if is_ours and not Path(word).exists() else None


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


def chosen_specs(arguments: Namespace) -> list[Path]:
    """The specs that the command line names; without any, all specs of the project."""
    if arguments.specs:
        return spec_paths(arguments.specs)
    root = Path(arguments.root) if arguments.root else find_root(Path.cwd() / "any")
    return specs_below(root)


def project_root(path: Path, arguments: Namespace) -> Path:
    """``--root``, else the nearest folder above the spec that is marked as a project's root, else
    the spec's own folder. Absolute. UsageError when the spec lies outside ``--root``."""
    spec = real_path(path)
    if arguments.root is None:
        return find_root(spec)
    root = real_path(Path(arguments.root)).resolve()
    if not root.is_dir():
        raise UsageError("FT255", f"--root {arguments.root} is not a folder")
    if root not in spec.parents:
        raise UsageError("FT255", f"{path} is not below --root {arguments.root}")
    return root


def overrides_of(arguments: Namespace) -> dict[str, str]:
    """``--set NAME=VALUE`` as a mapping. UsageError (FT260) for another form."""
    found: dict[str, str] = {}
    for word in arguments.set:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier() or not value.strip():
            help_line = "write `--set NAME=VALUE`, as in `--set context=8k`"
            raise UsageError("FT260", f"`{word}` is not NAME=VALUE", help_line)
        found[name] = value.strip()
    return found
