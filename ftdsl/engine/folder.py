"""The output folder: that it is safe to write to, and that one run at a time does.

Nothing in it is followed through a symbolic link: a checkout may hold one that somebody else put
there, and a run would write wherever it leads.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused

PARTS = ("steps", "work", "cache", "runs")
LOCK = "run.lock"


class OutFolder:
    """While entered, this process alone runs steps under ``out``. Raises ``Refused`` on entering:
    FT205 where another run holds it, FT206 where it is not safe, FT207 where it cannot be made."""

    def __init__(self, out: Path, spec: str) -> None:
        self.out = out
        self._spec = spec
        self._handle: int | None = None

    def __enter__(self) -> OutFolder:
        refuse_links(self.out)
        path = self.out / LOCK
        try:
            make_out(self.out)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | _NO_FOLLOW, 0o644)
        except OSError as error:
            raise Refused(unwritable(self.out, error)) from error
        if not _try_lock(handle):
            os.close(handle)
            raise Refused(_held(self.out, path))
        self._handle = handle
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(_who(self._spec)).encode("ascii") + b"\n", 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)
            os.close(self._handle)  # closing lets the lock go, as does any death of the process
            self._handle = None


def make_out(out: Path) -> None:
    """The folder itself, kept out of version control. Raises ``OSError``."""
    out.mkdir(parents=True, exist_ok=True)
    ignore = out / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")


def refuse_links(out: Path) -> None:
    """Raise ``Refused`` (FT206) if ``out`` or a folder that a run writes to is a symbolic link, or
    if ``out`` lies in a ``.git`` folder."""
    if ".git" in Path(os.path.realpath(out)).parts:
        raise Refused(_unsafe(f"the output folder {out} lies inside a .git folder"))
    for place in _written(out):
        if place.is_symlink():
            raise Refused(_unsafe(f"{place} is a symbolic link"))
    if out.exists() and not out.is_dir():
        raise Refused(_unsafe(f"{out} is not a folder"))


def is_refused(out: Path) -> bool:
    """Whether a run would refuse to write to ``out``: then a plan writes no cache there either."""
    try:
        refuse_links(out)
    except Refused:
        return True
    return False


def _written(out: Path) -> Iterator[Path]:
    """Every path that a run opens for writing by its own name, and every folder on the way."""
    yield out
    yield from (out / name for name in (LOCK, ".gitignore"))
    for part in PARTS:
        yield out / part
        for entry in _entries(out / part):
            yield Path(entry.path)
            if part != "cache":
                yield from (Path(below.path) for below in _entries(Path(entry.path)))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def unwritable(place: Path, error: OSError) -> Diagnostic:
    """FT207: what the machine would not do, in its own words, and what to do about it."""
    reason = error.strerror or type(error).__name__
    where = f": {error.filename}" if isinstance(error.filename, str) else ""
    return Diagnostic(
        "FT207",
        f"{reason}{where}",
        Span("", 0, 0),
        help=f"make room, or allow writing, at {place}; what was finished is kept",
    )


def _unsafe(message: str) -> Diagnostic:
    return Diagnostic(
        "FT206", message, Span("", 0, 0), help="remove it, or name another folder with `--out DIR`"
    )


def _held(out: Path, lock: Path) -> Diagnostic:
    who = "another process"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        held = json.loads(lock.read_bytes())
        who = f"process {held['pid']} on {held['host']} (`{held['spec']}`, since {held['since']})"
    return Diagnostic(
        "FT205",
        f"{who} is running steps in {out}",
        Span("", 0, 0),
        help="wait until it ends, or name another folder with `--out DIR`",
    )


def _who(spec: str) -> dict[str, str | int]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "spec": spec}


if sys.platform == "win32":
    import msvcrt

    _NO_FOLLOW = 0

    def _try_lock(handle: int) -> bool:
        try:
            os.lseek(handle, 1 << 20, os.SEEK_SET)  # far away: the text stays readable
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    _NO_FOLLOW = os.O_NOFOLLOW

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
