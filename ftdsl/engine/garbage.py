"""What an output folder keeps, how large it is, and what of it can go without losing anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ftdsl.engine.folder import OutFolder, refuse_links
from ftdsl.engine.runs import read_run, run_ids
from ftdsl.engine.store import LATEST

Kind = Literal["results", "work", "cache", "runs"]

_FOLDERS: dict[Kind, str] = {"results": "steps", "work": "work", "cache": "cache", "runs": "runs"}
_RUNS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that can be deleted by itself. ``path`` is relative to the output folder, ``size``
    in bytes. ``needed``: it is the last result of its step, or a late run names it. Work folders
    hold what an interrupted step had done; cache entries can always be made again."""

    kind: Kind
    name: str
    path: str
    size: int
    files: int
    needed: bool


def kept(out: Path) -> tuple[Kept, ...]:
    """Everything under ``out``, results first, by name. Raises ``Refused`` (FT206)."""
    refuse_links(out)
    needed = _needed(out)
    found: list[Kept] = []
    for kind, place in _places(out):
        size, files = _measure(place)
        path = place.relative_to(out).as_posix()
        name = path.partition("/")[2]
        found.append(Kept(kind, name, path, size, files, path in needed))
    return tuple(found)


def collect(out: Path) -> tuple[Kept, ...]:
    """Delete results that no late run names and runs beyond the last 20; return what went. Work
    and cache stay. Raises ``Refused`` (FT205 while a run is going on, FT206)."""
    with OutFolder(out, "cache"):
        gone = tuple(k for k in kept(out) if not k.needed and k.kind in ("results", "runs"))
        _delete(out, gone)
    return gone


def clear(out: Path, kinds: Collection[Kind] = tuple(_FOLDERS)) -> tuple[Kept, ...]:
    """Delete everything of these kinds, needed or not; return what went. Raises as ``collect``."""
    with OutFolder(out, "cache"):
        gone = tuple(each for each in kept(out) if each.kind in kinds)
        _delete(out, gone)
    return gone


def _delete(out: Path, gone: Collection[Kept]) -> None:
    """A folder is moved aside before it is deleted: half a result is never found under its name."""
    for each in gone:
        place = out / each.path
        if place.is_dir():
            aside = place.with_name(f".{place.name}.deleted")
            place.rename(aside)
            shutil.rmtree(aside)
        else:
            place.unlink(missing_ok=True)


def _needed(out: Path) -> set[str]:
    found = set()
    for run_id in run_ids(out)[:_RUNS_KEPT]:
        found.add(f"runs/{run_id}")
        run = read_run(out, run_id)
        if run is not None:
            found.update(step.artifacts for step in run.steps if step.artifacts)
    for latest in (out / "steps").glob(f"*/{LATEST}"):
        key = latest.read_text(encoding="ascii", errors="replace").strip()
        found.add(f"steps/{latest.parent.name}/{key}")
    return found


def _places(out: Path) -> Iterator[tuple[Kind, Path]]:
    for kind, folder in _FOLDERS.items():
        entries = sorted((out / folder).glob("*"))
        if kind == "results":
            entries = [place for step in entries for place in sorted(step.glob("*"))]
        yield from ((kind, place) for place in entries if place.name != LATEST)


def _measure(place: Path) -> tuple[int, int]:
    """Bytes and files below ``place``, without following links."""
    if not place.is_dir():
        return place.lstat().st_size, 1
    sizes = [
        (Path(folder) / name).lstat().st_size
        for folder, _, names in os.walk(place)
        for name in names
    ]
    return sum(sizes), len(sizes)
