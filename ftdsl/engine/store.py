"""Results on disk: ``steps/<step id>/<key>/`` holds ``result.json`` and the step's artifacts.

A step works in ``work/<step id>-<key>/``, which outlives an interruption, and is published by one
rename after every byte of it was flushed. What is found under a key is therefore whole or not
there; a folder that does not read back as a result of this very key is foreign, and is rebuilt.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ftdsl.results.run import Output

SCHEMA = "ftdsl.result/1"
RESULT = "result.json"
_LATEST = "latest"


class StoredResult(BaseModel):
    """One step's output with the named inputs that it was made from. ``files`` maps each artifact,
    relative to the step's folder, to its size in bytes."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True
    )

    schema_: Literal["ftdsl.result/1"] = Field(default=SCHEMA, alias="schema")
    step: str
    key: str
    inputs: dict[str, str]
    files: dict[str, int]
    output: Output


class Store:
    """The results under one output folder."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self._read: dict[tuple[str, str], StoredResult | None] = {}

    @property
    def cache(self) -> Path:
        return self.out / "cache"

    def folder(self, step_id: str, key: str) -> Path:
        """Where the result with this key is published."""
        return self.out / "steps" / step_id / key

    def work(self, step_id: str, key: str) -> Path:
        """Where the step works until it is published."""
        return self.out / "work" / f"{step_id}-{key}"

    def read(self, step_id: str, key: str) -> StoredResult | None:
        """The published result, or None where there is none that is whole and its own."""
        if (step_id, key) not in self._read:
            self._read[step_id, key] = _read(self.folder(step_id, key), step_id, key)
        return self._read[step_id, key]

    def latest(self, step_id: str) -> StoredResult | None:
        """The result that was published last for this step, whatever its key."""
        try:
            key = (self.out / "steps" / step_id / _LATEST).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        is_key = key.isalnum() and key.isascii()
        return self.read(step_id, key) if is_key else None

    def prepare(self, step_id: str, key: str) -> Path:
        """The step's own folder, made if need be, with what an interrupted run left there."""
        work = self.work(step_id, key)
        work.mkdir(parents=True, exist_ok=True)
        ignore = self.out / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
        return work

    def publish(self, step_id: str, key: str, inputs: dict[str, str], output: Output) -> Path:
        """Make the work folder the step's result; whoever looks sees all of it or none."""
        work, folder = self.work(step_id, key), self.folder(step_id, key)
        (work / RESULT).unlink(missing_ok=True)
        files = {name: (work / name).stat().st_size for name in sorted(_names(work))}
        stored = StoredResult(step=step_id, key=key, inputs=inputs, files=files, output=output)
        (work / RESULT).write_text(stored.model_dump_json(indent=1) + "\n", encoding="utf-8")
        _flush_tree(work)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            _set_aside(folder, work.with_name(f"{work.name}.old"))
        work.rename(folder)
        flush(folder.parent)
        replace_text(folder.parent / _LATEST, key + "\n")
        self._read[step_id, key] = stored
        return folder


def _read(folder: Path, step_id: str, key: str) -> StoredResult | None:
    try:
        stored = StoredResult.model_validate_json((folder / RESULT).read_bytes())
        sizes = {name: (folder / name).stat().st_size for name in stored.files}
    except (OSError, ValidationError):
        return None
    is_own = stored.step == step_id and stored.key == key and sizes == stored.files
    return stored if is_own else None


def _names(folder: Path) -> Iterator[str]:
    """All regular files below ``folder``, relative to it, with forward slashes."""
    for place, _, names in os.walk(folder):
        for name in names:
            yield (Path(place) / name).relative_to(folder).as_posix()


def _set_aside(folder: Path, aside: Path) -> None:
    """Move a foreign folder out of the way, then delete it: the name is never half there."""
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    flush(path.parent)


def _flush_tree(folder: Path) -> None:
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            flush(Path(place) / name)
        flush(Path(place))


def flush(path: Path) -> None:
    """Force a file's bytes, or a folder's names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
