"""The runs of an output folder: ``runs/<id>/run.json``, and which was the last."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from ftdsl.engine.store import LATEST, replace_text
from ftdsl.results.run import RunResult

FILE = "run.json"
_ID = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}\Z")


def new_run_id() -> str:
    """``20261231T235959-f423f0a1``: sorts by time (the first five digits after the dash are the
    microseconds) and differs even where the clock does not."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}-{now.microsecond:05x}{secrets.randbelow(4096):03x}"


def save_run(out: Path, result: RunResult) -> Path:
    """Write the run's record atomically and call it the last one. Raises ``OSError``."""
    folder = out / "runs" / result.run_id
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / FILE, result.model_dump_json(indent=1) + "\n")
    replace_text(out / "runs" / LATEST, result.run_id + "\n")
    return folder / FILE


def run_ids(out: Path) -> tuple[str, ...]:
    """All runs, the newest first."""
    try:
        names = [entry.name for entry in (out / "runs").iterdir()]
    except OSError:
        return ()
    return tuple(sorted((name for name in names if _ID.match(name)), reverse=True))


def read_run(out: Path, run_id: str = LATEST) -> RunResult | None:
    """The record of a run; None for one that is not there or cannot be read. A unique beginning
    of an id stands for it, and ``latest`` for the last run."""
    if run_id == LATEST:
        run_id = _latest(out)
    elif not _ID.match(run_id):
        found = [name for name in run_ids(out) if run_id and name.startswith(run_id)]
        run_id = found[0] if len(found) == 1 else ""
    if not _ID.match(run_id):
        return None
    return read_folder(out / "runs" / run_id)


def read_folder(folder: Path) -> RunResult | None:
    """The run whose folder this is, wherever it was copied to; None for any other folder."""
    try:
        return RunResult.model_validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def run_folder(out: Path, run: RunResult) -> Path:
    """Where a run of this output folder is kept."""
    return out / "runs" / run.run_id


def _latest(out: Path) -> str:
    try:
        found = (out / "runs" / LATEST).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    if _ID.match(found):
        return found
    return next(iter(run_ids(out)), "")
