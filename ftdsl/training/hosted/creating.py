"""At most one paid job for one intent, whatever the network does.

Write the intent down; adopt the job if the host has it; else create it, once. Where nobody knows
what became of the create, the host is asked again, with growing waits, before a second one. The
intent is known to the host by metadata: ``ftdsl_key`` is the digest of the request and of the
bytes of its files, ``ftdsl_attempt`` counts the jobs of this key that failed or were cancelled.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from ftdsl.training.hosted.wire import HostError

if TYPE_CHECKING:
    from openai.types.fine_tuning import FineTuningJob

KEY, ATTEMPT, BLOCK = "ftdsl_key", "ftdsl_attempt", "ftdsl_train"
_DEAD = frozenset({"failed", "cancelled"})
_MOST_CREATES = 3


class Line(Protocol):
    """What is needed of ``Wire``."""

    def create(self, body: Mapping[str, Any]) -> FineTuningJob: ...

    def jobs(self, metadata: Mapping[str, str]) -> list[FineTuningJob]: ...


class Intent(BaseModel):
    """What was about to be asked for, as it lies in the step's folder. ``creating``: a request may
    be on its way, or lost; ``created``: the host named the job."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    attempt: int
    state: Literal["creating", "created"]
    job: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A job, and whether an earlier request had made it."""

    job: FineTuningJob
    adopted: bool


def intent_key(host: str, body: Mapping[str, Any], digests: Mapping[str, str]) -> str:
    """SHA-256 over the host, the request without ids of files, and the digests of their bytes."""
    plain = {k: v for k, v in body.items() if k not in ("training_file", "validation_file")}
    whole = json.dumps([host, plain, sorted(digests.items())], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def create_once(
    line: Line,
    body: Mapping[str, Any],
    key: str,
    record: Path,
    *,
    doubt: tuple[float, ...],
    pause: Callable[[float], None],
) -> Made:
    """The job of this intent: adopted if the host has it, made if it has not.

    Raises ``HostError`` where the host refuses, or does not let itself be understood; then, too,
    at most one job was made. The promise rests on two things: the host lists a job within the sum
    of ``doubt`` seconds of making it, and one process at a time works on ``record``.
    """
    before = _read(record, key)
    dead = _dead(line, key)
    attempt = len(dead) + 1
    if before is not None and before.attempt > attempt:
        attempt = before.attempt
    doubtful = before is not None and before.attempt == attempt
    for _ in range(_MOST_CREATES):
        found = _find(line, key, attempt, doubt if doubtful else (0.0,), pause)
        if found is not None:
            _write(record, Intent(key=key, attempt=attempt, state="created", job=found.id))
            return Made(found, adopted=True)
        _write(record, Intent(key=key, attempt=attempt, state="creating"))
        metadata = {**body.get("metadata", {}), KEY: key, ATTEMPT: str(attempt)}
        try:
            job = line.create({**body, "metadata": metadata})
        except HostError as error:
            last = error
            if not error.doubtful and not error.passing:
                record.unlink(missing_ok=True)
                raise
            doubtful = True
            pause(error.wait or 0.0)
            continue
        _write(record, Intent(key=key, attempt=attempt, state="created", job=job.id))
        return Made(job, adopted=False)
    found = _find(line, key, attempt, doubt, pause)
    if found is not None:
        return Made(found, adopted=True)
    raise last


def _dead(line: Line, key: str) -> list[FineTuningJob]:
    return [job for job in line.jobs({KEY: key}) if job.status in _DEAD]


def _find(
    line: Line,
    key: str,
    attempt: int,
    waits: tuple[float, ...],
    pause: Callable[[float], None],
) -> FineTuningJob | None:
    """The job of this attempt, or a living one of any other."""
    for wait in waits:
        if wait:
            pause(wait)
        jobs = line.jobs({KEY: key})
        own = [job for job in jobs if (job.metadata or {}).get(ATTEMPT) == str(attempt)]
        alive = [job for job in jobs if job.status not in _DEAD]
        if own or alive:
            # The oldest: a duplicate, had one been made elsewhere, must not be chosen by chance.
            return min(alive or own, key=lambda job: (job.status != "succeeded", job.created_at))
    return None


def _read(record: Path, key: str) -> Intent | None:
    try:
        found = Intent.model_validate_json(record.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return found if found.key == key else None


def _write(record: Path, intent: Intent) -> None:
    """Old or new, never half, and on the disk before anything is asked for."""
    draft = record.with_name(f".{record.name}.draft")
    with draft.open("wb") as stream:
        stream.write(intent.model_dump_json().encode())
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(record)
    folder = os.open(record.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
