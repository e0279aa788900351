"""Results on disk: ``steps/<step id>/<key>/`` holds ``result.json`` and the step's artifacts.

A step works in ``work/<step id>-<key>/``, which outlives an interruption, and is published by one
rename after every byte of it was flushed. What is found under a key is therefore whole or not
there; a folder that does not read back as a result of this very key is foreign, and is rebuilt.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ftdsl.results.run import Output

SCHEMA: Final = "ftdsl.result/1"
RESULT = "result.json"
LATEST = "latest"
_PLAIN_ID = re.compile(r"[a-z]+(\.[A-Za-z0-9_-]+)+\Z")
_KEY = re.compile(r"[0-9a-f]{16,64}\Z")
_LONGEST_NAME = 120


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
        return self.out / "steps" / folder_name(step_id) / _checked(key)

    def work(self, step_id: str, key: str) -> Path:
        """Where the step works until it is published."""
        return self.out / "work" / f"{folder_name(step_id)}-{_checked(key)}"

    def read(self, step_id: str, key: str) -> StoredResult | None:
        """The published result, or None where there is none that is whole and its own."""
        if (step_id, key) not in self._read:
            self._read[step_id, key] = _read(self.folder(step_id, key), step_id, key)
        return self._read[step_id, key]

    def latest(self, step_id: str) -> StoredResult | None:
        """The result that was published last for this step, whatever its key."""
        key = self._latest_key(step_id)
        return self.read(step_id, key) if _KEY.match(key) else None

    def _latest_key(self, step_id: str) -> str:
        try:
            latest = self.out / "steps" / folder_name(step_id) / LATEST
            return latest.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def confirm(self, step_id: str, key: str) -> None:
        """Call the result with this key the step's last one: an older result may hold again, or a
        kill may have come between the two renames of ``publish``. Raises ``OSError``."""
        if self._latest_key(step_id) != key:
            folder = self.folder(step_id, key).parent
            _sweep(folder, LATEST)
            replace_text(folder / LATEST, key + "\n")

    def prepare(self, step_id: str, key: str) -> Path:
        """The step's own folder, made if need be, with what an interrupted run left there."""
        work = self.work(step_id, key)
        work.mkdir(parents=True, exist_ok=True)
        return work

    def discard(self, step_id: str, key: str) -> None:
        """Forget what the step has done so far."""
        shutil.rmtree(self.work(step_id, key), ignore_errors=True)

    def publish(self, step_id: str, key: str, inputs: dict[str, str], output: Output) -> Path:
        """Make the work folder the step's result; whoever looks sees all of it or none.

        The record is written last, when all else is on the disk: where it reads back, even in a
        work folder, the result is whole. Raises ``OSError``.
        """
        work = self.work(step_id, key)
        (work / RESULT).unlink(missing_ok=True)
        _sweep(work, RESULT)
        files = {name: (work / name).stat().st_size for name in sorted(_names(work))}
        stored = StoredResult(step=step_id, key=key, inputs=inputs, files=files, output=output)
        _flush_tree(work)
        replace_text(work / RESULT, stored.model_dump_json(indent=1) + "\n")
        return self._move(stored)

    def salvage(self, step_id: str, key: str) -> StoredResult | None:
        """Publish a work folder that a killed run left whole; None where there is none."""
        work = self.work(step_id, key)
        stored = _read(work, step_id, key)
        if stored is not None:
            _sweep(work, RESULT)
            self._move(stored)
        return stored

    def _move(self, stored: StoredResult) -> Path:
        work, folder = self.work(stored.step, stored.key), self.folder(stored.step, stored.key)
        folder.parent.mkdir(parents=True, exist_ok=True)
        flush(folder.parent.parent)
        if folder.exists():
            _set_aside(folder, work.with_name(f"{work.name}.old"))
        work.rename(folder)
        flush(folder.parent)
        self.confirm(stored.step, stored.key)
        self._read[stored.step, stored.key] = stored
        return folder


def folder_name(step_id: str) -> str:
    """A file name for a step id: the id itself where it is plain and short, else a readable part
    of it and a digest. It is never a path, and never begins with a dot."""
    if _PLAIN_ID.match(step_id) and len(step_id) <= _LONGEST_NAME:
        return step_id
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", step_id)[:80]
    digest = hashlib.blake2b(step_id.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{plain}-{digest}"


def _checked(key: str) -> str:
    if not _KEY.match(key):
        raise ValueError(f"{key!r} is not a content key")
    return key


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


def _sweep(folder: Path, name: str) -> None:
    """Remove what a killed process left of writing ``name``; only one process writes there."""
    for left in folder.glob(f".{name}.*"):
        left.unlink()


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
