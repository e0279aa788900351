"""What ``ftdsl validate`` printed when nothing was left to do, kept while that stays so.

A reply lives in the user's own cache folder, never in the checkout. It is found by a digest of the
program's own files, the day (waivers expire), the options, the environment and the terminal, and
holds only while every file that the run stood on is as it was: specs, data, lock and baseline by
size, times, inode and device, patterns by the files that they match, results by being there, and
the run being the last. A file that is so fresh that another change could hide behind its times is
no ground to keep a reply. A missing, foreign or damaged reply is a miss, never an error.
"""

from __future__ import annotations

import glob
import json
import os
import stat
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ftdsl import __version__
from ftdsl.cli.check_cache import folder, stamps_below, store
from ftdsl.cli.console import print_text, style_for
from ftdsl.cli.specs import project_root
from ftdsl.language.project import real_path

_FORMAT = 1
_MOST = 1 << 20
_PACKAGE = Path(__file__).parent.parent
#: Variables that can change what is printed. Keys are never among them, not even as a digest.
_ENVIRONMENT = (
    "FTDSL_ALLOW_HOST",
    "FTDSL_LANGUAGETOOL_URL",
    "LANG",
    "LC_ALL",
    "LTP_PATH",
    "PYTHONIOENCODING",
)
_TICK_NS, _COARSE_TICK_NS, _SECOND_NS = 30_000_000, 2_000_000_000, 1_000_000_000


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a reply stands on. ``files`` by their stamps (None: not there), ``made`` are files of
    earlier results, ``patterns`` the files that each (folder, glob) stands for, ``runs`` the last
    run of each output folder."""

    files: dict[str, list[int] | None] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    patterns: list[tuple[str, str, list[str]]] = field(default_factory=list)
    runs: dict[str, str] = field(default_factory=dict)


def may_reply(arguments: Namespace) -> bool:
    """Whether the options ask for what a reply can hold: one report on standard output of all
    that the specs say about their data."""
    plain = not (arguments.fix or arguments.diff) and arguments.max_seconds is None
    here = arguments.engine in (None, "local") and arguments.changed is None
    return plain and here and not any("=" in word for word in arguments.output)


def reply(paths: Sequence[Path], arguments: Namespace) -> int | None:
    """Print what is known to be the answer and return the exit code; None where nothing is."""
    try:
        kept = json.loads(_place(paths, arguments).read_bytes())
        if kept["format"] != _FORMAT or not _holds(kept):
            return None
        text, code = str(kept["text"]), int(kept["exit_code"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    print_text(text)
    return code


def keep(
    paths: Sequence[Path], arguments: Namespace, grounds: Grounds, text: str, code: int
) -> None:
    """Keep the reply, unless it is long or stands on a file that was touched just now."""
    stamps = [one for one in grounds.files.values() if one is not None]
    if len(text) > _MOST or not all(map(_is_settled, stamps)):
        return
    entry = {
        "format": _FORMAT,
        "files": grounds.files,
        "made": grounds.made,
        "patterns": grounds.patterns,
        "runs": grounds.runs,
        "text": text,
        "exit_code": code,
    }
    store(_place(paths, arguments), json.dumps(entry).encode())


def _place(paths: Sequence[Path], arguments: Namespace) -> Path:
    specs = [(str(real_path(path)), str(project_root(path, arguments))) for path in paths]
    options = {name: value for name, value in vars(arguments).items() if name != "specs"}
    named = {name: os.environ.get(name) for name in _ENVIRONMENT}
    asked = [
        [__version__, _FORMAT, time.strftime("%Y-%m-%d"), os.getcwd()],  # noqa: PTH109
        [specs, options, named, str(style_for(arguments, sys.stdout)), sys.stdout.encoding],
        [stamps_below(_PACKAGE), _installed()],
    ]
    digest = sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
    return folder() / "replies" / f"{digest[:40]}.json"


def _installed() -> list[Any]:
    """Changes when a library is installed or removed."""
    found = []
    for place in dict.fromkeys(sys.path):
        try:
            found.append([place, os.stat(place).st_mtime_ns])  # noqa: PTH116
        except OSError:
            continue
    return found


def _holds(kept: Mapping[str, Any]) -> bool:
    return (
        all(stamp(path) == known for path, known in kept["files"].items())
        and all(_size(path) == size for path, size in kept["made"].items())
        and all(matched(root, pattern) == names for root, pattern, names in kept["patterns"])
        and all(_last_run(Path(out)) == run for out, run in kept["runs"].items())
    )


def stamp(path: str) -> list[int] | None:
    """Size, modification and change time in nanoseconds, inode, device of a plain file, which may
    be behind a link; None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    times = [status.st_mtime_ns, status.st_ctime_ns]
    return [status.st_size, *times, status.st_ino, status.st_dev]


def _is_settled(known: Sequence[int]) -> bool:
    """Whether the times cannot hide another change."""
    fine = all(times % _SECOND_NS for times in known[1:3])
    tick = _TICK_NS if fine else _COARSE_TICK_NS
    return max(known[1:3]) + tick < time.time_ns()


def _size(path: str) -> int | None:
    """Bytes of a file that is no link and lies behind none of the output folder's."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def sizes_of(paths: Iterable[Path]) -> dict[str, int]:
    """The sizes of those of ``paths`` that are plain files."""
    found = {str(path): _size(str(path)) for path in paths}
    return {path: size for path, size in found.items() if size is not None}


def matched(root: str, pattern: str) -> list[str]:
    """The files that a pattern stands for."""
    return sorted(glob.glob(pattern, root_dir=root, recursive=True))  # noqa: PTH207


def _last_run(out: Path) -> str | None:
    if any(one.is_symlink() for one in (out, *(out / part for part in ("steps", "runs", "work")))):
        return None
    try:
        return (out / "runs" / "latest").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
