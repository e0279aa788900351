"""Which checkpoint a run goes on from, and which are whole."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

FOLDER = "checkpoints"
_WHOLE = "whole.json"


def seal(folder: Path) -> None:
    """Mark a checkpoint as whole, after every byte of it reached the disk. A pickled copy of the
    trainer's arguments, which nothing reads, is thrown away."""
    for name in ("training_args.bin", _WHOLE):
        (folder / name).unlink(missing_ok=True)
    sizes = {}
    for file in sorted(folder.iterdir()):
        _flush(file)
        sizes[file.name] = file.stat().st_size
    (folder / _WHOLE).write_text(json.dumps(sizes), encoding="utf-8")
    _flush(folder / _WHOLE)
    _flush(folder)
    _flush(folder.parent)


def latest_whole(work: Path, *, tidy: bool = True) -> Path | None:
    """The checkpoint with the most steps that was written to its end. Half-written ones, which a
    killed run left, are removed (``tidy``)."""
    found: Path | None = None
    for folder in sorted((work / FOLDER).glob("checkpoint-*"), key=_step):
        if _is_whole(folder):
            found = folder
        elif tidy:
            shutil.rmtree(folder)
    return found


def _step(folder: Path) -> int:
    number = folder.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1


def _is_whole(folder: Path) -> bool:
    try:
        sizes = json.loads((folder / _WHOLE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == size
        for name, size in sizes.items()
    )


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
